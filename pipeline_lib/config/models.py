"""Settings of each family of models."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from pipeline_lib.config.model_registry import MODELS, family_of
from pipeline_lib.config.section import Section, checked
from pipeline_lib.errors import PipelineError

Positive = Annotated[float, Field(gt=0)]

Count = Annotated[int, Field(ge=1)]

Leaves = Annotated[int, Field(ge=2)]


class BaselineSettings(Section):
    """Means, effects, ridges, factorisations, nearest profiles, trees and flux balance analysis."""

    trials: int = Field(default=12, ge=1, le=100)
    """Settings that each baseline with hyperparameters tries; the one with the least squared error on the validation
    fold is kept. The same for all of them."""
    max_rank: int = Field(default=256, ge=1)
    """Greatest rank that soft_impute may reach."""
    ridge_greatest_penalty: float = Field(default=1e4, gt=0)
    """Greatest penalty that gene_ridge and gene_query_ridge try."""
    ridge_least_penalty: float = Field(default=1e-2, gt=0)
    """Least penalty that they try; the others lie between, spaced evenly on the logarithm."""
    factorisation_rank: int = Field(default=32, ge=1)
    """Greatest length of a strain's vector in factorisation; the halves of it are tried too."""
    factorisation_penalties: list[Positive] = Field(default=[0.8, 0.5, 0.3], min_length=1)
    """Penalties that factorisation tries, as shares of the greatest singular value that noise alone would have."""
    factorisation_rounds: int = Field(default=10, ge=1)
    """Rounds of alternating least squares in factorisation."""
    soft_impute_greatest: float = Field(default=0.6, gt=0, le=1)
    """Greatest threshold that soft_impute tries, as a share of the greatest singular value of the measured scores."""
    soft_impute_least: float = Field(default=0.06, gt=0, le=1)
    """Least threshold that it tries; the others lie between, spaced evenly on the logarithm."""
    nearest_neighbours: list[Count] = Field(default=[5, 10, 20, 40, 80, 160], min_length=1)
    """Numbers of most similar profiles that nearest_profiles tries."""
    nearest_powers: list[Positive] = Field(default=[3.0, 2.0], min_length=1)
    """Powers of the correlation of profiles that nearest_profiles tries as weights."""
    nearest_prior: float = Field(default=0.1, ge=0)
    """Weight of an interaction of zero beside the similar profiles of nearest_profiles, in units of their median
    weight: it holds back cells with few or unlike neighbours."""
    network_powers: list[Positive] = Field(default=[2.0, 1.0, 4.0], min_length=1)
    """Powers of the weight of an edge that network_profiles tries."""
    network_priors: list[Positive] = Field(default=[4.0, 2.0, 8.0, 1.0], min_length=1)
    """Weights of an imaginary neighbour without interactions that network_profiles tries; 1 is the mean weight of a
    neighbour."""
    boosting_rounds: int = Field(default=100, ge=1)
    """Most trees of gradient_boosting."""
    boosting_leaves: list[Leaves] = Field(default=[63, 15], min_length=1)
    """Most leaves of a tree that gradient_boosting tries."""
    boosting_depth: int = Field(default=6, ge=1, le=16)
    """Most comparisons from the root of a tree of gradient_boosting to a leaf."""
    boosting_learning_rate: float = Field(default=0.2, gt=0, le=1)
    """Share of its own fit that a tree of gradient_boosting adds."""
    embedding_width: int = Field(default=32, ge=1)
    """Width of a gene's vector in embedding_mlp."""
    embedding_hidden: int = Field(default=64, ge=1)
    """Width of the two hidden layers of embedding_mlp."""
    embedding_learning_rate: float = Field(default=2e-2, gt=0)
    """Greatest step size of AdamW in embedding_mlp; it falls along a cosine."""
    embedding_weight_decay: float = Field(default=1e-2, ge=0)
    """Weight decay of AdamW in embedding_mlp."""
    embedding_gene_dropout: float = Field(default=0.02, ge=0, lt=1)
    """Share of the genes that embedding_mlp leaves out of their genotypes at a training step, so that a gene that
    training lacks is not alien to it."""
    embedding_initial_sd: float = Field(default=0.1, gt=0)
    """SD of the genes' vectors of embedding_mlp before training."""
    embedding_steps: int = Field(default=64, ge=1)
    """Steps of embedding_mlp over one pass through the observations, as long as a step has 64 to 2,048 of them."""


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
    """Read the exact growth of a genotype and of its subsets by flux balance analysis, and the feature tables whose
    reader is ``flux``."""
    control_crosses: bool = True
    """Predict a published tau with what the control crosses of its array strain measured beyond expectation."""
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
    separate: list[str] = []
    """Screens that train a network of their own; all others train one together. Left out in a run's configuration: its
    simulated screens."""


