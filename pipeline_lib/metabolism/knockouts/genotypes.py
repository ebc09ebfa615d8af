"""Genotypes as rows of gene indices, padded with -1, and their digenic and trigenic interactions by definition."""

from collections.abc import Callable

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


Fitness = Callable[[NDArray[np.int64]], NDArray[np.float64]]
"""Takes genotypes int64 [n, k], padded with -1, and returns their fitness, float64 [n]; the wild type has 1."""

Values = NDArray[np.float64]

NONZERO = 1e-6
"""Smallest interaction that is not rounding."""
LADDER = (NONZERO, 1e-3, 0.02, 0.08)
"""Sizes of an interaction: above rounding, visible in an exact model, about one SD of a screen's noise, and the
published intermediate threshold of screens (Costanzo et al., Science 353:aaf1420, 2016)."""


def epsilon(f_ij: Values, f_i: Values, f_j: Values) -> Values:
    """Return the digenic interaction: fitness beyond the product of the single mutants' fitness."""
    return f_ij - f_i * f_j


def tau(f_ijk: Values, f_ij: Values, f_ik: Values, f_jk: Values, f_i: Values, f_j: Values, f_k: Values) -> Values:
    """Return the trigenic interaction: fitness beyond what singles and digenic interactions foretell."""
    digenic = epsilon(f_ij, f_i, f_j) * f_k + epsilon(f_ik, f_i, f_k) * f_j + epsilon(f_jk, f_j, f_k) * f_i
    return f_ijk - f_i * f_j * f_k - digenic


def interaction_scores(genotypes: NDArray[np.int64], fitness: Fitness, decimals: int) -> Values:
    """Return epsilon of pairs and tau of triples.

    Parameters
    ----------
    genotypes
        int64 [n, k], k <= 3, padded with -1 on the right.
    fitness
        Fitness of any sub-genotype.
    decimals
        Places to which the result is rounded, so that rounding does not pass for an interaction.

    Returns
    -------
    float64 [n]
        NaN for singles and where a fitness is NaN.
    """
    order = (genotypes >= 0).sum(axis=1)
    found = np.full(len(genotypes), np.nan)
    pairs = np.flatnonzero(order == 2)
    if len(pairs):
        i, j = (genotypes[pairs, gene, None] for gene in (0, 1))
        found[pairs] = epsilon(fitness(genotypes[pairs, :2]), fitness(i), fitness(j))
    triples = np.flatnonzero(order == 3)
    if len(triples):
        of = genotypes[triples]
        doubles = (fitness(of[:, list(genes)]) for genes in ((0, 1), (0, 2), (1, 2)))
        singles = (fitness(of[:, gene, None]) for gene in range(3))
        found[triples] = tau(fitness(of), *doubles, *singles)
    # Adding zero turns -0.0 into 0.0.
    return np.round(found, decimals) + 0.0
