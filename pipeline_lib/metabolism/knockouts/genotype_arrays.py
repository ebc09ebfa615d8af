"""Genotypes as rows of gene indices, padded with -1."""

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError

NO_GENE = -1


def choose(genes: NDArray[np.int64], order: int) -> NDArray[np.int64]:
    """Return every set of `order` (1 or 2) of the genes, int64 [n, order]."""
    if order == 1:
        return genes[:, None]
    first, second = np.triu_indices(len(genes), 1)
    return np.stack([genes[first], genes[second]], axis=1)


def keys_of(genotypes: NDArray[np.int64], num_genes: int) -> NDArray[np.int64]:
    """Return one number a genotype (int64 [n, order], no padding), ascending in lexicographic order.

    Raises
    ------
    PipelineError
        When the numbers would not fit 64 bits.
    """
    order = genotypes.shape[1]
    if num_genes**order > np.iinfo(np.int64).max:
        raise PipelineError(f"genotypes of {order} deletions among {num_genes} genes are too many; delete fewer genes.")
    place = num_genes ** np.arange(order - 1, -1, -1, dtype=np.int64)
    return genotypes @ place


def positions_of(wanted: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each of the wanted numbers stands in `keys`, int64 [n], ascending numbers without repeats.

    Raises
    ------
    KeyError
        When one is not there; a neighbour never stands for it.
    """
    position = np.searchsorted(keys, wanted)
    inside = position < len(keys)
    missing = ~inside
    missing[inside] = keys[position[inside]] != wanted[inside]
    if missing.any():
        raise KeyError(int(wanted[np.argmax(missing)]))
    return position


def sub_genotypes(canonical: NDArray[np.int64], num_genes: int) -> list[NDArray[np.int64]]:
    """Collect the distinct sub-genotypes of canonical genotypes, by order.

    Parameters
    ----------
    canonical
        int64 [n, k], padded with -1 on the right.
    num_genes
        Size of the gene index.

    Returns
    -------
    list
        Position i: int64 [n_i, i + 1], lexicographically sorted.
    """
    count = (canonical != NO_GENE).sum(axis=1)
    levels: list[NDArray[np.int64]] = []
    for order in range(canonical.shape[1], 0, -1):
        parts = [canonical[count == order, :order]]
        if levels:
            parts += [np.delete(levels[-1], gene, axis=1) for gene in range(order + 1)]
        found = np.concatenate(parts)
        _, first = np.unique(keys_of(found, num_genes), return_index=True)
        levels.append(found[first])
    return levels[::-1]