class DangoSettings(Section):
    """DANGO (Zhang et al. 2020): network embeddings, pretrained to rebuild the networks, and hypergraph attention.

    The defaults are those of the paper. They ask for about 9,000 optimisation steps; where that is too long, larger
    batches and fewer epochs keep the meaning of every other setting. `dango_as_released` does not read `neighbours`,
    `attention_layers` and `dropout`, which the released code fixes, and each of its heads has the whole width.
    """

    channels: list[str] | None = None
    """Networks to encode, one encoder each; None: every network of the cell."""
    zero_weights: dict[str, float] = {}
    """Weight of the zeros of an adjacency row while it is rebuilt, by network; 1 for a network not named. The paper
    takes 0.1 for the STRING channels whose zeros fell by over 1 percent from one release to the next (coexpression and
    experimental in 9.1): there a missing edge carries little information."""
    neighbours: int | None = Field(default=None, ge=1)
    """Neighbours drawn anew at every step for each gene and layer (the authors draw 5); None: all of them, by a sparse
    product."""
    width: int = Field(default=128, ge=2)
    """Length of a gene's vector."""
    heads: int = Field(default=8, ge=1)
    """Attention heads; they share the width."""
    attention_layers: int = Field(default=2, ge=1)
    """Self-attention layers between the genes of a set."""
    dropout: float = Field(default=0.3, ge=0, lt=1)
    """Share of the values put out in the attention and in the squared differences while training."""
    pretraining_epochs: int = Field(default=40, ge=0)
    """Passes over the genes that rebuild the networks and nothing else."""
    pretraining_batch_size: int = Field(default=96, ge=1)
    """Genes a pretraining step."""
    epochs: int = Field(default=60, ge=1)
    """Greatest number of joint epochs."""
    sets_an_epoch: int = Field(default=10_000, ge=1)
    """Observations drawn without replacement for one joint epoch."""
    batch_size: int = Field(default=96, ge=1)
    """Observations a joint step."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Step size of Adam."""
    reconstruction_weight: float = Field(default=0.001, ge=0)
    """Weight of the reconstruction loss beside the log-cosh loss in the joint epochs."""
    reconstruction_genes: int = Field(default=960, ge=1)
    """Genes drawn at a joint step, whose adjacency rows are rebuilt."""
    patience: int = Field(default=10, ge=1)
    """Joint epochs without entering the kept ones before training stops."""
    kept_epochs: int = Field(default=5, ge=1)
    """The predictions of the epochs best on the validation fold are averaged: how many."""
    members: int = Field(default=1, ge=1)
    """Networks trained from different initial weights; their mean is the prediction, their SD its spread."""

    @property
    def shares_of_paper(self) -> tuple[float, float]:
        """Steps of pretraining and joint steps, as shares of those that the paper takes on the same data."""
        paper = DangoSettings()
        pretraining = self.pretraining_epochs / paper.pretraining_epochs
        joint = self.epochs * self.sets_an_epoch / (paper.epochs * paper.sets_an_epoch)
        return (
            pretraining * paper.pretraining_batch_size / self.pretraining_batch_size,
            joint * paper.batch_size / self.batch_size,
        )


