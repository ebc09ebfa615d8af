"""The spread of a statistic that is robust to rows in several clusters.

Where a row belongs to several clusters (both genes of a pair; a query and an array) its weight in a resample is the
product of their counts, which counts what varies from row to row alone three times over (twice for each way, once for
both), so its resampled values are up to sqrt(3) too wide. `ClusterVariance.factor` brings their spread to that of the
variance that is robust to clusters in several ways (Cameron, Gelbach and Miller 2011, J. Bus. Econ. Stat. 29:238-249;
for pairs of genes Aronow, Samii and Assenova 2015, Polit. Anal. 23:564-577), which counts it once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ClusterKind = Literal["query", "gene", "query_array"]
"""One way (queries), every gene of a row, or two ways (queries and arrays)."""


@dataclass(frozen=True)
class ClusterVariance:
    """The variance of statistics of n rows whose clusters are known.

    Attributes
    ----------
    kind, codes, sizes
        As in `pipeline_lib.evaluation.intervals.design.ClusterDesign`.
    """

    kind: ClusterKind
    codes: NDArray[np.int64]
    sizes: tuple[int, ...]

    def factor(self, influence: NDArray[np.float64]) -> float:
        """Return what the spread of product-weighted draws is to be multiplied by; 1 where clusters have one way.

        Parameters
        ----------
        influence
            float64 [n]: how much each row moves the statistic.

        Notes
        -----
        With s_c the influence summed over a cluster (or over what two or three clusters share), the draws have the
        variance A + B + C: squares of s_c summed over clusters, over pairs and over triples of them. The robust
        variance is A - B + C, as what two clusters share is in both. It is kept from falling below the variance
        that any one way, or the rows by themselves, would give. For genes A grows by G (G - 1) / (G - ways)^2, which
        makes the variance of a mean unbiased to order 1 / G.
        """
        ways, groups = self.codes.shape[1], min(self.sizes)
        if ways == 1 or (self.kind == "gene" and groups <= ways):
            return 1.0
        levels = [[_squared_sums(influence, shares) for shares in level] for level in self._overlaps]
        single, double, triple = (sum(level) for level in levels)
        drawn = single + double + triple
        if self.kind == "gene":
            # Centring takes more of a gene's influence away than of a query's: a gene is in every way.
            single *= groups * (groups - 1) / (groups - ways) ** 2
        least = float(influence @ influence) if self.kind == "gene" else max(levels[0])
        return float(np.sqrt(max(single - double + triple, least) / drawn)) if drawn > 0 else 1.0

    @cached_property
    def _overlaps(self) -> list[list["_Shares"]]:
        """Rows of single clusters, of pairs and of triples of clusters.

        Genes are one kind of cluster, whichever way they stand in; queries and arrays are two.
        """
        ways = range(self.codes.shape[1])
        pairs = np.column_stack([self._joint(pair) for pair in combinations(ways, 2)])
        if self.kind != "gene":
            return [[_Shares.of(self.codes[:, [way]]) for way in ways], [_Shares.of(pairs)], []]
        triples = [_Shares.of(self._joint(triple)[:, None]) for triple in combinations(ways, 3)]
        return [[_Shares.of(self.codes)], [_Shares.of(pairs)], triples]

    def _joint(self, ways: tuple[int, ...]) -> NDArray[np.int64]:
        """Return one code [n] for the clusters of several ways; -1 where a row lacks one of them."""
        joint = np.zeros(len(self.codes), dtype=np.int64)
        for way in ways:
            joint = joint * (self.sizes[way] + 1) + self.codes[:, way]
        present = (self.codes[:, ways] >= 0).all(axis=1)
        dense = np.full(len(joint), -1, dtype=np.int64)
        dense[present] = np.unique(joint[present], return_inverse=True)[1]
        return dense


class PlainSpread:
    """Resampled values that are taken as they are."""

    def factor(self) -> float:
        """Return what the distances of resampled values from the statistic are multiplied by."""
        return 1.0

    def minus(self, other: "Spread") -> "Spread":  # noqa: ARG002 - nothing is known of the difference either
        """Return the spread of the difference of two statistics."""
        return self

    def divided_by(self, divisor: float) -> "Spread":  # noqa: ARG002 - as they are
        """Return the spread of a statistic over a constant."""
        return self


@dataclass(frozen=True)
class RobustSpread:
    """Resampled values that are brought to the spread which is robust to rows in several clusters.

    Attributes
    ----------
    variance
        The clusters.
    influence
        float64 [n]: how much each row moves the statistic.
    """

    variance: ClusterVariance
    influence: Floats

    def factor(self) -> float:
        """Return what the distances of resampled values from the statistic are multiplied by."""
        return self.variance.factor(self.influence)

    def minus(self, other: "Spread") -> "Spread":
        """Return the spread of the difference of two statistics of the same rows."""
        if isinstance(other, RobustSpread):
            return RobustSpread(self.variance, self.influence - other.influence)
        return other

    def divided_by(self, divisor: float) -> "Spread":
        """Return the spread of a statistic over a constant."""
        return RobustSpread(self.variance, self.influence / divisor)


Spread = PlainSpread | RobustSpread


def mean_spread(spreads: Sequence[Spread]) -> Spread:
    """Return the spread of the mean of several statistics of the same rows, of those whose influence is known."""
    robust = [spread for spread in spreads if isinstance(spread, RobustSpread)]
    if not robust:
        return PlainSpread()
    return RobustSpread(robust[0].variance, np.mean([spread.influence for spread in robust], axis=0))


@dataclass(frozen=True)
class _Shares:
    """Which rows share a cluster.

    Attributes
    ----------
    row, cluster
        int64 [memberships] each: row and cluster of every membership.
    single
        Whether no cluster has more than one row, so that its sum is what the row has.
    """

    row: NDArray[np.int64]
    cluster: NDArray[np.int64]
    single: bool

    @classmethod
    def of(cls, codes: NDArray[np.int64]) -> "_Shares":
        """Take codes [n, per row], -1 where a row is in no cluster."""
        row, way = np.nonzero(codes >= 0)
        cluster = codes[row, way]
        return cls(row, cluster, bool(np.bincount(cluster).max(initial=0) <= 1))


def _squared_sums(influence: NDArray[np.float64], shares: _Shares) -> float:
    """Return the sum over clusters of the squared sum of their rows' influence [n]."""
    moved = influence[shares.row]
    sums = moved if shares.single else np.bincount(shares.cluster, weights=moved)
    return float(sums @ sums)
