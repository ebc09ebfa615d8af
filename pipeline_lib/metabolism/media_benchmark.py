"""Which medium describes real data: growth of single deletions on each, beside essential genes and measured fitness."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.essentiality import GROWTH_RATIO
from pipeline_lib.metabolism.gem import Gem
from pipeline_lib.metabolism.knockouts import solve_knockouts
from pipeline_lib.metabolism.medium import with_medium
from pipeline_lib.metabolism.network import network_of

_RESAMPLES = 1000
_SEED = 0
_FOLDS = 5
_INTERVAL = (0.025, 0.975)
_TREES = "boosted trees"
_FEWEST = 10
"""Genes below which nothing is compared."""

Statistic = Callable[[NDArray[np.float64], NDArray[np.float64]], float]


def growth_by_medium(gem: Gem, media: Sequence[str]) -> pd.DataFrame:
    """Return the fitness of every single deletion (rows: gene ids) on every named medium (columns).

    A medium that does not fit the model, or on which it does not grow, is left out; ``attrs["left_out"]`` says why.
    """
    singles = np.arange(len(gem.genes))[:, None]
    found, growth, left_out = {}, {}, {}
    for medium in media:
        try:
            growths = solve_knockouts(network_of(with_medium(gem, medium)), singles)
        except PipelineError as error:
            left_out[medium] = str(error)
            continue
        found[medium], growth[medium] = growths.fitness(singles), growths.wild_type
    table = pd.DataFrame(found, index=pd.Index(gem.genes, name="gene"))
    table.attrs = {"growth": growth, "left_out": left_out}
    return table


def media_benchmark(
    fitness: pd.DataFrame, essential: pd.Series, measured: Mapping[str, pd.Series], resamples: int = _RESAMPLES
) -> pd.DataFrame:
    """Compare growth on each medium with measurements, gene by gene.

    Parameters
    ----------
    fitness
        Fitness of single deletions: genes by media (`growth_by_medium`).
    essential
        bool by gene.
    measured
        By screen, fitness by gene.
    resamples
        Bootstrap samples of genes, the same ones for every medium.

    Returns
    -------
    DataFrame
        data ('essential genes' or the screen), measure ('mcc' of growth below 1e-6, 'auroc', 'pearson', 'spearman'),
        medium, value, low, high (95 % interval over genes), difference, difference_low, difference_high (to the first
        medium, paired), genes. ``medium`` 'boosted trees': growth on all media together, out of five folds of genes.
    """
    parts = [
        _compare("essential genes", fitness, essential.astype(float), {"mcc": _mcc, "auroc": _auroc}, resamples),
        *(
            _compare(screen, fitness, values, {"pearson": _pearson, "spearman": _spearman}, resamples)
            for screen, values in measured.items()
        ),
    ]
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def _compare(
    data: str, fitness: pd.DataFrame, measured: pd.Series, measures: Mapping[str, Statistic], resamples: int
) -> pd.DataFrame:
    genes = fitness.dropna().index.intersection(measured.dropna().index)
    if len(genes) < _FEWEST or measured[genes].nunique() < 2 or fitness.empty:
        return pd.DataFrame()
    target = measured[genes].to_numpy(np.float64)
    media = [str(medium) for medium in fitness.columns]
    of_media = {medium: fitness.loc[genes, medium].to_numpy(np.float64) for medium in media}
    trees = {_TREES: _out_of_fold(np.stack(list(of_media.values()), axis=1), target)} if "auroc" in measures else {}
    samples = np.random.default_rng(_SEED).integers(len(genes), size=(resamples, len(genes)))
    parts = []
    for name, statistic in measures.items():
        # The trees' scores have no threshold of growth.
        scores = {**of_media, **({} if name == "mcc" else trees)}
        drawn = {
            medium: np.array([statistic(score[rows], target[rows]) for rows in samples])
            for medium, score in scores.items()
        }
        first = statistic(of_media[media[0]], target)
        for medium, score in scores.items():
            value = statistic(score, target)
            low, high = np.nanquantile(drawn[medium], _INTERVAL)
            below, above = np.nanquantile(drawn[medium] - drawn[media[0]], _INTERVAL)
            row = {"data": data, "measure": name, "medium": medium, "value": value, "low": low, "high": high}
            row |= {"difference": value - first, "difference_low": below, "difference_high": above}
            parts.append({**row, "genes": len(genes)})
    return pd.DataFrame(parts)


def _out_of_fold(inputs: NDArray[np.float64], essential: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one minus the probability of being essential by boosted trees that did not see the gene, float64 [n]."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold

    found = np.empty(len(essential))
    folds = StratifiedKFold(
        min(_FOLDS, int(min(essential.sum(), (1 - essential).sum()))), shuffle=True, random_state=_SEED
    )
    for train, test in folds.split(inputs, essential):
        trees = HistGradientBoostingClassifier(max_depth=3, max_iter=100, learning_rate=0.05, random_state=_SEED)
        found[test] = 1 - trees.fit(inputs[train], essential[train]).predict_proba(inputs[test])[:, 1]
    return found


def _mcc(growth: NDArray[np.float64], essential: NDArray[np.float64]) -> float:
    """Return Matthews' correlation of lethal with essential; NaN where a margin of the table is empty."""
    return _pearson((growth < GROWTH_RATIO).astype(np.float64), essential)


def _auroc(growth: NDArray[np.float64], essential: NDArray[np.float64]) -> float:
    """Return the chance that an essential gene grows less than another one, ties half."""
    from scipy.stats import rankdata

    positive = int(essential.sum())
    if positive in {0, len(essential)}:
        return float("nan")
    ranks = rankdata(-growth)[essential == 1].sum()
    return float((ranks - positive * (positive + 1) / 2) / (positive * (len(essential) - positive)))


def _pearson(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    centred, against = one - one.mean(), other - other.mean()
    scale = np.sqrt((centred**2).sum() * (against**2).sum())
    return float((centred * against).sum() / scale) if scale > 0 else float("nan")


def _spearman(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    from scipy.stats import rankdata

    return _pearson(rankdata(one), rankdata(other))
