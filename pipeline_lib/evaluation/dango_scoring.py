"""The scoring of DANGO's paper beside the honest one, so that its numbers can be compared.

Zhang et al. 2020 (bioRxiv 2020.11.26.400739) call a trigenic interaction where tau < -0.05, whatever its P-value, and
draw as many other triples as there are called ones. At one to one a guess has an average precision of 0.5, where among
all triples it has the prevalence; the ranking itself, and so the AUROC, is the same.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from pipeline_lib.cell.genotypes import MAX_ORDER
from pipeline_lib.config.calls import FITNESS_UNITS
from pipeline_lib.evaluation.precision_recall import ScoredAssay

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
    """Yield rows of `pipeline_lib.evaluation.schemas.DANGO_SCORING` for trigenic scores in fitness units."""
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
