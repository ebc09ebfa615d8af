"""Every model by its name in the leaderboard: its class, what it reads, and the settings that tell it from others."""

from dataclasses import dataclass, field
from typing import Any, Literal

from pipeline_lib.config.registry import Registry

# The Snakefile reads this table at every start, so nothing heavy is imported here.


@dataclass(frozen=True)
class Entry:
    """One model of the registry.

    Attributes
    ----------
    target
        ``module:Class``; the class is a `Model` whose constructor takes ``(ModelSettings, TrainingSettings)`` and
        the keywords of `overrides`.
    description
        One line for ``models list``.
    overrides
        Keywords that tell this model from others of its class.
    knockouts
        Flux method ('fba' or 'moma') whose knockouts the model reads; empty: none.
    features
        Which feature tables of genes the model reads: 'none', 'used' (those of ``cell.features``: by default the
        tables without genetic interactions) or 'all' that are configured.
    settings
        Of a model of another package: the class of its own settings (pydantic), or ``dict``; its constructor takes
        them in the place of the `ModelSettings`.
    on_gpu
        Of a model of another package: whether its fits ask a cluster for a GPU.
    """

    target: str
    description: str
    overrides: dict[str, Any] = field(default_factory=dict)
    knockouts: str = ""
    features: Literal["none", "used", "all"] = "none"
    # Not in the text of an entry, which the workflow keeps with each fit.
    settings: type[Any] = field(default=dict, repr=False)
    on_gpu: bool = field(default=False, repr=False)


BASELINES: dict[str, Entry] = {
    "mean": Entry("pipeline_lib.models.baselines.linear:MeanModel", "mean of the phenotype over all screens"),
    "screen_mean": Entry("pipeline_lib.models.baselines.linear:ScreenMeanModel", "mean of the screen and order"),
    "query_mean": Entry("pipeline_lib.models.baselines.linear:QueryMeanModel", "mean of the query strain"),
    "array_mean": Entry("pipeline_lib.models.baselines.linear:ArrayMeanModel", "mean of the array strain"),
    "two_way": Entry("pipeline_lib.models.baselines.linear:TwoWayModel", "shrunken query and array effects"),
    "gene_ridge": Entry(
        "pipeline_lib.models.baselines.linear:GeneRidgeModel",
        "ridge on indicators and features of genes",
        features="used",
    ),
    "gene_query_ridge": Entry(
        "pipeline_lib.models.baselines.linear:GeneQueryRidgeModel",
        "ridge on indicators and features of genes, and indicators of queries",
        features="used",
    ),
    "factorisation": Entry(
        "pipeline_lib.models.baselines.matrix_completion:FactorisationModel",
        "low-rank factorisation with ridge penalties",
    ),
    "soft_impute": Entry(
        "pipeline_lib.models.baselines.matrix_completion:SoftImputeModel", "matrix completion by a nuclear norm"
    ),
    "nearest_profiles": Entry(
        "pipeline_lib.models.baselines.matrix_completion:NearestProfilesModel", "strains with the most similar profiles"
    ),
    "network_profiles": Entry(
        "pipeline_lib.models.baselines.network_profiles:NetworkProfilesModel",
        "mean profile of neighbours in networks and features",
        features="used",
    ),
    "gradient_boosting": Entry(
        "pipeline_lib.models.baselines.gradient_boosting:GradientBoostingModel",
        "boosted trees on networks, feature tables, annotation and single knockouts",
        knockouts="fba",
        features="used",
    ),
    "embedding_mlp": Entry(
        "pipeline_lib.models.baselines.embedding_mlp:EmbeddingMlpModel",
        "perceptron on the sum of gene vectors and features",
        features="used",
    ),
    "multiplicative": Entry(
        "pipeline_lib.models.baselines.digenic:MultiplicativeModel", "product of single-mutant fitness"
    ),
    "digenic_sum": Entry("pipeline_lib.models.baselines.digenic:DigenicSumModel", "sum of the scores of its pairs"),
    "digenic_min": Entry("pipeline_lib.models.baselines.digenic:DigenicMinModel", "least score of its pairs"),
}

SIMULATED_PHENOTYPES = ("fitness", "interaction")
"""What the flux models give of any genotype, whether or not it was measured in training."""

FLUX: dict[str, Entry] = {
    "fba": Entry(
        "pipeline_lib.models.baselines.flux:FluxBalanceAnalysisModel", "flux balance analysis", knockouts="fba"
    ),
    "moma": Entry(
        "pipeline_lib.models.baselines.flux:MinimalAdjustmentModel",
        "minimisation of metabolic adjustment",
        knockouts="moma",
    ),
}

PROFILE_PREDICTOR: dict[str, Entry] = {
    "profile_predictor": Entry(
        "pipeline_lib.models.profile_predictor.model:ProfilePredictorModel",
        "Gaussian processes over genes, profile similarity and matrix completion, combined by least squares",
        features="used",
    ),
}

WEISFEILER_LEHMAN: dict[str, Entry] = {
    "wl_ridge": Entry(
        "pipeline_lib.models.weisfeiler_lehman.model:WlRidge",
        "ridge on Weisfeiler-Lehman features of the cell without S, relative to the wild type",
    ),
}

