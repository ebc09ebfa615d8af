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
    input_features: Literal["measured", "random"] = "measured"
    """``random``: the same feature tables with their rows given to other genes."""
    profiles: bool = True
    """Start from what the profile predictor estimates; False: from the mean of each assay."""
    flux: bool = True
    """Read the exact growth of a genotype and of its subsets by flux balance analysis."""
    hypergraph: Literal["off", "directed", "undirected"] = "off"
    """Encode metabolites, reactions and enzymes, and let genes and genotypes read them; ``undirected``: the prototype's
    D^-1 S B^-1 S^T X Theta, which cannot tell substrates from products."""
    metabolism_layers: int = Field(default=2, ge=1)
    """Layers of hypergraph convolution."""
    activation: Literal["tanh", "elu", "leaky_relu"] = "tanh"
    """Activation of the metabolism branch; each of them keeps the sign."""
    gene_rules: bool = True
    """False: forget AND and OR; a reaction is then lost with any gene of its rule."""
    interaction: Literal["perturbed", "derived"] = "perturbed"
    """What corrects epsilon and tau: the perturbed latent, or by definition the intact latents of all subsets."""
    attention_heads: int = Field(default=4, ge=1)
    """Heads of the attention over the deleted set."""
    neighbours: int = Field(default=16, ge=0)
    """Strongest neighbours whose state is recomputed when a gene is lost."""
    gene_mask: float = Field(default=0.25, ge=0, lt=1)
    """Share of the genes of training genotypes that count as unseen where no profile predictor leaves genes out."""
    dropout: float = Field(default=0.3, ge=0, lt=1)
    """Dropout of the genes' states and of the head of interactions; that of single mutants has none."""
    measured_sd: bool = False
    """Weight an observation by the inverse of its measured variance, where its screen gives one."""
    ensemble: int = Field(default=1, ge=1)
    """Networks trained from different seeds and averaged."""
    separate: list[str] = ["simulated"]
    """Screens that train a network of their own; all others train one together. In-silico screens belong here."""
