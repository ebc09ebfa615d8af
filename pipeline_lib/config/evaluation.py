"""Settings of the statistics."""

from typing import Literal

from pydantic import Field

from pipeline_lib.config.section import Section


class CallThreshold(Section):
    """What counts as a called interaction, in the screen's own units."""

    negative: float = Field(default=-0.08, lt=0)
    """A negative interaction lies below this value."""
    positive: float = Field(default=0.08, gt=0)
    """A positive interaction lies above this value."""
    inclusive: bool = False
    """Whether a value that equals a threshold counts."""
    p_value: float | None = Field(default=0.05, gt=0, le=1)
    """And its two-sided P-value below this, where one is known. None: the value alone decides."""


class ReplicateCorrelation(Section):
    """A published correlation between replicate screens."""

    screen: str
    """Name of the screen it is shown with."""
    phenotype: Literal["fitness", "interaction", "raw_interaction"] = "interaction"
    """What was correlated."""
    order: int = Field(ge=1, le=3)
    """Number of deleted genes."""
    correlation: float = Field(gt=0, le=1)
    """Pearson correlation between two replicates."""
    source: str
    """Who reported it."""


_KUZMIN = "Kuzmin et al. 2018, replicate screens"


class EvaluationSettings(Section):
    """Resamples, thresholds and literature values."""

    resamples: int = Field(default=2000, ge=100)
    """Bootstrap resamples of queries (or genes)."""
    ranking_resamples: int = Field(default=200, ge=50)
    """Resamples for the metrics that need a new ranking in each (Spearman, AUROC, average precision, precision at
    k) and for subgroups: the first of the same resamples."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Coverage of every interval."""
    seed: int = 0
    """Seed of the resamples."""
    clusters: dict[str, Literal["query", "gene", "query_array"]] = {}
    """What is resampled in a screen (by its name). Left out: genes in symmetric screens and where there is no query,
    query and array together on gene-disjoint splits, queries elsewhere."""
    calls: CallThreshold = CallThreshold()
    """Called interactions of screens in fitness units."""
    screen_calls: dict[str, CallThreshold] = {
        "collins2007": CallThreshold(negative=-2.5, positive=2.5, inclusive=True, p_value=None)
    }
    """Called interactions of screens in other units (E-MAP S-scores), by the screen's name."""
    query_top: int = Field(default=10, ge=1)
    """How many predictions a query are looked at for its precision."""
    baselines: list[str] = [
        "mean", "screen_mean", "query_mean", "array_mean", "two_way", "gene_ridge", "gene_query_ridge",
        "factorisation", "soft_impute", "nearest_profiles", "network_profiles", "gradient_boosting",
        "embedding_mlp", "multiplicative", "digenic_sum", "digenic_min", "wl_ridge",
    ]  # fmt: skip
    """Models that count as baselines; every model is compared with the best of them. Flux balance analysis is not among
    them: it is what simulated screens are made by."""
    references: list[str] = ["clp", "dango", "gene_query_ridge", "query_mean"]
    """Models that every other model is compared with, besides the best baseline."""
    literature: list[ReplicateCorrelation] = [
        ReplicateCorrelation(screen="kuzmin2018", order=3, correlation=0.59, source=_KUZMIN),
        ReplicateCorrelation(screen="kuzmin2018", order=2, correlation=0.88, source=_KUZMIN),
        ReplicateCorrelation(screen="kuzmin2020", order=3, correlation=0.59, source=_KUZMIN),
        ReplicateCorrelation(screen="kuzmin2020", order=2, correlation=0.88, source=_KUZMIN),
        ReplicateCorrelation(screen="costanzo2016", order=2, correlation=0.88, source=_KUZMIN),
    ]
    """Published replicate correlations, each shown as a noise ceiling."""
    sd_replicates: dict[str, int] = {}
    """Measurements that a reported SD is the spread of, by the screen's name. Left out: 1, the SD is that of the
    released value itself."""
    coverage_levels: list[float] = [0.5, 0.68, 0.8, 0.9, 0.95]
    """Nominal levels at which the coverage of predictive intervals is measured."""
    bins: int = Field(default=10, ge=2)
    """Bins of reliability curves."""
