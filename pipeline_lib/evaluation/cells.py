"""Sums over rows that stand in two clusters each, weighed by how often a resample drew both.

Rows are summed into a matrix of cells (clusters of one way by clusters of the other) once; every resample then weighs
its columns and its rows, so a million rows cost no more than the cells that they fall into.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]

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
