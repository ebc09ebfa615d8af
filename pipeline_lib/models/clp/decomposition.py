"""Fitness, interactions and each other's definitions, for a genotype and its subsets.

With f the fitness relative to the wild type, a double mutant is f_ij = f_i f_j + e_ij, and a triple mutant
f_ijk = f_i f_j f_k + e_ij f_k + e_ik f_j + e_jk f_i + t_ijk (Kuzmin et al. 2018, doi 10.1126/science.aao1729). The same
functions serve NumPy arrays and torch tensors.
"""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

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


Columns = Mapping[str, Tensor]


def permuted(columns: Columns, slots: tuple[int, int, int]) -> dict[str, Tensor]:
    """Return the same genotypes with the gene in slot ``slots[k]`` in slot k; blanks must stay behind.

    Parameters
    ----------
    columns
        See `pipeline_lib.models.clp.task.columns`; triples where a slot beyond the second is moved.
    slots
        A permutation.
    """
    turned = dict(columns) | {name: columns[name][:, slots] for name in ("genes", "unseen", "single")}
    places = [PAIRS.index(_ascending(slots[i], slots[j])) for i, j in PAIRS]
    return turned | {name: columns[name][:, places] for name in ("pair", "pair_evidence")}


def single_of(triple: Columns, slot: int) -> dict[str, Tensor]:
    """Return the single mutants of the gene in `slot` of triples."""
    single = torch.ones_like(triple["single"])
    single[:, 0] = triple["single"][:, slot]
    return _subset(triple, (slot,)) | {
        "single": single,
        "pair": torch.zeros_like(triple["pair"]),
        "term": single[:, 0] - 1,
    }


def pair_of(triple: Columns, position: int) -> dict[str, Tensor]:
    """Return the double mutants of the genes of `decomposition.PAIRS[position]` of triples."""
    i, j = PAIRS[position]
    single, pair = torch.ones_like(triple["single"]), torch.zeros_like(triple["pair"])
    single[:, 0], single[:, 1] = triple["single"][:, i], triple["single"][:, j]
    pair[:, 0] = triple["pair"][:, position]
    return _subset(triple, (i, j)) | {
        "single": single,
        "pair": pair,
        "term": pair[:, 0],
        "evidence": triple["pair_evidence"][:, position],
    }


def without_deletion(columns: Columns, assay: int, rows: int = 3) -> dict[str, Tensor]:
    """Return the wild type `rows` times, with its fitness in an assay."""
    none = {name: torch.zeros_like(column[:1]).expand(rows, *column.shape[1:]) for name, column in columns.items()}
    genes, single = torch.full_like(none["genes"], -1), torch.ones_like(none["single"])
    return none | {"genes": genes, "single": single, "assay": torch.full_like(none["assay"], assay)}


def _subset(triple: Columns, slots: tuple[int, ...]) -> dict[str, Tensor]:
    genes, unseen = torch.full_like(triple["genes"], -1), torch.zeros_like(triple["unseen"])
    genes[:, : len(slots)], unseen[:, : len(slots)] = triple["genes"][:, slots], triple["unseen"][:, slots]
    own = len(slots) - 1
    return dict(triple) | {
        "genes": genes,
        "unseen": unseen,
        "assay": triple["levels"][:, own],
        "own_unit": triple["unit"][:, own],
    }


def _ascending(i: int, j: int) -> tuple[int, int]:
    return min(i, j), max(i, j)
