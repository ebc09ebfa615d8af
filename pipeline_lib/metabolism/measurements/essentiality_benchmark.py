"""Which genes does the cell need: growth by flux balance on each medium, and boosted trees on growth and gene features.

Growth by flux balance is held against the measured list as it is. Trees (histogram gradient boosting of scikit-learn)
learn on four fifths of the genes and predict the fifth that they did not see, once with folds of genes and once with
folds of enzyme complexes, since subunits of one complex have the same growth and mostly the same essentiality.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts.flux_balance import ESSENTIALITY_BENCHMARK, no_rows
from pipeline_lib.metabolism.measurements.agreement import (
    RESAMPLES,
    SEED,
    Statistic,
    Values,
    agreement,
    auroc,
    average_precision,
    pearson,
)
from pipeline_lib.metabolism.measurements.essentiality import GROWTH_RATIO
from pipeline_lib.metabolism.measurements.gene_features import informative

_FOLDS = 5
_REPEATS = 3
"""Partitions into folds over which a gene's probability is averaged."""
_FEWEST = 5 * _FOLDS
"""Essential genes, and others, below which nothing is learned."""
_FLUX_BALANCE, _TREES = "flux balance", "boosted trees"
_GROWTH, _FEATURES, _BOTH = "growth on every medium", "gene features", "growth and gene features"
_OF_GENES, _OF_COMPLEXES = "genes", "complexes"
_CALLED = 0.5
"""Probability above which the trees call a gene essential."""


def essentiality_benchmark(
    growth: pd.DataFrame,
    features: pd.DataFrame,
    essential: pd.Series,
    complexes: pd.Series,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """Hold predictors of essential genes against the measured list.

    Parameters
    ----------
    growth
        Fitness of single deletions: genes by media.
    features
        Further features: genes by columns, missing where not known. None may be derived from essentiality.
    essential
        bool by gene.
    complexes
        By gene, int: genes of one enzyme complex have one number.
    resamples
        Bootstrap samples of genes, the same ones for every predictor.

    Returns
    -------
    DataFrame
        `pipeline_lib.artefacts.flux_balance.ESSENTIALITY_BENCHMARK`; no rows where fewer than 25 genes of the model
        are essential, or fewer than 25 are not.
    """
    genes = growth.dropna().index.intersection(essential.dropna().index)
    measured = essential[genes].to_numpy(np.float64)
    if min(measured.sum(), (1 - measured).sum()) < _FEWEST:
        return no_rows(ESSENTIALITY_BENCHMARK)
    grown, known = growth.loc[genes], informative(features.reindex(genes))
    inputs = {_GROWTH: grown, _FEATURES: known, _BOTH: pd.concat([grown, known], axis=1)}
    if not known.shape[1]:
        inputs = {_GROWTH: grown}
    groups = {_OF_GENES: np.arange(len(genes)), _OF_COMPLEXES: complexes[genes].to_numpy()}
    balance = {(_FLUX_BALANCE, str(medium), "", 1): 1 - grown[medium].to_numpy(np.float64) for medium in grown}
    trees = {
        (_TREES, name, folds, table.shape[1]): out_of_fold(table.to_numpy(np.float64), measured, group)
        for folds, group in groups.items()
        for name, table in inputs.items()
    }
    scores = {"|".join(map(str, key)): score for key, score in (balance | trees).items()}
    reference = "|".join(map(str, next(iter(trees))))
    described = pd.DataFrame(list(balance | trees), columns=["predictor", "inputs", "folds", "columns"])
    parts = [
        pd.concat(
            [
                described.assign(measure=measure),
                agreement(named, measured, statistic, reference, resamples).reset_index(drop=True),
            ],
            axis=1,
        )
        for measure, named, statistic in _measures(scores)
    ]
    return pd.concat(parts, ignore_index=True).assign(genes=len(genes), essential=int(measured.sum()))


def _measures(scores: Mapping[str, Values]) -> list[tuple[str, dict[str, Values], Statistic]]:
    called = {
        name: (score > (_CALLED if name.startswith(_TREES) else 1 - GROWTH_RATIO)).astype(np.float64)
        for name, score in scores.items()
    }
    ranked = dict(scores)
    return [("auroc", ranked, auroc), ("average_precision", ranked, average_precision), ("mcc", called, pearson)]


def out_of_fold(inputs: Values, essential: Values, groups: NDArray[np.int64]) -> Values:
    """Return the probability of being essential by boosted trees that saw no gene of the group, float64 [n].

    Parameters
    ----------
    inputs
        float64 [n, columns]; NaN where not known.
    essential
        float64 [n]: 0 or 1.
    groups
        int64 [n]: genes of one group are in one fold.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedGroupKFold

    found = np.zeros(len(essential))
    for repeat in range(_REPEATS):
        folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=SEED + repeat)
        for train, test in folds.split(inputs, essential, groups):
            trees = HistGradientBoostingClassifier(max_depth=3, max_iter=100, learning_rate=0.05, random_state=SEED)
            trees.fit(inputs[train], essential[train])
            found[test] += trees.predict_proba(inputs[test])[:, 1] / _REPEATS
    return found