DANGO: dict[str, Entry] = {
    "dango": Entry(
        "pipeline_lib.models.dango.model:Dango",
        "DANGO: encoders pretrained to rebuild the networks, then trained with the hypergraph attention",
    ),
    "dango_as_released": Entry(
        "pipeline_lib.models.dango.model:DangoAsReleased",
        "DANGO as its released code behaves: one attention layer, no squared differences, a sum, drawn neighbours",
    ),
    "dango_frozen": Entry(
        "pipeline_lib.models.dango.model:Dango",
        "DANGO whose pretrained gene vectors and encoders stay as they are",
        {"frozen": True},
    ),
    "dango_no_pretraining": Entry(
        "pipeline_lib.models.dango.model:Dango", "DANGO from random weights", {"pretrained": False}
    ),
    "dango_plain_embedding": Entry(
        "pipeline_lib.models.dango.model:Dango",
        "DANGO without networks: learned gene vectors straight into the hypergraph attention",
        {"networks": False},
    ),
}


def _clp(description: str, features: Literal["none", "used", "all"] = "used", **overrides: Any) -> Entry:  # noqa: ANN401
    """Return the entry of the cell latent perturbation model with some settings changed."""
    return Entry("pipeline_lib.models.clp.model:Clp", description, overrides, knockouts="fba", features=features)


CLP: dict[str, Entry] = {
    "clp": _clp("cell latent perturbation model"),
    "clp_derived": _clp(
        "CLP without the interaction branch: epsilon and tau from the fitness of all subsets", interaction="derived"
    ),
    "clp_no_profiles": _clp(
        "CLP that starts from the mean of each assay, not from the profile predictor", profiles=False
    ),
    "clp_no_flux": _clp("CLP that does not read growth by flux balance analysis", flux=False),
    "clp_no_controls": _clp(
        "CLP that predicts tau without what its control crosses measured beyond expectation", control_crosses=False
    ),
    "clp_no_metabolism": _clp(
        "CLP without growth by flux balance analysis and without reactions", flux=False, hypergraph="off"
    ),
    "clp_hypergraph": _clp("CLP with convolutions over the stoichiometric hypergraph", hypergraph="directed"),
    "clp_undirected": _clp("CLP with hypergraph convolutions that have no direction", hypergraph="undirected"),
    "clp_no_gene_rules": _clp(
        "CLP with the hypergraph, in which any gene of a rule blocks its reaction",
        hypergraph="directed",
        gene_rules=False,
    ),
    "clp_no_features": _clp("CLP without feature tables of genes", features="none"),
    "clp_random_features": _clp("CLP on feature tables whose rows are given to other genes", input_features="random"),
    "clp_all_features": _clp("CLP on all feature tables, those that may hold genetic interactions too", features="all"),
    "clp_no_networks": _clp("CLP without gene networks", networks="none"),
    "clp_rewired": _clp("CLP on networks with shuffled ends and kept degrees", networks="rewired"),
    "clp_random_genes": _clp(
        "CLP with a fixed random vector a gene: no networks, no features and no profiles",
        features="none",
        genes="random",
        networks="none",
        profiles=False,
    ),
    "clp_loss_log_cosh": _clp("CLP trained with log-cosh, as DANGO is", loss="log_cosh"),
    "clp_loss_concordance": _clp("CLP trained for Lin's concordance", loss="concordance"),
    "clp_loss_wasserstein": _clp("CLP with squares and a Wasserstein distance", loss="mse_wasserstein"),
    "clp_loss_energy": _clp("CLP with squares and an energy distance", loss="mse_energy"),
    "clp_loss_kl": _clp("CLP with squares and a Kullback-Leibler divergence", loss="mse_kl"),
}

FAMILIES: dict[str, dict[str, Entry]] = {
    "baselines": BASELINES,
    "flux": FLUX,
    "profile_predictor": PROFILE_PREDICTOR,
    "weisfeiler_lehman": WEISFEILER_LEHMAN,
    "dango": DANGO,
    "clp": CLP,
}


_SECTIONS = {"flux": "baselines"}
"""Section of ``models`` that holds the settings of a family, where it is not called as the family is."""

EXTENSIONS = "extensions"
"""The family of every model of another package."""

MODELS: Registry[Entry] = Registry(
    "model", "pipeline_lib.models", {name: entry for family in FAMILIES.values() for name, entry in family.items()}
)
"""Every model: those of `FAMILIES` and those of installed packages."""


def names() -> list[str]:
    """Return the name of every model, family by family, those of installed packages last."""
    return MODELS.names()


def entry_of(name: str) -> Entry:
    """Return a model's entry.

    Raises
    ------
    PipelineError
        When there is no model of that name; lists them.
    """
    return MODELS.get(name)


def family_of(name: str) -> str:
    """Return the family of a model; `EXTENSIONS` for those of other packages.

    Raises
    ------
    PipelineError
        When there is no model of that name.
    """
    entry_of(name)
    return next((family for family, entries in FAMILIES.items() if name in entries), EXTENSIONS)


def section_of(name: str) -> str:
    """Return the section below ``models`` that holds the settings of a model: ``clp``, ``extensions.<name>``."""
    family = family_of(name)
    return f"{EXTENSIONS}.{name}" if family == EXTENSIONS else _SECTIONS.get(family, family)
