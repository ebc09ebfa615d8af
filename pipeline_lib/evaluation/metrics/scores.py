"""Every metric of one model on one assay, with the resampled values of its bootstrap."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.config.screen_readers import FITNESS_UNITS
from pipeline_lib.evaluation.folds import INTERACTIONS, AssayFold, call_score
from pipeline_lib.evaluation.intervals.design import (
    of_auroc,
    of_average_precision,
    of_correlation,
    of_mean,
    of_precision_at,
    of_rmse,
    of_spearman,
)
from pipeline_lib.evaluation.intervals.estimates import Estimate
from pipeline_lib.evaluation.measurements import Measurements
from pipeline_lib.evaluation.metrics.moments import MomentSums, pearson, pearson_within_query, pooled, rmse
from pipeline_lib.evaluation.metrics.ranking import TOP, TOP_OF_QUERY, QueryPrecision

if TYPE_CHECKING:
    from collections.abc import Callable

AssayKey = tuple[str, str]
"""Screen and phenotype."""

ScoreKey = tuple[str, str, str]
"""Screen, phenotype and metric."""

Scores = dict[ScoreKey, Estimate]
"""Every score of one model on one split."""


@dataclass(frozen=True)
class Extent:
    """What a score rests on: rows, clusters and what the clusters are."""

    n: int
    groups: int
    clusters: str


Floats = NDArray[np.float64]

LOWER_IS_BETTER = frozenset({"rmse"})
"""Metrics of which less is better; of every other metric, more."""

NOT_COMPARED = frozenset({"prevalence", "pearson_permuted"})
"""What the leaderboard holds beside the metrics, to read them by: no model is better in these."""


def leading_metric(phenotype: str) -> str:
    """Return the metric that a phenotype is ranked by: average precision for calls, else Pearson's correlation."""
    return "average_precision" if phenotype == "call" else "pearson"


def bounds(metric: str) -> tuple[float, float]:
    """Return the least and the greatest value that a metric can have."""
    if metric in LOWER_IS_BETTER:
        return 0.0, np.inf
    return (-1.0 if metric.startswith(("pearson", "spearman")) else 0.0), 1.0


WITHIN_QUERY_TOP = f"precision_at_{TOP_OF_QUERY}_within_query"


def evaluate(assay: AssayFold, prediction: Floats, sums: MomentSums, seed: list[int]) -> dict[str, Estimate]:
    """Return every metric that the assay allows.

    Parameters
    ----------
    assay
        Measured values, clusters and resamples, n rows.
    prediction
        float64 [n] in the assay's units.
    sums
        ``assay.moments.sums(prediction)``.
    seed
        Entropy of the permutation behind ``pearson_permuted``.

    Returns
    -------
    dict
        ``pearson``, ``spearman``, ``pearson_within_screen`` (an assay is one screen: equal to ``pearson``),
        ``pearson_within_query`` where rows have queries (in a symmetric screen each gene is the query in turn),
        ``rmse``, ``pearson_permuted`` (the prediction shuffled: near zero if nothing is wrong), and, where calls
        are defined, ``prevalence`` and, where there are calls among other rows, ``auroc``, ``average_precision`` and
        ``precision_at_100``; where queries with calls have more than ten rows, ``precision_at_10_within_query``.
    """
    shuffled = np.random.default_rng(seed).permutation(prediction)
    draws = {
        "pearson": pearson(sums),
        "spearman": assay.ranking.spearman(prediction),
        "rmse": rmse(sums),
        "pearson_permuted": pearson(assay.sanity.sums(shuffled)),
    }
    if assay.design.has_queries:
        draws["pearson_within_query"] = pearson_within_query(sums)
    draws |= assay.calls.metrics(assay.ranking, call_score(prediction, assay.phenotype))
    top = _top_of_queries(assay, prediction)
    if len(top.query):
        draws[WITHIN_QUERY_TOP] = top.draws(assay.resamples)
    several_ways = len(assay.design.sizes) > 1
    influence = {name: _influence(name, assay, prediction, shuffled) for name in draws} if several_ways else {}
    found = {name: assay.estimate(values, influence.get(name)) for name, values in draws.items()}
    # An assay is one screen.
    return found | {"pearson_within_screen": found["pearson"]}


def _influence(metric: str, assay: AssayFold, prediction: Floats, shuffled: Floats) -> Floats:
    """Return how much each row [n] moves a metric."""
    value, score = assay.data.genotypes.value, call_score(prediction, assay.phenotype)
    called = assay.calls.mask
    formulas: dict[str, Callable[[], Floats]] = {
        "pearson": lambda: of_correlation(prediction - prediction.mean(), value - value.mean()),
        "pearson_permuted": lambda: of_correlation(shuffled - shuffled.mean(), value - value.mean()),
        "pearson_within_query": lambda: assay.moments.influence_within_query(prediction),
        "spearman": lambda: of_spearman(prediction, value),
        "rmse": lambda: of_rmse(prediction, value),
        "prevalence": lambda: of_mean(called),
        "auroc": lambda: of_auroc(score, called),
        "average_precision": lambda: of_average_precision(score, called),
        f"precision_at_{TOP}": lambda: of_precision_at(score, called, TOP),
        WITHIN_QUERY_TOP: lambda: _top_of_queries(assay, prediction).influence(len(value)),
    }
    return formulas[metric]()


def _top_of_queries(assay: AssayFold, prediction: Floats) -> QueryPrecision:
    """Return the precision at the top of each query; of no query where the assay has none or calls nothing."""
    positive = assay.calls.mask if assay.design.has_queries else np.zeros(len(prediction), dtype=bool)
    return QueryPrecision.of(call_score(prediction, assay.phenotype), positive, assay.design)


def shared_unit(data: Measurements, screen: str, phenotype: str) -> str | None:
    """Return the unit in which an assay may be pooled with others of its phenotype; None: it stands alone.

    Fitness (wild type 1) and calls mean the same everywhere unless a screen states another unit; interactions are
    pooled in a unit that their screens state.
    """
    unit = data.scores_of(screen).unit
    if phenotype == "call":
        return phenotype
    return unit if phenotype in INTERACTIONS else unit or FITNESS_UNITS


def pooled_assays(data: Measurements, assays: Iterable[AssayKey]) -> dict[str, list[AssayKey]]:
    """Return the assays that are pooled, by phenotype: the most that share a unit, and at least two."""
    by_unit: dict[tuple[str, str], list[AssayKey]] = {}
    for screen, phenotype in assays:
        unit = shared_unit(data, screen, phenotype)
        if unit is not None:
            by_unit.setdefault((phenotype, unit), []).append((screen, phenotype))
    found: dict[str, list[AssayKey]] = {}
    for (phenotype, _), members in by_unit.items():
        if len(members) > max(1, len(found.get(phenotype, []))):
            found[phenotype] = members
    return found


def evaluate_pooled(sums: list[MomentSums], clusters: float) -> dict[str, Estimate]:
    """Return the Pearson correlations over all screens of a phenotype, screens resampled apart."""
    draws = dict(zip(("pearson", "pearson_within_screen"), pooled(sums), strict=True))
    return {name: Estimate(float(values[0]), values[1:], clusters) for name, values in draws.items()}
