"""Precision among the top of each query: what a screen of one query would find by following the predictions."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.evaluation.intervals.design import ClusterDesign
from pipeline_lib.evaluation.intervals.resampling import Resamples

Floats = NDArray[np.float64]

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
