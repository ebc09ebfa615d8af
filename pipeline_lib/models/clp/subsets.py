"""Columns of the subsets of genotypes, and of genotypes with their genes in another order."""

from collections.abc import Mapping

import torch
from torch import Tensor

from pipeline_lib.models.clp import decomposition

Columns = Mapping[str, Tensor]


def permuted(columns: Columns, slots: tuple[int, int, int]) -> dict[str, Tensor]:
    """Return the same genotypes with the gene in slot ``slots[k]`` in slot k; blanks must stay behind.

    Parameters
    ----------
    columns
        See `pipeline_lib.models.clp.columns.columns`; triples where a slot beyond the second is moved.
    slots
        A permutation.
    """
    turned = dict(columns) | {name: columns[name][:, slots] for name in ("genes", "unseen", "single")}
    places = [decomposition.PAIRS.index(_ascending(slots[i], slots[j])) for i, j in decomposition.PAIRS]
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
    i, j = decomposition.PAIRS[position]
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
