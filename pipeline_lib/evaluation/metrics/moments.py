"""Pearson correlation and RMSE of every resample from sums over clusters, without touching a row twice.

Both are functions of six sums: of 1, x, y, x^2, x*y and y^2. A resample weighs each cluster's sums by how often it
was drawn, so thousands of resamples are one product of a matrix of counts and a matrix of sums. With two ways of
clusters the sums stand in a matrix (clusters of one way by clusters of the other), weighed from both sides.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.evaluation.intervals.design import ClusterDesign, of_correlation
from pipeline_lib.evaluation.intervals.estimates import Cells, Resamples

Floats = NDArray[np.float64]


class NoQueries:
    """Nothing to centre within."""

    def taken_from(self, products: Floats, x: Floats) -> Floats:  # noqa: ARG002 - as where there are queries
        """Return that the sums within queries are not defined: NaN in the shape of `products`."""
        return np.full_like(products, np.nan)


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
        return np.asarray(self.resamples.weighted_sums(self.codes, values[None])[0])

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


# Below this spread, relative to the size of the predictions, a prediction counts as constant: single precision
# leaves jitter of 1e-7 in predictions that are equal by construction.
_FLAT = 1e-6


@dataclass(frozen=True)
class MomentSums:
    """Sums of one prediction x against the measured y, of the data (position 0) and of every resample.

    Attributes
    ----------
    n, x, y, xx, xy, yy
        float64 [resamples + 1]: sums of the weights, x - x_offset, y - y_offset, and their products.
    within
        float64 [3, resamples + 1]: sums of xx, xy, yy after centring within queries; NaN where there are none.
    x_offset, y_offset
        What was taken off for the sake of precision.
    flat
        Variances of x and y at and below which each counts as constant.
    """

    n: Floats
    x: Floats
    y: Floats
    xx: Floats
    xy: Floats
    yy: Floats
    within: Floats
    x_offset: float
    y_offset: float
    flat: tuple[float, float]

    def centred(self) -> Floats:
        """Return the sums of xx, xy, yy after centring: float64 [3, resamples + 1]."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.stack(
                [
                    self.xx - self.x * self.x / self.n,
                    self.xy - self.x * self.y / self.n,
                    self.yy - self.y * self.y / self.n,
                ]
            )


class MomentBootstrap:
    """The sums of one assay's test fold; what does not depend on the prediction is summed once.

    Parameters
    ----------
    design, resamples
        Clusters and their counts.
    y
        float64 [n]: measured values.
    """

    def __init__(self, design: ClusterDesign, resamples: Resamples, y: Floats) -> None:
        self._rows = rows_by_cluster(design, resamples)
        self._y_offset = float(y.mean())
        self._y = y - self._y_offset
        self._flat_y = flatness(y)
        one, y_sums, yy_sums = (self._rows.sum(values) for values in (np.ones(len(y)), self._y, self._y**2))
        self._n, self._y_total, self._yy_total = (self._rows.total(part) for part in (one, y_sums, yy_sums))
        self._between = self._rows.between(one, y_sums)

    def sums(self, x: Floats) -> MomentSums:
        """Return the sums for predictions x [n]."""
        offset = float(x.mean())
        centred = x - offset
        sums_x, sums_xx, sums_xy = (self._rows.sum(values) for values in (centred, centred**2, centred * self._y))
        xx, xy = self._rows.total(sums_xx), self._rows.total(sums_xy)
        within = self._between.taken_from(np.stack([xx, xy, self._yy_total]), sums_x)
        return MomentSums(
            n=self._n,
            x=self._rows.total(sums_x),
            y=self._y_total,
            xx=xx,
            xy=xy,
            yy=self._yy_total,
            within=within,
            x_offset=offset,
            y_offset=self._y_offset,
            flat=(flatness(x), self._flat_y),
        )

    def influence_within_query(self, x: Floats) -> Floats:
        """Return how much each row [n] moves Pearson's correlation within queries; for designs with queries."""
        centred = [self._rows.centred(values) for values in (x, self._y)]
        return self._rows.by_row(of_correlation(*centred))


def correlation(products: Floats, n: Floats, flat: tuple[float, float]) -> Floats:
    """Return xy / sqrt(xx * yy) of centred sums [3, resamples + 1].

    `flat` holds the variances of x and y at and below which each counts as constant. 0 where x is constant: such a
    prediction ranks nothing, so it shows no association. NaN where y is, for then the data cannot show one.
    """
    xx, xy, yy = products
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.clip(xy / np.sqrt(xx * yy), -1.0, 1.0)
        values = np.where(xx / n <= flat[0], 0.0, values)
        return np.where(yy / n > flat[1], values, np.nan)


def flatness(values: Floats) -> float:
    """Return the variance at and below which `values` [n], or a part of them, count as constant."""
    return max((_FLAT * float(np.abs(values).max())) ** 2, 1e-12 * float(np.var(values)))


def pearson(sums: MomentSums) -> Floats:
    """Return Pearson's correlation of the data and every resample: float64 [resamples + 1]."""
    return correlation(sums.centred(), sums.n, sums.flat)


def pearson_within_query(sums: MomentSums) -> Floats:
    """Return Pearson's correlation after centring x and y within each query; NaN where there are no queries."""
    return correlation(sums.within, sums.n, sums.flat)


def rmse(sums: MomentSums) -> Floats:
    """Return the root mean squared error of the data and every resample, in the units of y."""
    gap = sums.x_offset - sums.y_offset
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (sums.xx - 2 * sums.xy + sums.yy + 2 * gap * (sums.x - sums.y)) / sums.n + gap**2
    return np.sqrt(np.maximum(mean, 0.0))


def pooled(parts: Sequence[MomentSums]) -> tuple[Floats, Floats]:
    """Return Pearson's correlation over several screens of one unit: (pooled, within screens), [resamples + 1] each.

    What the pooled value has over the one within screens comes from telling screens apart.
    """
    uncentred, within = np.zeros((6, len(parts[0].n))), np.zeros((3, len(parts[0].n)))
    for sums in parts:
        a, b = sums.x_offset, sums.y_offset
        uncentred += [
            sums.n,
            sums.x + a * sums.n,
            sums.y + b * sums.n,
            sums.xx + 2 * a * sums.x + a * a * sums.n,
            sums.xy + a * sums.y + b * sums.x + a * b * sums.n,
            sums.yy + 2 * b * sums.y + b * b * sums.n,
        ]
        within += sums.centred()
    flat = (max(sums.flat[0] for sums in parts), max(sums.flat[1] for sums in parts))
    n, x, y, xx, xy, yy = uncentred
    products = np.stack([xx - x * x / n, xy - x * y / n, yy - y * y / n])
    return correlation(products, n, flat), correlation(within, n, flat)
