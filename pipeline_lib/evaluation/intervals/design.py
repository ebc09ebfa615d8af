"""What is resampled (queries, genes, queries and arrays; never rows), and the variance that this gives a metric.

Where a row belongs to several clusters (both genes of a pair; a query and an array) its weight in a resample is the
product of their counts, which counts what varies from row to row alone three times over (twice for each way, once for
both), so its resampled values are up to sqrt(3) too wide. `ClusterVariance.factor` brings their spread to that of the
variance that is robust to clusters in several ways (Cameron, Gelbach and Miller 2011, J. Bus. Econ. Stat. 29:238-249;
for pairs of genes Aronow, Samii and Assenova 2015, Polit. Anal. 23:564-577), which counts it once.

Scores of one query share its control screens, and scores of one gene share its strain, so rows are not independent.

The influence of each row on a metric is its derivative by the row's weight: the empirical influence function over n;
summed over the rows of a cluster it states how much the cluster moves the metric. All sum to zero.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from pipeline_lib.cell.testable import effective_number
from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.measurements import Measurements

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


@dataclass(frozen=True)
class ClusterDesign:
    """The clusters of n rows.

    Attributes
    ----------
    kind
        'query' (one-way), 'gene' (every gene of the row) or 'query_array' (two-way).
    codes
        int64 [n, ways]: the row's cluster in each way; -1 where it has none.
    sizes
        Number of clusters in each way.
    """

    kind: ClusterKind
    codes: NDArray[np.int64]
    sizes: tuple[int, ...]

    @property
    def groups(self) -> int:
        """The number of clusters that an interval rests on: of the way that has fewest."""
        return min(self.sizes)

    @property
    def has_queries(self) -> bool:
        """Whether there are queries to centre within: crosses have them, a table of single mutants does not."""
        return self.kind != "gene" or len(self.sizes) == 2

    @cached_property
    def variance(self) -> ClusterVariance:
        """The variance of a statistic that is robust to these clusters."""
        return ClusterVariance(self.kind, self.codes, self.sizes)

    def spread(self, influence: NDArray[np.float64] | None) -> Spread:
        """Return how resampled values are brought to their robust spread; as they are where no influence is known.

        Parameters
        ----------
        influence
            float64 [n]: how much each row moves the statistic.
        """
        return PlainSpread() if influence is None else RobustSpread(self.variance, influence)

    def effective(self) -> float:
        """Return how many clusters of one size would be worth these: of the way that has fewest.

        (sum of n_c)^2 / sum of n_c^2 over clusters of n_c rows (Kish 1965; Carter, Schnepel and Steigerwald 2017,
        Rev. Econ. Stat. 99:698-709): a handful of large queries is not made more by hundreds of single rows.
        """
        ways = [self.codes] if self.kind == "gene" else self.codes.T
        return min(effective_number(way[way >= 0]) for way in ways)

    def present(self) -> int:
        """Return how many clusters these rows stand in: of the way that has fewest."""
        return min(len(np.unique(way[way >= 0])) for way in self.codes.T)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "ClusterDesign":
        """Return the design of some rows; clusters keep their codes."""
        return ClusterDesign(self.kind, self.codes[rows], self.sizes)


def choose_kind(data: Measurements, screen: str, settings: EvaluationSettings) -> ClusterKind:
    """Return what is to be resampled among the observations of one assay.

    Genes in a symmetric screen, among single mutants and where most rows have no query; query and array together
    wherever most rows have both, whatever the split: scores of one array share its strain as those of one query do,
    and a bootstrap of queries alone calls equal models different two to four times too often. Else queries. The
    settings may say otherwise.
    """
    chosen = settings.clusters.get(screen)
    if chosen is not None:
        return chosen
    rows = data.genotypes
    if data.symmetric.any() or rows.order.max(initial=1) == 1 or (rows.query >= 0).mean() < 0.5:
        return "gene"
    return "query_array" if (rows.array >= 0).mean() > 0.5 else "query"


def cluster_design(data: Measurements, kind: ClusterKind) -> ClusterDesign:
    """Return the clusters of the observations of one assay."""
    if kind == "gene":
        return _gene_design(data)
    ways = [_query_codes(data)]
    if kind == "query_array":
        ways.append(_dense(data.genotypes.array))
    codes = np.column_stack(ways)
    return ClusterDesign(kind, codes, tuple(int(way.max(initial=-1)) + 1 for way in ways))


def _gene_design(data: Measurements) -> ClusterDesign:
    order = int(data.genotypes.order.max(initial=1))
    genes = data.genotypes.genes[:, :order]
    present = np.unique(genes[genes >= 0])
    codes = np.where(genes >= 0, np.searchsorted(present, genes), -1)
    return ClusterDesign("gene", codes, (len(present),) * order)


def _query_codes(data: Measurements) -> NDArray[np.int64]:
    # A row without a query is a cluster of its genotype.
    alone = data.genotypes.query < 0
    return _dense(np.where(alone, data.genotype + data.genotypes.query.max(initial=0) + 1, data.genotypes.query))


def _dense(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    present = np.unique(codes[codes >= 0])
    return np.where(codes >= 0, np.searchsorted(present, codes), -1)


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
    return np.asarray(np.where(inside, values - values[inside].mean(), 0.0) / inside.sum())


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
    return np.asarray(np.where(positive, (below - area) / called, (below - area) / uncalled))


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
    return np.asarray(influence - influence.mean())


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
