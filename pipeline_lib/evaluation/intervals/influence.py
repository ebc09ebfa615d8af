"""How much one row moves a metric: the derivative of the metric by the weight of each row.

Row by row these are the empirical influence function over n; summed over the rows of a cluster they say how much the
cluster moves the metric. Each sums to zero.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]


def of_correlation(x: Floats, y: Floats) -> Floats:
    """Return the influence [n] on xy / sqrt(xx * yy) of values that are centred already (in whole or within groups).

    Zero where x or y is constant.
    """
    xx, xy, yy = float(x @ x), float(x @ y), float(y @ y)
    if xx == 0 or yy == 0:
        return np.zeros(len(x))
    r = xy / np.sqrt(xx * yy)
    return np.asarray(x * y / np.sqrt(xx * yy) - 0.5 * r * (x * x / xx + y * y / yy))


def of_rmse(x: Floats, y: Floats) -> Floats:
    """Return the influence [n] on the root mean squared error."""
    squared = (x - y) ** 2
    mean = float(squared.mean())
    return np.zeros(len(x)) if mean == 0 else (squared - mean) / (2 * len(x) * np.sqrt(mean))


def of_spearman(x: Floats, y: Floats) -> Floats:
    """Return the influence [n] on Spearman's correlation 12 E[F(X) G(Y)] - 3.

    A row counts by its own ranks and by raising the rank of every row above it.
    """
    n = len(x)
    own_x, own_y = (rankdata(x) - 0.5) / n, (rankdata(y) - 0.5) / n
    raised = own_x * own_y + _mean_above(x, own_y) + _mean_above(y, own_x)
    return np.asarray(12 * (raised - raised.mean()) / n)


def of_mean(values: Floats | NDArray[np.bool_], members: NDArray[np.bool_] | None = None) -> Floats:
    """Return the influence [n] on the mean of `values` [n] among `members` [n] (None: all rows)."""
    inside = np.ones(len(values), dtype=bool) if members is None else members
    return np.where(inside, values - values[inside].mean(), 0.0) / inside.sum()


def of_slope(x: Floats, y: Floats) -> Floats:
    """Return the influence [n] on the slope xy / xx of the regression of y on x, both centred; zero for constant x."""
    xx = float(x @ x)
    return np.zeros(len(x)) if xx == 0 else (x * y - (float(x @ y) / xx) * x * x) / xx


def of_spread_ratio(x: Floats, y: Floats) -> Floats:
    """Return the influence [n] on sqrt(xx / yy) of centred values; zero if either is constant."""
    xx, yy = float(x @ x), float(y @ y)
    return np.zeros(len(x)) if xx == 0 or yy == 0 else 0.5 * np.sqrt(xx / yy) * (x * x / xx - y * y / yy)


def of_auroc(score: Floats, positive: NDArray[np.bool_]) -> Floats:
    """Return the influence [n] on the AUROC: the placement values of DeLong et al. (1988, Biometrics 44:837-845)."""
    called, uncalled = int(positive.sum()), int((~positive).sum())
    overall = rankdata(score)
    below = np.empty(len(score))
    below[positive] = (overall[positive] - rankdata(score[positive])) / uncalled
    below[~positive] = 1 - (overall[~positive] - rankdata(score[~positive])) / called
    area = below[positive].mean()
    return np.where(positive, (below - area) / called, (below - area) / uncalled)


def of_average_precision(score: Floats, positive: NDArray[np.bool_]) -> Floats:
    """Return the influence [n] on the average precision E[precision(S) | positive].

    A row counts by the precision at its own score, if positive, and by what it does to the precision at every
    positive with a lower score.
    """
    order = np.argsort(-score, kind="stable")
    ranked, called = score[order], positive[order].astype(np.float64)
    # The last row of each run of ties stands for the run.
    end = np.searchsorted(-ranked, -ranked, side="right") - 1
    above = end + 1.0
    precision = np.cumsum(called)[end] / above
    total = called.sum()
    area = float((called * precision).sum() / total)
    start = np.searchsorted(-ranked, -ranked, side="left")
    rate, drop = called / above, called * precision / above
    later_rate, later_drop = (np.append(np.cumsum(part[::-1])[::-1], 0.0)[start] for part in (rate, drop))
    values = (called * (precision - area) + called * later_rate - later_drop) / total
    influence = np.empty(len(score))
    influence[order] = values
    return influence


def of_precision_at(score: Floats, positive: NDArray[np.bool_], top: int) -> Floats:
    """Return the influence [n] on the precision among the `top` highest scores.

    A row at the top counts as itself less the row that it pushes out, which is positive as often as rows of about
    that rank (from half to one and a half times `top`) are.
    """
    n = len(score)
    top = min(top, n)
    order = np.argsort(-score, kind="stable")
    called = positive[order]
    margin = float(called[top // 2 : min(n, top + top // 2)].mean())
    influence = np.zeros(n)
    influence[order[:top]] = (called[:top] - margin) / top
    return influence - influence.mean()


def of_precision_at_recalls(score: Floats, positive: NDArray[np.bool_], recalls: Floats) -> Iterator[Floats]:
    """Yield the influence [n] on the precision where each recall is first reached.

    With TP positives and FP others above that score, more weight of another there takes TP / (TP + FP)^2 away. That of
    a positive also moves the score at which the recall is reached, past `odds` others a positive, as there are among
    the rows of about that rank (from half to one and a half times it).
    """
    n = len(score)
    order = np.argsort(-score, kind="stable")
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n)
    called, hits = positive[order], np.cumsum(positive[order])
    # One past the last row of each run of ties.
    end = np.searchsorted(-score[order], -score[order], side="right")
    for recall in recalls:
        last = int(end[np.searchsorted(hits, recall * hits[-1] * (1 - 1e-12))])
        true = float(hits[last - 1])
        false, reached = last - true, true / hits[-1]
        near = called[last // 2 : min(n, last + last // 2)]
        odds = (len(near) - near.sum()) / max(near.sum(), 1)
        above, below = (reached * false + true * moved * odds for moved in (1 - reached, -reached))
        yield np.where(place < last, np.where(positive, above, -true), np.where(positive, below, 0.0)) / last**2


def _mean_above(values: Floats, summed: Floats) -> Floats:
    """Return, for every row, the sum of `summed` over rows with greater values, ties by half, over n."""
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    running = np.append(0.0, np.cumsum(summed[order]))
    at_most = running[np.searchsorted(ranked, values, side="right")]
    below = running[np.searchsorted(ranked, values, side="left")]
    return np.asarray((running[-1] - 0.5 * (at_most + below)) / len(values))
