"""Fitness, interactions and each other's definitions, the subsets of a genotype, and their exact growth.

With f the fitness relative to the wild type, a double mutant is f_ij = f_i f_j + e_ij, and a triple mutant
f_ijk = f_i f_j f_k + e_ij f_k + e_ik f_j + e_jk f_i + t_ijk (Kuzmin et al. 2018, doi 10.1126/science.aao1729). The same
functions serve NumPy arrays and torch tensors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline_lib.models.baselines.flux import WILD_TYPE_FITNESS, FluxOfScreens
from pipeline_lib.models.interface import Cell

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


_METHOD = "fba"
_LOST_GROWTH = 1e-6


@dataclass(frozen=True)
class FluxTerms:
    """Terms of n genotypes; a genotype without a gene of the metabolic model has the wild type's.

    Attributes
    ----------
    fitness
        float64 [n]: growth over that of the wild type.
    interaction
        float64 [n]: epsilon of pairs, tau of triples, 0 of single deletions.
    grows_less
        bool [n]: whether the deletion costs growth.
    """

    fitness: NDArray[np.float64]
    interaction: NDArray[np.float64]

    @property
    def grows_less(self) -> NDArray[np.bool_]:
        """Whether the deletions cost growth, bool [n]."""
        return self.fitness < WILD_TYPE_FITNESS - _LOST_GROWTH

    def along(self, order: int, *, call: bool) -> NDArray[np.float64]:
        """Return the term that an assay of this order measures, float64 [n]: a call rises with a negative one."""
        if order == 1:
            return self.fitness - WILD_TYPE_FITNESS
        return -self.interaction if call else self.interaction


class FluxBalance:
    """Terms by flux balance analysis, of the table of knockouts or solved when they are needed."""

    def __init__(self, results: FluxOfScreens) -> None:
        self._results = results

    @classmethod
    def read(cls, cell: Cell) -> Self:
        """Read the table of the cell."""
        return cls(FluxOfScreens(cell, _METHOD))

    def terms(self, genes: NDArray[np.int64], screen: str = "") -> FluxTerms:
        """Return the terms of genotypes int64 [n, 3] on a screen's medium; where the solver failed, the wild type's.

        Raises
        ------
        PipelineError
            When the table lacks a genotype and nothing can solve it.
        """
        fitness, interaction = self._results.of(genes, screen)
        return FluxTerms(np.nan_to_num(fitness, nan=WILD_TYPE_FITNESS), np.nan_to_num(interaction))


class NoFlux:
    """Terms without a metabolic model: those of the wild type."""

    def terms(self, genes: NDArray[np.int64], screen: str = "") -> FluxTerms:  # noqa: ARG002 - the protocol's
        """Return terms of genotypes int64 [n, 3] that change nothing."""
        return FluxTerms(np.full(len(genes), WILD_TYPE_FITNESS), np.zeros(len(genes)))
