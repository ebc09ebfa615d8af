"""Digenic and trigenic interactions from fitness, by their definitions (Kuzmin et al., Science 360:eaao1729, 2018)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

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
