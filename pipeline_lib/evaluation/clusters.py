"""What is resampled: queries, genes, or queries and arrays together; never rows.

Scores of one query share its control screens, and scores of one gene share its strain, so rows are not independent.
A resample draws whole clusters with replacement; a row counts as often as its cluster was drawn. Where a row belongs
to several clusters (both genes of a pair; a query and an array) its weight is the product of their counts: the
pigeonhole bootstrap of Owen (2007, Ann. Appl. Stat. 1:386-411), which for exchangeable genes is that of Davezies,
D'Haultfoeuille and Guyonvarch (2021, Ann. Stat. 49:845-862).

The product counts what varies from row to row alone three times over (twice for each way, once for both), so its
draws are up to sqrt(3) too wide. `ClusterDesign.width` brings their spread to that of the variance that is robust to
clusters in several ways (Cameron, Gelbach and Miller 2011, J. Bus. Econ. Stat. 29:238-249; for pairs of genes Aronow,
Samii and Assenova 2015, Polit. Anal. 23:564-577), which counts it once.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.cells import Cells
from pipeline_lib.evaluation.measurements import Measurements

# Cells (rows x resamples) worked on at a time.
_CELLS = 500_000
# Columns times cells (clusters of one way x clusters of the other) a row, below which sums go by cells and not by rows.
_FULL = 50

ClusterKind = Literal["query", "gene", "query_array"]


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

    def width(self, influence: NDArray[np.float64]) -> float:
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
        ways = self.codes.shape[1]
        if ways == 1 or (self.kind == "gene" and self.groups <= ways):
            return 1.0
        levels = [[_squared_sums(influence, shares) for shares in level] for level in self._overlaps]
        single, double, triple = (sum(level) for level in levels)
        drawn = single + double + triple
        if self.kind == "gene":
            # Centring takes more of a gene's influence away than of a query's: a gene is in every way.
            single *= self.groups * (self.groups - 1) / (self.groups - ways) ** 2
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

    def effective(self) -> float:
        """Return how many clusters of one size would be worth these: of the way that has fewest.

        (sum of n_c)^2 / sum of n_c^2 over clusters of n_c rows (Kish 1965; Carter, Schnepel and Steigerwald 2017,
        Rev. Econ. Stat. 99:698-709): a handful of large queries is not made more by hundreds of single rows.
        """
        ways = [self.codes] if self.kind == "gene" else [way[:, None] for way in self.codes.T]
        sizes = [np.bincount(way[way >= 0]).astype(np.float64) for way in ways]
        return min(float(part.sum() ** 2 / max(part @ part, 1.0)) for part in sizes)

    def present(self) -> int:
        """Return how many clusters these rows stand in: of the way that has fewest."""
        return min(len(np.unique(way[way >= 0])) for way in self.codes.T)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "ClusterDesign":
        """Return the design of some rows; clusters keep their codes."""
        return ClusterDesign(self.kind, self.codes[rows], self.sizes)


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


def _dense(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    present = np.unique(codes[codes >= 0])
    return np.where(codes >= 0, np.searchsorted(present, codes), -1)
