"""Kernels between gene sets, since a query may carry two genes."""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from pipeline_lib.models.profile_predictor.kernels import GeneKernel, Index, Matrix


def set_kernel(kernel: GeneKernel, rows: Index, columns: Index) -> Matrix:
    """Return the kernel of gene sets, float64 [r, c].

    The kernel of two sets is the sum over pairs of their genes divided by the square root of both sizes, which is the
    gene kernel itself for single genes.

    Parameters
    ----------
    rows, columns
        int64 [r, 3] and [c, 3]: genes of each set, -1 where there is none. The kernel of an empty set is 0.
    """
    return weighted_kernel([kernel], np.ones(1), rows, columns)


def weighted_kernel(kernels: Sequence[GeneKernel], weights: Matrix, rows: Index, columns: Index) -> Matrix:
    """Return the weighted sum of kernels over gene sets, one kernel in memory at a time, float64 [r, c]."""
    left_genes, left = _incidence(rows)
    right_genes, right = _incidence(columns)
    total = np.zeros((len(left_genes), len(right_genes)))
    if total.size:
        for kernel, weight in zip(kernels, weights, strict=True):
            if weight > 0:
                total += weight * kernel.between(left_genes, right_genes)
    # Sums over genes once, whatever the number of kernels.
    return np.asarray((right @ (left @ total).T).T)


def _incidence(gene_sets: Index) -> tuple[Index, sparse.csr_array]:
    """Return the genes that occur, ascending, and which of them each set holds, scaled by 1 / sqrt(size)."""
    there = gene_sets >= 0
    genes, position = np.unique(gene_sets[there], return_inverse=True)
    size = there.sum(axis=1)
    row = np.nonzero(there)[0]
    weight = 1.0 / np.sqrt(size[row])
    return genes, sparse.csr_array((weight, (row, position)), shape=(len(gene_sets), len(genes)))
