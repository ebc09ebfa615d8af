"""Fitness, interactions and each other's definitions: the multiplicative model and what departs from it.

With f the fitness relative to the wild type, a double mutant is f_ij = f_i f_j + e_ij, and a triple mutant
f_ijk = f_i f_j f_k + e_ij f_k + e_ik f_j + e_jk f_i + t_ijk (Kuzmin et al. 2018, doi 10.1126/science.aao1729). The same
functions serve NumPy arrays and torch tensors.
"""

from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

Array = TypeVar("Array", NDArray[np.float64], torch.Tensor)

PAIRS = ((0, 1), (0, 2), (1, 2))
"""Slots of the genes of a triple's pairs, in the order in which their interactions are given."""


def product_of_singles(single: Array) -> Array:
    """Return f_i f_j f_k, [n], from single-mutant fitness [n, 3]; 1 stands for no deletion."""
    return single[:, 0] * single[:, 1] * single[:, 2]


def pairs_in_fitness(single: Array, pair: Array) -> Array:
    """Return e_ij f_k + e_ik f_j + e_jk f_i, [n]: what the digenic interactions add to the fitness of all three.

    Parameters
    ----------
    single
        Single-mutant fitness [n, 3]; 1 stands for no deletion.
    pair
        Digenic interactions [n, 3] in the order of `PAIRS`; 0 where there is no such pair.
    """
    return pair[:, 0] * single[:, 2] + pair[:, 1] * single[:, 1] + pair[:, 2] * single[:, 0]


def fitness(single: Array, pair: Array, triple: Array) -> Array:
    """Return the fitness of genotypes, [n], from single-mutant fitness, digenic and trigenic interactions.

    Parameters
    ----------
    single, pair
        [n, 3]; see `pairs_in_fitness`.
    triple
        Trigenic interactions [n]; 0 where there is no triple.
    """
    return product_of_singles(single) + pairs_in_fitness(single, pair) + triple


def epsilon(double: Array, first: Array, second: Array) -> Array:
    """Return the digenic interaction e_ij = f_ij - f_i f_j, [n]."""
    return double - first * second


def tau(triple: Array, single: Array, double: Array) -> Array:
    """Return the trigenic interaction of triples, [n], from the fitness of all their subsets.

    Parameters
    ----------
    triple
        Fitness of the triples [n].
    single
        Fitness of their single mutants [n, 3].
    double
        Fitness of their double mutants [n, 3], in the order of `PAIRS`.
    """
    total = triple - product_of_singles(single)
    for position, (i, j) in enumerate(PAIRS):
        left_out = 3 - i - j
        total = total - epsilon(double[:, position], single[:, i], single[:, j]) * single[:, left_out]
    return total
