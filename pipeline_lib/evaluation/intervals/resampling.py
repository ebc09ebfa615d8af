"""Draw clusters with replacement, and sum rows by how often their clusters were drawn.

A row counts as often as its cluster was drawn. Where a row belongs to several clusters (both genes of a pair; a query
and an array) its weight is the product of their counts: the pigeonhole bootstrap of Owen (2007, Ann. Appl. Stat.
1:386-411), which for exchangeable genes is that of Davezies, D'Haultfoeuille and Guyonvarch (2021, Ann. Stat.
49:845-862).

Rows that stand in two clusters each are summed into a matrix of cells (clusters of one way by clusters of the other)
once; every resample then weighs its columns and its rows, so a million rows cost no more than the cells that they fall
into.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.evaluation.intervals.design import ClusterDesign

Floats = NDArray[np.float64]

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