class ProfilePredictorSettings(Section):
    """Gaussian processes over genes, profile similarity and matrix completion, combined by least squares."""

    kernel_steps: int = Field(default=20, ge=1)
    """Most iterations in which the weights of the kernels are learned."""
    learning_sets: int = Field(default=600, ge=10)
    """Most genes (or gene sets) on which they are learned; all of them are then conditioned on."""
    least_kernel_share: float = Field(default=0.01, ge=0, lt=1)
    """Share of all weights below which a kernel is left out."""
    held_share: float = Field(default=0.1, gt=0, lt=0.5)
    """Share of the measured pairs on which the estimates of pairs of known genes are combined."""
    practice_pairs: int = Field(default=200_000, ge=100)
    """Most measured pairs on which the estimates for unseen genes are combined, one and two unseen genes each."""
    fewest_sets: int = Field(default=8, ge=2)
    """Genes (or gene sets) without which no kernel is learned: leaving one of them out leaves too little."""
    prior_observations: float = Field(default=20.0, gt=0)
    """How many independent observations the belief weighs that an estimate shows nothing, when estimates are
    combined: with a handful of measured pairs nothing is read into them."""
    max_rank: int = Field(default=150, ge=1)
    """Greatest rank of the matrix completion."""
    completion_greatest: float = Field(default=0.5, gt=0, le=1)
    """Greatest threshold of the matrix completion, as a share of the greatest singular value."""
    completion_least: float = Field(default=0.08, gt=0, le=1)
    """Least threshold of the matrix completion."""
    completion_steps: int = Field(default=6, ge=1)
    """How many thresholds are tried, from the greatest to the least, spaced evenly on the logarithm."""
    neighbours: int = Field(default=40, ge=1)
    """Most similar profiles whose mean is one of the estimates."""
    neighbour_power: float = Field(default=3.0, gt=0)
    """Power of the correlation of profiles that weights them."""
    neighbour_prior: float = Field(default=0.1, ge=0)
    """Weight of an interaction of zero beside them, in units of their median weight."""
    walk_share: float = Field(default=0.5, gt=0, lt=1)
    """Share of the steps of a random walk over the networks that do not go back to its gene."""
    sharpness: float = Field(default=8.0, gt=0)
    """How fast the kernel that prefers close genes falls: exp(sharpness (cosine - 1))."""
    greatest_score: float = Field(default=8.0, gt=0)
    """Standard scores of a feature beyond this are cut, so that one outlying phenotype does not decide which genes are
    similar."""
    profile_shrinkage: float = Field(default=1.0, ge=1e-3)
    """Noise of the predicted profile of an unseen gene, in units of the mean variance of profiles: what it shares with
    many measured profiles stays, what is beside them shrinks."""
    tree_sets: int = Field(default=100, ge=50)
    """Fewest genes (or gene sets) on whose main effects boosted trees are grown, beside the Gaussian process."""
    tree_rounds: int = Field(default=150, ge=1)
    """Number of trees."""
    tree_learning_rate: float = Field(default=0.05, gt=0, le=1)
    """Share of each tree's values that is added."""
    tree_leaves: int = Field(default=8, ge=2)
    """Most leaves of a tree."""
    tree_depth: int = Field(default=4, ge=1, le=10)
    """Greatest depth of a tree."""
    tree_column_share: float = Field(default=0.1, gt=0, le=1)
    """Share of the columns that each split looks at, drawn anew."""
    tree_folds: int = Field(default=5, ge=2, le=20)
    """Folds of genes in which trees predict the genes that they have not seen, to be weighed against the process."""
    membership_zeros: float = Field(default=0.5, gt=0, le=1)
    """A feature table without negative values that is zero at least this often holds memberships, not measurements."""


class WeisfeilerLehmanSettings(Section):
    """Weisfeiler-Lehman features of the perturbed graph, hashed, with a ridge."""

    networks: list[str] | None = None
    """Gene networks to refine; None: every network of the cell."""
    network_levels: int = Field(default=1, ge=1)
    """Rounds of colour refinement on a gene network: a deletion is felt that many hops away."""
    metabolism_levels: int = Field(default=2, ge=1)
    """Rounds of colour refinement on the graph of metabolites and reactions."""
    max_metabolite_degree: int | None = Field(default=40, ge=1)
    """Metabolites in more reactions than that (water, ATP, protons) keep no edges; None: all keep theirs."""
    labels: list[Literal["identity", "kind"]] = Field(default=["identity", "kind"], min_length=1)
    """First colours: ``identity`` gives every node its own, so that features name places; ``kind`` gives one to all
    genes, metabolites, one-way and reversible reactions, so that features describe shapes. Both: both sets of
    features."""
    width: int = Field(default=1024, ge=8)
    """Slots that the colours of all graphs and levels are hashed into; there are as many again for the difference of
    the highest order."""


def _of_installed_packages(schema: dict[str, Any]) -> None:
    """Put the settings of the models of installed packages into the JSON schema."""
    added = [name for name in MODELS.names() if name not in MODELS.built_in]
    kinds = {name: MODELS.get(name).settings for name in added}
    if kinds:
        schema["properties"] = {
            name: kind.model_json_schema() if hasattr(kind, "model_json_schema") else {"type": "object"}
            for name, kind in kinds.items()
        }


class ModelSettings(Section):
    """Settings of each family of models."""

    baselines: BaselineSettings = BaselineSettings()
    """Means, effects, ridges, factorisations, nearest profiles, trees and flux balance analysis."""
    clp: ClpSettings = ClpSettings()
    """The cell latent perturbation model and its ablations."""
    dango: DangoSettings = DangoSettings()
    """DANGO: pretrained network embeddings and a hypergraph attention."""
    profile_predictor: ProfilePredictorSettings = ProfilePredictorSettings()
    """Gaussian processes over genes, profile similarity and matrix completion, combined by least squares."""
    weisfeiler_lehman: WeisfeilerLehmanSettings = WeisfeilerLehmanSettings()
    """Weisfeiler-Lehman features of the perturbed graph with a ridge."""
    extensions: dict[str, dict[str, Any]] = Field(default={}, json_schema_extra=_of_installed_packages)
    """Models of installed packages (``clp models list`` names them): each model's own settings, by its name."""

    @field_validator("extensions")
    @classmethod
    def _own_settings(cls, extensions: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        found = {}
        for name, given in extensions.items():
            if name in MODELS.built_in:
                raise ValueError(f"'{name}' is a model of the pipeline; its settings are in models.{family_of(name)}")
            try:
                found[name] = checked(MODELS.get(name).settings, given)
            except PipelineError as error:
                raise ValueError(str(error).removesuffix(".")) from error
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
        return found
