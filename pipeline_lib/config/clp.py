"""Settings of the cell latent perturbation model."""

from typing import Literal

from pydantic import Field

from pipeline_lib.config.section import Section


class ClpSettings(Section):
    """The cell latent perturbation model; its ablations change one of these."""

    hidden: int = Field(default=64, ge=4)
    """Width of every latent vector."""
    genes: Literal["learned", "random"] = "learned"
    """``random``: every gene has a fixed random vector of its own, which no training changes."""
    networks: Literal["measured", "rewired", "none"] = "measured"
    """``rewired``: the same networks with shuffled ends, every gene keeping its degree."""
    convolution: Literal["gcn", "gin", "gatv2"] = "gcn"
    """Message passing over the gene networks. ``gcn`` is one sparse product for all networks, and the fastest."""
    graph_layers: int = Field(default=1, ge=1)
    """Layers of message passing over the gene networks."""
    message_width: int = Field(default=32, ge=4)
    """Channels of a message between genes."""
    metabolism: bool = True
    """Encode reactions and metabolites, and let genes see the reactions they catalyse."""
    hypergraph: Literal["directed", "undirected"] = "directed"
    """``undirected``: the prototype's D^-1 S B^-1 S^T X Theta, which cannot tell substrates from products."""
    metabolism_layers: int = Field(default=2, ge=1)
    """Layers of hypergraph convolution."""
    activation: Literal["tanh", "elu", "leaky_relu"] = "tanh"
    """Activation of the metabolism branch; each of them keeps the sign."""
    gene_rules: bool = True
    """False: forget AND and OR; a reaction is then lost with any gene of its rule."""
    interaction: Literal["direct", "derived"] = "direct"
    """``derived``: predict the fitness of every subset of the genotype and take epsilon or tau by definition."""
    attention_heads: int = Field(default=4, ge=1)
    """Heads of the attention over the deleted set."""
    profiles: bool = True
    """Let a gene's own measured training profile, and those of genes alike, speak for it."""
    profile_limit: int = Field(default=2048, ge=1)
    """Genes with the most measurements that keep a profile, a screen."""
    neighbours: int = Field(default=16, ge=0)
    """Strongest neighbours whose state is recomputed when a gene is lost."""
    gene_mask: float = Field(default=0.25, ge=0, lt=1)
    """Share of the genes whose own vector and profile are hidden at each training step."""
    profile_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of the entries of a profile that are hidden at each training step."""
    dropout: float = Field(default=0.3, ge=0, lt=1)
    """Dropout of latent vectors and heads."""
    measured_sd: bool = False
    """Weight an observation by the inverse of its measured variance, where its screen gives one."""
    ensemble: int = Field(default=1, ge=1)
    """Networks trained from different seeds and averaged."""
    separate: list[str] = ["simulated"]
    """Screens that train a network of their own; all others train one together. In-silico screens belong here."""
