"""Settings of the statistics."""

from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline_lib.config.section import Section


class ReplicateCorrelation(Section):
    """A reported correlation between replicate screens."""

    reader: str | None = None
    """The publication, by its reader: shown with every screen of the run that holds its measurements."""
    screen: str | None = None
    """Or the name of one screen of the run."""
    phenotype: Literal["fitness", "interaction", "raw_interaction"] = "interaction"
    """What was correlated."""
    order: int = Field(ge=1, le=3)
    """Number of deleted genes."""
    correlation: float = Field(gt=0, le=1)
    """Pearson correlation between two replicates."""
    source: str
    """Who reported it."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.reader is None) == (self.screen is None):
            raise ValueError("a replicate correlation names either the reader of a publication or one screen")
        return self


_KUZMIN = "Kuzmin et al. 2018, replicate screens"


class EvaluationSettings(Section):
    """Resamples, baselines and literature values."""

    resamples: int = Field(default=2000, ge=100)
    """Bootstrap resamples of queries and arrays, or of genes."""
    ranking_resamples: int = Field(default=200, ge=50)
    """Resamples for the metrics that need a new ranking in each (Spearman, AUROC, average precision, precision at
    k) and for subgroups: the first of the same resamples."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Coverage of every interval."""
    seed: int = 0
    """Seed of the resamples."""
    clusters: dict[str, Literal["query", "gene", "query_array"]] = {}
    """What is resampled in a screen (by its name). Left out: genes in symmetric screens and where there is no query,
    query and array together wherever most rows have both, else queries."""
    query_top: int = Field(default=10, ge=1)
    """How many predictions a query are looked at for its precision."""
    baselines: list[str] = [
        "mean",
        "screen_mean",
        "query_mean",
        "array_mean",
        "two_way",
        "gene_ridge",
        "gene_query_ridge",
        "factorisation",
        "soft_impute",
        "nearest_profiles",
        "network_profiles",
        "profile_predictor",
        "gradient_boosting",
        "embedding_mlp",
        "multiplicative",
        "digenic_sum",
        "digenic_min",
        "wl_ridge",
    ]
    """Models that count as baselines; every model is compared with the one that is best on the validation fold. Flux
    balance analysis is not among them: it is what simulated screens are made by."""
    references: list[str] = ["clp", "profile_predictor", "dango", "gene_query_ridge", "query_mean"]
    """Models that every other model is compared with, besides the best baseline."""
    literature: list[ReplicateCorrelation] = [
        ReplicateCorrelation(reader="kuzmin2018", order=3, correlation=0.59, source=_KUZMIN),
        ReplicateCorrelation(reader="kuzmin2018", order=2, correlation=0.88, source=_KUZMIN),
        ReplicateCorrelation(reader="kuzmin2020", order=3, correlation=0.59, source=_KUZMIN),
        ReplicateCorrelation(reader="kuzmin2020", order=2, correlation=0.88, source=_KUZMIN),
        ReplicateCorrelation(reader="costanzo2016_pairwise", order=2, correlation=0.88, source=_KUZMIN),
    ]
    """Reported replicate correlations, each shown as a noise ceiling of the screens that it belongs to."""
    sd_replicates: dict[str, int] = {}
    """Measurements that a reported SD is the spread of, by the screen's name. Left out: 1, the SD is that of the
    released value itself."""
    coverage_levels: list[float] = [0.5, 0.68, 0.8, 0.9, 0.95]
    """Nominal levels at which the coverage of predictive intervals is measured."""
    bins: int = Field(default=10, ge=2)
    """Bins of reliability curves."""
