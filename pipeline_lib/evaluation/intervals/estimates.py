"""Intervals and P-values out of clusters that are drawn with replacement.

A row counts as often as its cluster was drawn. Where a row belongs to several clusters (both genes of a pair; a query
and an array) its weight is the product of their counts: the pigeonhole bootstrap of Owen (2007, Ann. Appl. Stat.
1:386-411), which for exchangeable genes is that of Davezies, D'Haultfoeuille and Guyonvarch (2021, Ann. Stat.
49:845-862).

Rows that stand in two clusters each are summed into a matrix of cells (clusters of one way by clusters of the other)
once; every resample then weighs its columns and its rows, so a million rows cost no more than the cells that they fall
into.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from pipeline_lib.evaluation.intervals.design import ClusterDesign, PlainSpread, Spread, mean_spread

Floats = NDArray[np.float64]

MINIMUM_CLUSTERS = 4
"""Clusters without which no interval is given: fewer make too few different resamples."""

POWER = 0.8
"""Chance with which `Estimate.detectable` would be found."""


@dataclass(frozen=True)
class Error:
    """The variance of a mean and the degrees of freedom that it was estimated with."""

    variance: float = 0.0
    freedom: float = np.inf

    def plus(self, other: "Error") -> "Error":
        """Return the error of a sum of two independent means (Satterthwaite 1946, Biometrics 2:110-114)."""
        total = self.variance + other.variance
        parts = self.variance**2 / self.freedom + other.variance**2 / other.freedom
        return Error(total, total**2 / parts if parts > 0 else min(self.freedom, other.freedom))


AS_DRAWN = PlainSpread()
"""Of statistics whose draws are taken as they are."""


@dataclass(frozen=True)
class Estimate:
    """A statistic and its bootstrap draws.

    Attributes
    ----------
    value
        The statistic of the data.
    draws
        float64 [resamples]: the statistic of every resample.
    clusters
        How many clusters of one size those that were resampled are worth (`ClusterDesign.effective`).
    spread
        How the draws are brought to their robust spread where rows belong to several clusters.
    seed_error
        What the choice of a model's seeds adds to the error; nothing is known of it from one seed.
    """

    value: float
    draws: Floats
    clusters: float
    spread: Spread = AS_DRAWN
    seed_error: Error = Error()

    def minus(self, other: "Estimate") -> "Estimate":
        """Return the difference, paired draw by draw: both must stem from the same resamples."""
        return Estimate(
            value=self.value - other.value,
            draws=self.draws - other.draws,
            clusters=min(self.clusters, other.clusters),
            spread=self.spread.minus(other.spread),
            seed_error=self.seed_error.plus(other.seed_error),
        )

    def square_root(self) -> "Estimate":
        """Return the square root of a statistic that is never negative; draws below zero count as zero."""
        root = float(np.sqrt(self.value))
        spread = AS_DRAWN if root == 0 else self.spread.divided_by(2 * root)
        return Estimate(root, np.sqrt(np.maximum(self.draws, 0.0)), self.clusters, spread)

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return (low, high), or NaN where there is no value or fewer than `MINIMUM_CLUSTERS` clusters to tell by.

        The percentile interval with its tails widened for few clusters (Hesterberg 2015, Am. Stat. 69:371-386,
        "expanded percentile"): the plain one is too narrow by sqrt((G - 1) / G) and by normal against t quantiles.
        Student's interval of the seeds is joined to it by squares of distances (Zou and Donner 2008, Stat. Med.
        27:1693-1702, "variance estimates recovery").
        """
        if not self._known:
            return float("nan"), float("nan")
        tail = expanded_tail((1 - confidence) / 2, self.clusters)
        low, high = (_quantile(self._spread_draws, share) for share in (tail, 1 - tail))
        if self.seed_error.variance == 0:
            return low, high
        by_seed = stdtrit(self.seed_error.freedom, (1 + confidence) / 2) * np.sqrt(self.seed_error.variance)
        below, above = np.hypot([self.value - low, high - self.value], by_seed)
        return float(self.value - below), float(self.value + above)

    def interval_within(self, confidence: float, least: float, most: float) -> tuple[float, float]:
        """Return (low, high), no further than the least and the greatest value that the statistic can have."""
        low, high = self.interval(confidence)
        return max(low, least), min(high, most)

    def p_value(self) -> float:
        """Return the two-sided P-value of the statistic being zero: the interval at 1 - P just touches zero.

        At least 2 / (draws + 1) before the widening for few clusters; 1 where every draw is zero. With an error of
        seeds it is that of Welch's t, the value over its standard error.
        """
        if not self._known:
            return float("nan")
        if self.seed_error.variance > 0:
            error = self._error
            return float(2 * stdtr(error.freedom, -abs(self.value) / np.sqrt(error.variance)))
        draws = self._spread_draws
        negative, at_most = np.searchsorted(draws, 0.0, side="left"), np.searchsorted(draws, 0.0, side="right")
        beyond = min(at_most, len(draws) - negative)
        share = min((beyond + 1) / (len(draws) + 1), 0.5)
        quantile = ndtri(share) / np.sqrt(self.clusters / (self.clusters - 1))
        return float(2 * stdtr(self.clusters - 1, quantile))

    def detectable(self, confidence: float) -> float:
        """Return the smallest true difference that such an interval would show with a power of `POWER`; NaN if none.

        (t at the interval's level + t at the power) standard errors (Bloom 1995, Eval. Rev. 19:547-556).
        """
        if not self._known:
            return float("nan")
        error = self._error
        return float(stdtrit(error.freedom, [(1 + confidence) / 2, POWER]).sum() * np.sqrt(error.variance))

    @property
    def _known(self) -> bool:
        few = self.clusters < MINIMUM_CLUSTERS or len(self._spread_draws) < 2
        return not (np.isnan(self.value) or few)

    @property
    def _error(self) -> Error:
        """Return the whole error: of resampling, unbiased for few clusters, and of seeds."""
        variance = float(self._spread_draws.var()) * self.clusters / (self.clusters - 1)
        return Error(variance, self.clusters - 1).plus(self.seed_error)

    @cached_property
    def _spread_draws(self) -> Floats:
        """Return the draws that are numbers, at their robust spread about the value, in ascending order."""
        draws = self.value + self.spread.factor() * (self.draws - self.value)
        return np.sort(draws[np.isfinite(draws)])


