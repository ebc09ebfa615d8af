"""Fitness, interactions and each other's definitions, for a genotype and its subsets; what control crosses measured.

With f the fitness relative to the wild type, a double mutant is f_ij = f_i f_j + e_ij, and a triple mutant
f_ijk = f_i f_j f_k + e_ij f_k + e_ik f_j + e_jk f_i + t_ijk (Kuzmin et al. 2018, doi 10.1126/science.aao1729). The same
functions serve NumPy arrays and torch tensors.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline_lib.artefacts import PHENOTYPES
from pipeline_lib.cell.genotypes import MAX_ORDER, Genotypes

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
    whole: Array = product_of_singles(single) + pairs_in_fitness(single, pair) + triple
    return whole


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
    total: Array = triple - product_of_singles(single)
    for position, (i, j) in enumerate(PAIRS):
        left_out = 3 - i - j
        total = total - epsilon(double[:, position], single[:, i], single[:, j]) * single[:, left_out]
    return total


_INTERACTION = PHENOTYPES.index("interaction")


@dataclass(frozen=True)
class ControlCrosses:
    """What the control crosses of triple mutants measured beyond what was expected of them.

    A trigenic screen measures the fitness of a triple on an array strain k, and takes the digenic interactions e_ik and
    e_jk from control crosses of single-mutant queries with the same strain (Kuzmin et al. 2018). So a mistake in a
    control cross enters the published t_ijk = f_ijk - f_ij f_k - e_ik f_j - e_jk f_i with the opposite sign, times the
    fitness of the other query gene.

    Attributes
    ----------
    screens
        Screens that measured triples, and pairs on named array strains.
    strains
        What the codes of array strains stand for.
    num_genes
        Size of the gene index.
    key
        int64 [c], ascending: screen, array strain and genes of each control cross as one integer.
    residual
        float64 [c]: its measurement less what is estimated of it from other crosses.
    """

    screens: tuple[str, ...]
    strains: tuple[str, ...]
    num_genes: int
    key: NDArray[np.int64]
    residual: NDArray[np.float64]

    @classmethod
    def none(cls) -> Self:
        """Return no control crosses, of no screen."""
        return cls((), (), 0, np.zeros(0, dtype=np.int64), np.zeros(0))

    @classmethod
    def of(cls, train: Genotypes, num_genes: int) -> Self:
        """Return no crosses yet, of the screens of a training fold that have triples and controls."""
        measured = (train.phenotype == _INTERACTION) & (train.screen >= 0)
        triples = train.screen[measured & (train.order == MAX_ORDER)]
        controls = train.screen[measured & (train.order == 2) & (train.array >= 0)]
        screens = tuple(train.screens[code] for code in np.intersect1d(triples, controls))
        return (
            replace(cls.none(), screens=screens, strains=train.strains, num_genes=num_genes) if screens else cls.none()
        )

    def with_pairs(
        self,
        screen: str,
        pairs: Genotypes,
        estimate: NDArray[np.float64],
        left_out: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]],
    ) -> "ControlCrosses":
        """Add the measured pairs of one of the screens.

        Parameters
        ----------
        screen
            Its name.
        pairs
            n double mutants of its training fold.
        estimate
            float64 [n]: estimates of their interaction, which may have seen it.
        left_out
            Positions in `pairs`, estimates that did not see the interaction, and their SD, [m] each; those of one pair
            weigh by their precision, and replace `estimate`.
        """
        rows, value, std = left_out
        weight = np.bincount(rows, std**-2.0, len(pairs))
        total = np.bincount(rows, std**-2.0 * value, len(pairs))
        expected = np.where(weight > 0, total / np.maximum(weight, 1e-300), estimate)
        residual = pairs.value - expected
        named = pairs.array >= 0
        place = np.full(len(pairs), self.screens.index(screen))
        keys = self._keys(place, pairs.array, pairs.genes[:, 0], pairs.genes[:, 1])[named]
        key, inverse = np.unique(keys, return_inverse=True)
        mean = np.bincount(inverse, residual[named]) / np.bincount(inverse)
        key, mean = np.append(self.key, key), np.append(self.residual, mean)
        order = np.argsort(key)
        return replace(self, key=key[order], residual=mean[order])

    def residuals(self, triples: Genotypes) -> NDArray[np.float64]:
        """Return the residuals of the control crosses of triples, float64 [n, 3] in the order of `PAIRS`.

        NaN where none was measured. A triple that names no array strain has none: its controls are still to be made.
        """
        found = np.full((len(triples), len(PAIRS)), np.nan)
        if not len(self.key):
            return found
        screen = _places(self.screens, triples.screens)[triples.screen]
        array = _places(self.strains, triples.strains)[triples.array]
        known = (screen >= 0) & (array >= 0)
        for position, slots in enumerate(PAIRS):
            key = self._keys(screen, array, *(triples.genes[:, slot] for slot in slots))
            place = np.searchsorted(self.key, key).clip(max=len(self.key) - 1)
            there = known & (self.key[place] == key)
            found[there, position] = self.residual[place[there]]
        return found

    def _keys(
        self,
        screen: NDArray[np.int64],
        array: NDArray[np.int64],
        first: NDArray[np.int64],
        second: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        cross = screen * len(self.strains) + array
        low, high = np.minimum(first, second), np.maximum(first, second)
        return (cross * self.num_genes + low) * self.num_genes + high

    def state(self) -> dict[str, Any]:
        """Return arrays and plain values."""
        return vars(self) | {"screens": list(self.screens), "strains": list(self.strains)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Return what `state` was taken from."""
        return cls(**dict(state) | {"screens": tuple(state["screens"]), "strains": tuple(state["strains"])})


def _places(known: tuple[str, ...], names: tuple[str, ...]) -> NDArray[np.int64]:
    """Return where each name stands among the known ones; -1 for others, and in the last place for no name."""
    if known == names:
        return np.append(np.arange(len(known)), -1)
    return np.append(pd.Index(known, dtype=object).get_indexer(pd.Index(names, dtype=object)).astype(np.int64), -1)


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
