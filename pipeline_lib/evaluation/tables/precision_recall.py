"""Precision and recall of called interactions, by assay, by query, and as the paper of DANGO scores them.

Zhang et al. 2020 (bioRxiv 2020.11.26.400739) call a trigenic interaction where tau < -0.05, whatever its P-value, and
draw as many other triples as there are called ones. At one to one a guess has an average precision of 0.5, where among
all triples it has the prevalence; the ranking itself, and so the AUROC, is the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from pipeline_lib.cell.genotypes import MAX_ORDER
from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.config.screen_readers import FITNESS_UNITS
from pipeline_lib.evaluation.folds import AssayFold, call_score, split_fold
from pipeline_lib.evaluation.intervals.design import of_precision_at_recalls
from pipeline_lib.evaluation.intervals.estimates import fold_seeds
from pipeline_lib.evaluation.measurements import Measurements
from pipeline_lib.evaluation.predictions import PredictionFile, by_split, read_fold

Floats = NDArray[np.float64]

RECALLS = np.round(np.linspace(0.01, 1, 100), 2)
"""Recalls at which the precision is reported."""


@dataclass(frozen=True)
class ScoredAssay:
    """One model's scores on one assay that has calls among other rows.

    Attributes
    ----------
    labels
        model, split, screen and phenotype.
    assay
        The test fold, n rows.
    positive
        bool [n]: called negative interactions.
    scores
        One float64 [n] a seed: high where a call is predicted.
    """

    labels: dict[str, Any]
    assay: AssayFold
    positive: NDArray[np.bool_]
    scores: list[Floats]


def scored_assays(
    data: Measurements, files: list[PredictionFile], settings: EvaluationSettings, advance: Callable[[], None]
) -> Iterator[ScoredAssay]:
    """Yield every model's scores on every assay that has calls among other rows.

    Raises
    ------
    PipelineError
        When a predictions file is broken, or two models of one split have different test folds.
    """
    for split, models in by_split(files).items():
        first = next(iter(models.values()))[0]
        fold = split_fold(data, split, read_fold(first, "test").observation_id, str(first.path), settings)
        for model, seeds in models.items():
            predictions = []
            for file in seeds:
                test = read_fold(file, "test")
                fold.check(test, str(file.path))
                predictions.append(test.value)
                advance()
            for assay in fold.assays:
                if assay.calls.informative:
                    labels = {
                        "model": model,
                        "split": split,
                        "screen": assay.screen,
                        "phenotype": assay.phenotype,
                    }
                    scores = [call_score(part[assay.rows], assay.phenotype) for part in predictions]
                    yield ScoredAssay(labels, assay, assay.calls.mask, scores)


def curve_rows(scored: ScoredAssay, settings: EvaluationSettings) -> Iterator[dict[str, Any]]:
    """Yield rows of `pipeline_lib.evaluation.tables.schemas.PRECISION_RECALL`: one a recall, the mean over seeds."""
    assay, positive = scored.assay, scored.positive
    curves = [assay.ranking.precision_at_recalls(score, positive, RECALLS) for score in scored.scores]
    moved = [of_precision_at_recalls(score, positive, RECALLS) for score in scored.scores]
    for position, recall in enumerate(RECALLS):
        folded = fold_seeds(
            [assay.estimate(curve[position], next(rows)) for curve, rows in zip(curves, moved, strict=True)]
        )
        # A share at either end leaves it by rounding, and by the shifts of several seeds.
        low, high = folded.interval_within(settings.confidence, 0.0, 1.0)
        yield {
            **scored.labels,
            "recall": float(recall),
            "precision": folded.value,
            "low": low,
            "high": high,
            "prevalence": float(positive.mean()),
            "positives": int(positive.sum()),
            "n": len(positive),
            "groups": assay.design.groups,
            "seeds": len(scored.scores),
        }


def query_rows(scored: ScoredAssay, settings: EvaluationSettings) -> Iterator[dict[str, Any]]:
    """Yield rows of `pipeline_lib.evaluation.tables.schemas.QUERY_PRECISION`: one a query with enough predictions.

    In a symmetric screen each gene is the query in turn. Ties are broken at random.
    """
    if not scored.assay.design.has_queries:
        return
    data, top = scored.assay.data, settings.query_top
    rows, query, names = _queries(data, scored.assay.design.kind)
    positive = scored.positive[rows]
    present, member, size = np.unique(query, return_inverse=True, return_counts=True)
    called = np.bincount(member, weights=positive)
    tie_breaker = np.random.default_rng(settings.seed).permutation(len(rows))
    rank = np.arange(len(rows)) - np.repeat(np.cumsum(size) - size, size)
    precision = np.zeros(len(present))
    for score in scored.scores:
        first = np.lexsort((tie_breaker, -score[rows], member))[rank < top]
        precision += np.bincount(member[first], weights=positive[first], minlength=len(present)) / top
    precision /= len(scored.scores)
    for position in np.flatnonzero(size >= top):
        yield {
            **scored.labels,
            "query": names[present[position]],
            "top": top,
            "precision": float(precision[position]),
            "positives": int(called[position]),
            "n": int(size[position]),
            "seeds": len(scored.scores),
        }


def _queries(data: Measurements, kind: str) -> tuple[NDArray[np.int64], NDArray[np.int64], Sequence[str]]:
    """Return (rows, their query, what queries are called); rows without a query are left out."""
    if kind != "gene":
        rows = np.flatnonzero(data.genotypes.query >= 0)
        return rows, data.genotypes.query[rows], data.genotypes.strains
    pairs = np.flatnonzero(data.genotypes.order == 2)
    genes = data.genotypes.genes[pairs]
    return np.append(pairs, pairs), np.append(genes[:, 0], genes[:, 1]), data.gene_names


THRESHOLD = -0.05
"""Trigenic interaction below which the paper calls one, in fitness units."""


def rebalanced_scores(score: NDArray[np.float64], called: NDArray[np.bool_]) -> tuple[float, float]:
    """Return AUROC and average precision at one called row to one other row.

    Other rows are weighted instead of drawn: the expectation over all samples, without their noise.

    Parameters
    ----------
    score
        float64 [n]: high where a call is predicted.
    called
        bool [n]: some, not all.
    """
    weight = np.where(called, 1.0, called.sum() / (~called).sum())
    return (
        float(roc_auc_score(called, score, sample_weight=weight)),
        float(average_precision_score(called, score, sample_weight=weight)),
    )


def dango_rows(scored: ScoredAssay) -> Iterator[dict[str, Any]]:
    """Yield rows of `pipeline_lib.evaluation.tables.schemas.DANGO_SCORING` for trigenic scores in fitness units."""
    data, labels = scored.assay.data, scored.labels
    if labels["phenotype"] != "interaction" or data.scores_of(labels["screen"]).unit != FITNESS_UNITS:
        return
    triples = data.genotypes.order == MAX_ORDER
    called = data.genotypes.value[triples] < THRESHOLD
    if not 0 < called.sum() < len(called):
        return
    found = np.array([rebalanced_scores(score[triples], called) for score in scored.scores])
    auroc, precision = found.mean(axis=0)
    yield {
        **labels,
        "auroc": float(auroc),
        "average_precision": float(precision),
        "called": int(called.sum()),
        "n": len(called),
        "seeds": len(scored.scores),
    }
