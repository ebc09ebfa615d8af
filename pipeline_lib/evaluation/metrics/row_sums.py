"""Sums over the rows of an assay by the clusters that they stand in: one way, two ways, or three genes a row."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.evaluation.intervals.design import ClusterDesign
from pipeline_lib.evaluation.intervals.resampling import Cells, Resamples

Floats = NDArray[np.float64]


class NoQueries:
    """Nothing to centre within."""

    def taken_from(self, products: Floats, x: Floats) -> None:
        """Return that there are no sums within queries."""


class Between:
    """What means of left clusters have of the sums of xx, xy and yy: centring within the clusters takes it away.

    Parameters
    ----------
    total
        Sums over left clusters with their counts.
    one, y
        float64 [left clusters, resamples + 1], or [left clusters, 1]: sums of the weights and of y.
    """

    def __init__(self, total: Callable[[Floats], Floats], one: Floats, y: Floats) -> None:
        self._total, self._y = total, y
        # A cluster without rows in a resample adds nothing.
        self._inverse = np.divide(1.0, one, out=np.zeros_like(one), where=one > 0)
        self._yy = total(self._inverse * y * y)

    def taken_from(self, products: Floats, x: Floats) -> Floats:
        """Return the sums of xx, xy and yy [3, resamples + 1] within clusters, for sums x of the shape of `y`."""
        mean = self._inverse * x
        return products - np.stack([self._total(mean * x), self._total(mean * self._y), self._yy])


@dataclass(frozen=True)
class ThreeGenes:
    """Rows of three genes each, which have no one query to centre within."""

    codes: NDArray[np.int64]
    resamples: Resamples

    def sum(self, values: Floats) -> Floats:
        """Sum [n] over rows: float64 [resamples + 1]."""
        return self.resamples.weighted_sums(self.codes, values[None])[0]

    def total(self, sums: Floats) -> Floats:
        """Return the sums, which are those of whole resamples."""
        return sums

    def between(self, one: Floats, y: Floats) -> NoQueries:  # noqa: ARG002 - as where there are queries
        """Return what means of queries take away: nothing is known of it."""
        return NoQueries()

    def centred(self, values: Floats) -> Floats:  # noqa: ARG002 - as where there are queries
        """Refuse to centre."""
        raise ValueError("rows with three clusters have no one query to centre within")

    def by_row(self, influence: Floats) -> Floats:
        """Return the influence [n]: every row stands here once."""
        return influence


class _ByQuery:
    """Rows by the cluster that is centred within (left).

    Parameters
    ----------
    rows
        int64 [memberships]: which rows stand in the clusters.
    left
        int64 [memberships]: their clusters.
    number
        How many clusters there are.
    """

    def __init__(self, rows: NDArray[np.int64], left: NDArray[np.int64], number: int) -> None:
        self._rows, self._left, self._n_left = rows, left, number

    def centred(self, values: Floats) -> Floats:
        """Return `values` [n] less their mean within each left cluster, once for every time a row stands there."""
        values = values[self._rows]
        size = np.maximum(np.bincount(self._left, minlength=self._n_left), 1)
        return values - (np.bincount(self._left, weights=values, minlength=self._n_left) / size)[self._left]

    def by_row(self, influence: Floats) -> Floats:
        """Return the sum [n] of what every time that a row stands here contributes."""
        return np.bincount(self._rows, weights=influence).astype(np.float64)


class OneWay(_ByQuery):
    """Rows by query, or by gene where each row has one."""

    def __init__(self, design: ClusterDesign, resamples: Resamples) -> None:
        super().__init__(np.arange(len(design.codes)), design.codes[:, 0], design.sizes[0])
        self._counts = resamples.counts[0][:, :-1]

    def sum(self, values: Floats) -> Floats:
        """Sum [n] over rows: float64 [clusters, 1]."""
        sums = np.bincount(self._left, weights=values, minlength=self._n_left).astype(np.float64)
        return sums[:, None]

    def total(self, sums: Floats) -> Floats:
        """Sum over clusters with their counts: float64 [resamples + 1]."""
        return np.asarray(self._counts @ sums[:, 0])

    def between(self, one: Floats, y: Floats) -> Between:
        """Return what means of clusters have of the sums."""
        return Between(self.total, one, y)


class TwoSides(_ByQuery):
    """Rows by the cluster that is centred within (left) and the other (right).

    The left is the query; where genes are resampled each gene of a pair is the query in turn, so a pair counts twice
    (which no ratio of sums shows).
    """

    def __init__(self, design: ClusterDesign, resamples: Resamples) -> None:
        rows, left, right = np.arange(len(design.codes)), design.codes[:, 0], design.codes[:, -1]
        if design.kind == "gene":
            pairs = right >= 0
            left, right = np.append(left, right[pairs]), np.append(right, left[pairs])
            rows = np.append(rows, np.flatnonzero(pairs))
        super().__init__(rows, left, design.sizes[0])
        self._columns = np.ascontiguousarray(resamples.counts[0][:, :-1].T)
        self._cells = Cells.of(left, right, self._n_left, resamples.counts[-1])

    def sum(self, values: Floats) -> Floats:
        """Sum [n] over rows and right clusters: float64 [left clusters, resamples + 1]."""
        return self._cells.sum(values[self._rows])

    def total(self, sums: Floats) -> Floats:
        """Sum over left clusters with their counts: float64 [resamples + 1]."""
        return np.asarray(np.einsum("lb,lb->b", self._columns, sums))

    def between(self, one: Floats, y: Floats) -> Between:
        """Return what means of left clusters have of the sums."""
        return Between(self.total, one, y)


def rows_by_cluster(design: ClusterDesign, resamples: Resamples) -> OneWay | TwoSides | ThreeGenes:
    """Return the rows of one assay by what they are centred within."""
    if len(design.sizes) > 2:
        return ThreeGenes(design.codes, resamples)
    return OneWay(design, resamples) if design.codes.shape[1] == 1 else TwoSides(design, resamples)
