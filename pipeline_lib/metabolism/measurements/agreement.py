"""How well predictions agree with measurements of the same genes, with intervals over genes and paired differences."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

RESAMPLES = 1000
SEED = 0
_INTERVAL = (0.025, 0.975)

Values = NDArray[np.float64]
Statistic = Callable[[Values, Values], float]


def agreement(
    scores: Mapping[str, Values], target: Values, statistic: Statistic, reference: str, resamples: int = RESAMPLES
) -> pd.DataFrame:
    """Return one row a predictor: its statistic, the interval over genes, and the difference to another predictor.

    Parameters
    ----------
    scores
        float64 [n] by name of the predictor.
    target
        float64 [n]: what was measured of the same genes.
    statistic
        Takes scores and targets.
    reference
        The predictor to which differences are taken.
    resamples
        Bootstrap samples of genes, the same ones for every predictor.

    Returns
    -------
    DataFrame
        Indexed by predictor: value, low, high, difference, difference_low, difference_high (95 %).
    """
    samples = np.random.default_rng(SEED).integers(len(target), size=(resamples, len(target)))
    resampled = {
        name: np.array([statistic(score[rows], target[rows]) for rows in samples]) for name, score in scores.items()
    }
    whole = {name: statistic(score, target) for name, score in scores.items()}
    rows = {}
    for name in scores:
        low, high = interval(resampled[name])
        below, above = interval(resampled[name] - resampled[reference])
        rows[name] = (whole[name], low, high, whole[name] - whole[reference], below, above)
    columns = ["value", "low", "high", "difference", "difference_low", "difference_high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def interval(resampled: Values) -> tuple[float, float]:
    """Return the 95 % interval of resampled values, those that are defined; NaN where none is."""
    defined = resampled[np.isfinite(resampled)]
    low, high = np.quantile(defined, _INTERVAL) if len(defined) else (np.nan, np.nan)
    return float(low), float(high)


def auroc(score: Values, positive: Values) -> float:
    """Return the chance that a positive (1) scores more than a negative (0), ties half; NaN where one is missing."""
    count = int(positive.sum())
    if count in {0, len(positive)}:
        return float("nan")
    ranks = rankdata(score)[positive == 1].sum()
    return float((ranks - count * (count + 1) / 2) / (count * (len(positive) - count)))


def average_precision(score: Values, positive: Values) -> float:
    """Return the mean precision over recall, tied scores at once; NaN without positives."""
    _, place = np.unique(-score, return_inverse=True)
    hits, called = np.bincount(place, weights=positive), np.bincount(place)
    if not hits.sum():
        return float("nan")
    precision = np.cumsum(hits) / np.cumsum(called)
    return float((hits * precision).sum() / hits.sum())


def pearson(one: Values, other: Values) -> float:
    """Return Pearson's correlation (of two indicators: Matthews' correlation); NaN where one is constant."""
    centred, against = one - one.mean(), other - other.mean()
    scale = np.sqrt((centred**2).sum() * (against**2).sum())
    return float((centred * against).sum() / scale) if scale > 0 else float("nan")


def spearman(one: Values, other: Values) -> float:
    """Return Spearman's rank correlation; NaN where one is constant."""
    return pearson(rankdata(one), rankdata(other))