def _quantile(ordered: Floats, share: float) -> float:
    """Return the quantile of sorted values by linear interpolation (type 7 of Hyndman and Fan 1996, as numpy's)."""
    place = share * (len(ordered) - 1)
    below = min(int(place), len(ordered) - 2)
    return float(ordered[below] + (place - below) * (ordered[below + 1] - ordered[below]))


@cache
def expanded_tail(tail: float, clusters: float) -> float:
    """Return the percentile that stands for `tail` when so many clusters were resampled."""
    return float(ndtr(stdtrit(clusters - 1, tail) * np.sqrt(clusters / (clusters - 1))))


def fold_seeds(estimates: Sequence[Estimate]) -> Estimate:
    """Return the mean over a model's seeds, with the variance of that mean between seeds in its interval.

    One seed is itself: its interval then holds nothing of what another seed would have given.
    """
    if len(estimates) == 1:
        return estimates[0]
    seeds = len(estimates)
    values = np.array([estimate.value for estimate in estimates])
    variance = float(values.var(ddof=1)) / seeds
    return Estimate(
        value=float(values.mean()),
        draws=np.mean([estimate.draws for estimate in estimates], axis=0),
        clusters=min(estimate.clusters for estimate in estimates),
        spread=mean_spread([estimate.spread for estimate in estimates]),
        seed_error=Error(variance if np.isfinite(variance) else 0.0, seeds - 1),
    )


# Cells (rows x resamples) worked on at a time.
_CELLS = 500_000


# Columns times cells (clusters of one way x clusters of the other) a row, below which sums go by cells and not by rows.
_FULL = 50


# A matrix of sums is multiplied as dense where it has at most this many cells a row of data.
_DENSE_CELLS = 25


