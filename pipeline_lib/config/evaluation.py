"""Settings of the statistics and of the report, and which figures there are.

The workflow reads this at every start, so nothing heavy is imported here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline_lib.config.screens import ScreenSettings
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


@dataclass(frozen=True)
class Topic:
    """A group of figures that are drawn together.

    Attributes
    ----------
    figures
        Names of the figures: ``figures/<name>.svg`` and ``.png``; `figure_names` adds those that depend on the run.
    artefacts
        What they are drawn from: keys of `ARTEFACTS`.
    """

    figures: tuple[str, ...]
    artefacts: tuple[str, ...]


ARTEFACTS: dict[str, str] = {
    "genes": "tables/genes.parquet",
    "gene_coverage": "tables/gene_coverage.parquet",
    "observations": "tables/observations.parquet",
    "screens_summary": "tables/screens_summary.parquet",
    "rejected": "tables/rejected.parquet",
    "trigenic_identity": "tables/trigenic_identity.parquet",
    "reactions": "metabolism/reactions.parquet",
    "complexes": "metabolism/complexes.parquet",
    "subsystems": "metabolism/subsystems.parquet",
    "subsystem_links": "metabolism/subsystem_links.parquet",
    "energies": "metabolism/energies.parquet",
    "essentiality": "metabolism/essentiality.json",
    "media_benchmark": "metabolism/media_benchmark.parquet",
    "essentiality_benchmark": "metabolism/essentiality.parquet",
    "subsystem_benchmark": "metabolism/subsystem_benchmark.parquet",
    "explanations": "metabolism/explanations.parquet",
    "edges": "networks/edges.parquet",
    "networks_summary": "networks/summary.parquet",
    "leaderboard": "evaluation/leaderboard.parquet",
    "differences": "evaluation/differences.parquet",
    "scoreboard": "evaluation/scoreboard.parquet",
    "subgroups": "evaluation/subgroups.parquet",
    "noise_ceiling": "evaluation/noise_ceiling.parquet",
    "p_values": "evaluation/p_values.parquet",
    "p_value_deciles": "evaluation/p_value_deciles.parquet",
    "p_value_histogram": "evaluation/p_value_histogram.parquet",
    "p_value_points": "evaluation/p_value_points.parquet",
    "p_value_correlations": "evaluation/p_value_correlations.parquet",
    "p_value_hits": "evaluation/p_value_hits.parquet",
    "p_value_queries": "evaluation/p_value_queries.parquet",
    "p_value_quantiles": "evaluation/p_value_quantiles.parquet",
    "precision_recall": "evaluation/precision_recall.parquet",
    "dango_scoring": "evaluation/dango_scoring.parquet",
    "calibration": "evaluation/calibration.parquet",
    "overfit_history": "overfit/history.parquet",
    "overfit_predictions": "overfit/predictions.parquet",
    "overfit_report": "overfit/report.json",
    "walk_through": "walkthrough.json",
    "next_experiments": "next_experiments/ranked.parquet",
}
"""Path of every artefact below ``results/<run>/``."""

CLP_CHECKS = frozenset({"overfit_history", "overfit_predictions", "overfit_report", "walk_through"})
"""Artefacts of the checks of the cell latent perturbation model: a run without a model of its family has none."""

OF_KNOCKOUTS = frozenset({"subsystem_benchmark", "explanations"})
"""Artefacts made of knockouts: a run none of whose models reads knockouts has none."""

TOPICS: dict[str, Topic] = {
    "datasets": Topic(
        ("score_distributions", "fitness_distributions", "gene_usage", "reproducibility", "screen_overlap"),
        ("observations",),
    ),
    "metabolism": Topic(("incidence_by_subsystem", "energy_coverage"), ("subsystems", "subsystem_links", "energies")),
    "flux_balance": Topic(
        ("media_agreement", "essential_genes", "subsystem_agreement"),
        ("media_benchmark", "essentiality_benchmark", "subsystem_benchmark"),
    ),
    "networks": Topic(("network_degrees", "network_overlap"), ("edges", "networks_summary")),
    "training": Topic(("training_curves", "overfit"), ("overfit_history", "overfit_predictions", "observations")),
    "correlations": Topic(("correlation", "correlation_by_split"), ("observations", "leaderboard", "noise_ceiling")),
    "leaderboard": Topic(
        ("scoreboard", "leaderboard", "differences", "subgroups", "ablations", "loss_models", "pretraining"),
        ("scoreboard", "leaderboard", "differences", "subgroups", "noise_ceiling"),
    ),
    "losses": Topic(("losses",), ("observations",)),
    "p_values": Topic(
        ("p_value_histograms", "discoveries", "p_value_deciles", "p_value_against_prediction"),
        (
            "genes",
            "differences",
            "p_values",
            "p_value_histogram",
            "p_value_deciles",
            "p_value_points",
            "p_value_correlations",
            "p_value_hits",
            "p_value_queries",
            "p_value_quantiles",
        ),
    ),
    "calls": Topic(("precision_recall", "called_ranking"), ("precision_recall", "leaderboard")),
    "ceilings": Topic(("noise_ceilings", "calibration"), ("noise_ceiling", "leaderboard", "calibration")),
}
"""Every topic in the order of the report."""

READS_MODELS = ("training", "correlations", "losses")
"""Topics that also read predictions and histories under ``models/``."""

P_VALUE_PAGE = "p_values_of_"
"""Start of the name of a screen's page of P-values."""


def pages_of(topic: str, screens: Mapping[str, ScreenSettings]) -> list[str]:
    """Return the screens that have a page of their own in a topic: those with P-values in the topic ``p_values``."""
    return [name for name, screen in screens.items() if screen.has_p_values] if topic == "p_values" else []


def figure_names(topic: str, screens: Mapping[str, ScreenSettings]) -> list[str]:
    """Return the names of every figure of a topic in a run of these screens."""
    return [*TOPICS[topic].figures, *(f"{P_VALUE_PAGE}{screen}" for screen in pages_of(topic, screens))]


class ReportingSettings(Section):
    """Figures and the report page."""

    png_dpi: int = Field(default=200, ge=72, le=600)
    """Resolution of the PNG beside every SVG."""
    model: str = "clp"
    """The model that the report is about: it is set against the best baseline, and it suggests what to measure next."""
    pair_genes: int = Field(default=400, ge=2)
    """Viable genes with the strongest measured interactions, every untested pair of which is a candidate."""
    triple_genes: int = Field(default=70, ge=3)
    """The same for triples."""
    suggestions: int = Field(default=150, ge=1)
    """Pairs and triples kept of each ranking (by expected value and by information)."""
