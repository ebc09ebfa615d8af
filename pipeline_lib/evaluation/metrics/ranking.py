"""Spearman, AUROC, average precision and precision at k of every resample, and precision among the top of each query.

A row's weight is how often the resample holds it. Sorting is done once; ranks in a resample are running sums of
weights in that order. Definitions are those of scipy (midranks) and scikit-learn (``sample_weight``).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.evaluation.intervals.design import ClusterDesign
from pipeline_lib.evaluation.intervals.estimates import Resamples

Floats = NDArray[np.float64]

TOP = 100


# Cells (rows x resamples) worked on at a time: small enough for the processor's cache.
_CELLS = 500_000


# Cells up to which what does not depend on a prediction is kept for the next one: 0.5 GB an assay at most.
_KEPT_CELLS = 30_000_000


@dataclass(frozen=True)
class _Sorted:
    """Rows in ascending order: positions, and the first row and one past the last row of each run of ties."""

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, values: Floats) -> "_Sorted":
        order = np.argsort(values, kind="stable")
        new = np.flatnonzero(np.diff(values[order])) + 1
        return cls(order, np.append(0, new), np.append(new, len(values)))

    def midranks(self, weights: Floats) -> Floats:
        """Return the midranks [n, resamples] of sorted rows, each present as often as its weight."""
        running = np.cumsum(weights, axis=0)
        if len(self.starts) == len(self.order):
            running -= 0.5 * weights
            running += 0.5
            return running
        last = running[self.ends - 1]
        first = np.vstack([np.zeros((1, weights.shape[1])), last[:-1]])
        return np.repeat(0.5 * (first + last + 1), self.ends - self.starts, axis=0)


class _Drawn:
    """Some of the resamples, as every model needs them.

    Parameters
    ----------
    weights
        float64 [n, resamples]: how often each row is drawn.
    ranked
        The measured values.
    """

    def __init__(self, weights: Floats, ranked: _Sorted) -> None:
        self.weights = weights
        self._ranked = ranked

    @cached_property
    def middle(self) -> Floats:
        """The mean rank, float64 [resamples]."""
        return np.asarray(0.5 * (self.weights.sum(axis=0) + 1))

    @cached_property
    def y(self) -> Floats:
        """Midranks of the measured values less the mean rank, float64 [n, resamples]."""
        ranks = np.empty_like(self.weights)
        ranks[self._ranked.order] = self._ranked.midranks(self.weights[self._ranked.order])
        ranks -= self.middle
        return ranks

    @cached_property
    def yy(self) -> Floats:
        """Their weighted sum of squares, float64 [resamples]."""
        return np.asarray(np.einsum("nb,nb,nb->b", self.weights, self.y, self.y))


class RankingBootstrap:
    """Ranking metrics of one assay's test fold.

    Parameters
    ----------
    design, resamples
        Clusters and their counts.
    y
        float64 [n]: measured values.
    """

    def __init__(self, design: ClusterDesign, resamples: Resamples, y: Floats) -> None:
        self._codes, self._resamples = design.codes, resamples
        self._y = _Sorted.of(y)

    def spearman(self, x: Floats) -> Floats:
        """Return Spearman's correlation of the data and every resample: float64 [resamples + 1].

        0 where x is constant, NaN where y is.
        """
        ranked = _Sorted.of(x)
        if len(ranked.starts) == 1:
            return np.zeros(len(self._resamples) + 1)
        return np.concatenate([_spearman(ranked, drawn) for drawn in self._drawn()])

    def calls(self, score: Floats, positive: NDArray[np.bool_]) -> dict[str, Floats]:
        """Return auroc, average_precision, prevalence and precision_at_100: float64 [resamples + 1] each.

        Parameters
        ----------
        score
            float64 [n]: high where a call is predicted.
        positive
            bool [n]: what was called.

        Notes
        -----
        Among tied scores the calls are taken to be spread evenly, so a constant score has an AUROC of one half and
        the prevalence as its average precision and its precision at k. With fewer than 100 rows, precision at 100
        is that of all rows. NaN where a resample holds no call, or nothing but calls (AUROC).
        """
        ranked = _Sorted.of(-score)
        parts = [_calls(ranked, positive[ranked.order], drawn.weights[ranked.order]) for drawn in self._drawn()]
        return {name: np.concatenate([values[name] for values in parts]) for name in parts[0]}

    def precision_at_recalls(self, score: Floats, positive: NDArray[np.bool_], recalls: Floats) -> Floats:
        """Return the precision where each recall is first reached: float64 [recalls, resamples + 1].

        Tied scores are taken together; NaN where a resample holds no call.
        """
        ranked = _Sorted.of(-score)
        called = positive[ranked.order]
        rows = np.flatnonzero(called)
        last = np.unique(ranked.ends[np.searchsorted(ranked.ends, rows, side="right")]) - 1
        found = []
        for drawn in self._drawn():
            weights = drawn.weights[ranked.order]
            running = np.cumsum(weights, axis=0)[last]
            hits = np.cumsum(weights[rows], axis=0)[np.searchsorted(rows, last, side="right") - 1]
            column = np.arange(weights.shape[1])
            with np.errstate(invalid="ignore", divide="ignore"):
                # A hair below, so that a recall of exactly one is reached in spite of rounding.
                reached = [(hits >= recall * hits[-1] * (1 - 1e-12)).argmax(axis=0) for recall in recalls]
                found.append(np.stack([hits[place, column] / running[place, column] for place in reached]))
        return np.hstack(found)

    def _drawn(self) -> Iterable[_Drawn]:
        """Return the resamples in parts, the same ones at every call where they are few enough to be kept."""
        cells = len(self._codes) * (len(self._resamples) + 1)
        return self._kept if cells <= _KEPT_CELLS else self._fresh()

    @cached_property
    def _kept(self) -> list[_Drawn]:
        return list(self._fresh())

    def _fresh(self) -> Iterator[_Drawn]:
        step = max(1, _CELLS // max(len(self._codes), 1))
        for start in range(0, len(self._resamples) + 1, step):
            yield _Drawn(self._resamples.row_weights(self._codes, slice(start, start + step)), self._y)


def _spearman(ranked: _Sorted, drawn: _Drawn) -> Floats:
    weights = drawn.weights[ranked.order]
    x, y = ranked.midranks(weights), drawn.y[ranked.order]
    x -= drawn.middle
    weights *= x
    xx, xy = np.einsum("nb,nb->b", weights, x), np.einsum("nb,nb->b", weights, y)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.where(xx > 0, xy / np.sqrt(xx * drawn.yy), 0.0)
    return np.where(drawn.yy > 0, values, np.nan)


def _calls(ranked: _Sorted, positive: NDArray[np.bool_], weights: Floats) -> dict[str, Floats]:
    """Return the metrics of `RankingBootstrap.calls` for rows [n] and their weights [n, resamples] from the top."""
    running = np.vstack([np.zeros((1, weights.shape[1])), np.cumsum(weights, axis=0)])
    rows = np.flatnonzero(positive)
    hits = np.vstack([np.zeros((1, weights.shape[1])), np.cumsum(weights[rows], axis=0)])
    total, called = running[-1], hits[-1]
    # Only runs of ties that hold a call add to either area.
    runs = np.unique(np.searchsorted(ranked.ends, rows, side="right"))
    start, end = ranked.starts[runs], ranked.ends[runs]
    before, after = hits[np.searchsorted(rows, start)], hits[np.searchsorted(rows, end)]
    gained, uncalled = after - before, total - called
    below = uncalled - 0.5 * ((running[start] - before) + (running[end] - after))
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(gained > 0, after / running[end], 0.0)
        return {
            "auroc": (gained * below).sum(axis=0) / (called * uncalled),
            "average_precision": (gained * precision).sum(axis=0) / called,
            "prevalence": called / total,
            f"precision_at_{TOP}": _precision_at(ranked, rows, running, hits),
        }


def _precision_at(ranked: _Sorted, rows: NDArray[np.int64], running: Floats, hits: Floats) -> Floats:
    """Return the precision among the `TOP` highest scores; `running` and `hits` count from the top, after a 0."""
    wanted = np.minimum(TOP, running[-1])
    column = np.arange(running.shape[1])
    last = np.argmax(running[1:] >= wanted, axis=0)
    run = np.searchsorted(ranked.ends, last, side="right")
    start, end = ranked.starts[run], ranked.ends[run]
    before, after = running[start, column], running[end, column]
    hits_before = hits[np.searchsorted(rows, start), column]
    hits_after = hits[np.searchsorted(rows, end), column]
    share = (hits_after - hits_before) / (after - before)
    return np.asarray((hits_before + (wanted - before) * share) / wanted)


TOP_OF_QUERY = 10


@dataclass(frozen=True)
class QueryPrecision:
    """Precision at k of every query that has a call and more than k rows.

    Attributes
    ----------
    query
        int64 [q]: codes of the queries.
    precision
        float64 [q].
    row, member
        int64 [m] each: rows, and the position in `query` of the query that each stands in. Where genes are resampled,
        each gene of a row is the query in turn.
    """

    query: NDArray[np.int64]
    precision: Floats
    row: NDArray[np.int64]
    member: NDArray[np.int64]

    @classmethod
    def of(cls, score: Floats, positive: NDArray[np.bool_], design: ClusterDesign, k: int = TOP_OF_QUERY) -> Self:
        """Rank the rows of every query.

        Parameters
        ----------
        score
            float64 [n]: high where a call is predicted. Among tied scores calls are taken to be spread evenly.
        positive
            bool [n]: what was called.
        design
            The clusters; those of the first way are the queries.
        k
            Rows at the top of a query.
        """
        codes = design.codes if design.kind == "gene" else design.codes[:, :1]
        row, way = np.nonzero(codes >= 0)
        query, member = np.unique(codes[row, way], return_inverse=True)
        size = np.bincount(member)
        calls = np.bincount(member, weights=positive[row])
        kept = (calls > 0) & (size > k)
        inside = kept[member]
        row, member = row[inside], (np.cumsum(kept) - 1)[member[inside]]
        return cls(query[kept], _precision(score[row], positive[row], member, k), row, member)

    def draws(self, resamples: Resamples) -> Floats:
        """Return the mean over queries of the data and of every resample of queries: float64 [resamples + 1].

        NaN where a resample holds none of the queries. What stands within a query is not resampled.
        """
        weights = resamples.counts[0][:, self.query]
        with np.errstate(invalid="ignore"):
            return np.asarray(weights @ self.precision / weights.sum(axis=1))

    def influence(self, rows: int) -> Floats:
        """Return how much each of so many rows moves the mean, float64 [rows]; a query's is shared among its rows."""
        moved = (self.precision - self.precision.mean()) / len(self.query) / np.bincount(self.member)
        return np.asarray(np.bincount(self.row, weights=moved[self.member], minlength=rows))


def _precision(score: Floats, positive: NDArray[np.bool_], member: NDArray[np.int64], k: int) -> Floats:
    order = np.lexsort((-score, member))
    score, member = score[order], member[order]
    n = len(order)
    starts = np.searchsorted(member, member)
    new = np.append(True, (np.diff(member) != 0) | (np.diff(score) != 0))[:n]
    first = np.flatnonzero(new)
    run = np.cumsum(new) - 1
    begin, end = first[run] - starts, np.append(first[1:], n)[run] - starts
    # The share of a run of ties that the top k still takes.
    taken = np.clip((k - begin) / (end - begin), 0.0, 1.0)
    return np.asarray(np.bincount(member, weights=taken * positive[order]) / k)