@dataclass(frozen=True)
class Cells:
    """Rows by left and right cluster.

    Attributes
    ----------
    order
        int64 [rows]: rows by left cluster and, within it, by right cluster.
    starts
        int64 [left clusters + 1]: where each left cluster begins in `order`.
    column
        int64 [rows]: right cluster of every row in `order`.
    right
        float64 [right clusters, resamples + 1]: how often each right cluster was drawn.
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    column: NDArray[np.int64]
    right: Floats

    @classmethod
    def of(cls, left: NDArray[np.int64], right: NDArray[np.int64], lefts: int, counts: Floats) -> "Cells":
        """Sort rows into cells.

        Parameters
        ----------
        left, right
            int64 [rows]: clusters; -1 (none) stands for the last of them.
        lefts
            The number of left clusters.
        counts
            float64 [resamples + 1, right clusters]: how often each right cluster was drawn.
        """
        rights = counts.shape[1]
        row, column = np.where(left < 0, lefts - 1, left), np.where(right < 0, rights - 1, right)
        order = np.argsort(row * rights + column, kind="stable")
        starts = np.searchsorted(row[order], np.arange(lefts + 1))
        return cls(order, starts, column[order], np.ascontiguousarray(counts.T))

    def sum(self, values: Floats) -> Floats:
        """Sum `values` [rows] over rows and right clusters: float64 [left clusters, resamples + 1]."""
        shape = (len(self.starts) - 1, len(self.right))
        matrix = sparse.csr_matrix((values[self.order], self.column, self.starts), shape=shape)
        if shape[0] * shape[1] <= _DENSE_CELLS * len(self.order):
            return np.asarray(matrix.toarray() @ self.right)
        return np.asarray(matrix @ self.right)


@dataclass(frozen=True)
class Resamples:
    """How often each cluster is drawn in each resample.

    Attributes
    ----------
    counts
        One array a way, float64 [resamples + 1, clusters + 1]. Row 0 is the data themselves (every count 1), so
        that a statistic and its draws come out of one formula; the last column is 1, so that code -1 weighs nothing.
    """

    counts: tuple[NDArray[np.float64], ...]

    def __len__(self) -> int:
        return len(self.counts[0]) - 1

    def first(self, number: int) -> "Resamples":
        """Return the data and the first resamples."""
        return Resamples(tuple(counts[: number + 1] for counts in self.counts))

    def row_weights(self, codes: NDArray[np.int64], part: slice) -> NDArray[np.float64]:
        """Return the weight of every row in a part of the rows of `counts`: float64 [rows, part]."""
        weights = np.take(np.ascontiguousarray(self.counts[0][part].T), codes[:, 0], axis=0)
        for way in range(1, codes.shape[1]):
            weights *= np.take(np.ascontiguousarray(self.counts[way][part].T), codes[:, way], axis=0)
        return weights

    def weighted_sums(self, codes: NDArray[np.int64], columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum of every column over the rows of every resample.

        Parameters
        ----------
        codes
            int64 [rows, ways].
        columns
            float64 [columns, rows].

        Returns
        -------
        float64 [columns, resamples + 1]
        """
        counts = self.counts[0]
        if codes.shape[1] == 1:
            clusters = counts.shape[1] - 1
            sums = np.stack([np.bincount(codes[:, 0], weights=column, minlength=clusters) for column in columns])
            return np.asarray(sums @ counts[:, :-1].T)
        if codes.shape[1] == 2 and counts[0].size * self.counts[1][0].size * len(columns) < _FULL * len(codes):
            cells = Cells.of(codes[:, 0], codes[:, 1], counts.shape[1], self.counts[1])
            return np.stack([np.einsum("lb,bl->b", cells.sum(column), counts) for column in columns])
        total = np.zeros((len(columns), len(counts)))
        step = max(1, _CELLS // len(counts))
        for start in range(0, len(codes), step):
            part = slice(start, start + step)
            total += columns[:, part] @ self.row_weights(codes[part], slice(None))
        return total


def draw_resamples(design: ClusterDesign, number: int, seed: list[int]) -> Resamples:
    """Draw clusters with replacement; the ways of a gene design share one draw, for a gene is one cluster.

    Parameters
    ----------
    design
        The clusters.
    number
        How many resamples.
    seed
        Entropy of the generator; the same seed gives the same resamples.
    """
    generator = np.random.default_rng(seed)
    if design.kind == "gene":
        return Resamples((_draw(design.sizes[0], number, generator),) * len(design.sizes))
    return Resamples(tuple(_draw(size, number, generator) for size in design.sizes))


def _draw(clusters: int, number: int, generator: np.random.Generator) -> NDArray[np.float64]:
    counts = np.ones((number + 1, clusters + 1))
    if clusters:
        drawn = generator.integers(clusters, size=(number, clusters)) + np.arange(number)[:, None] * clusters
        drawn_counts = np.bincount(drawn.ravel(), minlength=number * clusters)
        counts[1:, :-1] = drawn_counts.reshape(number, clusters)
    return counts
