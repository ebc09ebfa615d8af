"""What a set of deleted genes must be, and lists of gene names as gene indices."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import UNKNOWN, GeneNames

MAX_ORDER = 3
"""Greatest number of deleted genes."""

FAULTS = (
    "",
    "no gene is named; a genotype has one to three genes",
    "more than three genes are named; a genotype has one to three",
    "one gene is named twice; the genes of a genotype are different",
    "one gene is named; an interaction needs at least two different genes",
)
"""What can be wrong with a genotype, as the end of a sentence; position 0: nothing."""

_NONE, _TOO_MANY, _TWICE, _SINGLE = 1, 2, 3, 4


def smallest_order(phenotype: str) -> int:
    """Return the number of deleted genes that a phenotype needs: 2 for interactions, else 1."""
    return 2 if phenotype in {"interaction", "raw_interaction"} else 1


def genotype_faults(genes: NDArray[np.integer], least: int = 1) -> NDArray[np.int8]:
    """Find the rows that are no genotype.

    Parameters
    ----------
    genes
        int [n, k], any k: gene indices in any order and place, negative where there is no gene.
    least
        Number of different genes that a row needs (`smallest_order` of its phenotype).

    Returns
    -------
    int8 [n]
        Position in `FAULTS` of the first fault of each row; 0 where the row is a genotype.
    """
    present = genes >= 0
    count = present.sum(axis=1)
    # Each missing gene gets a number of its own, so that it equals nothing.
    width = genes.shape[1]
    ordered = np.sort(np.where(present, genes, -1 - np.arange(width)), axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    fault = np.zeros(len(genes), dtype=np.int8)
    fault[count < least] = _SINGLE
    fault[twice] = _TWICE
    fault[count > MAX_ORDER] = _TOO_MANY
    fault[count == 0] = _NONE
    return fault


Place = Callable[[int], str]
"""Gives the words for where the genotype at a position was written: an option, or a file and its row."""


def genotypes_of_lists(lists: pa.ListArray, names: GeneNames, least: int, place: Place) -> NDArray[np.int64]:
    """Turn lists of gene names into rows of gene indices; no row is read by itself.

    Parameters
    ----------
    lists
        list<string> [n]: systematic names, standard names and aliases in any letter case.
    names
        The gene index.
    least
        Number of genes that a genotype needs (`pipeline_lib.genes.genotypes.smallest_order` of its phenotype).
    place
        See `Place`.

    Returns
    -------
    int64 [n, 3]
        Ascending gene indices, then -1.

    Raises
    ------
    PipelineError
        At the first list that names an unknown or ambiguous gene, no gene, one gene twice, or too few or too many.
    """
    flat = lists.flatten()
    owner = np.asarray(pc.list_parent_indices(lists), dtype=np.int64)
    lengths = np.asarray(pc.list_value_length(lists).fill_null(0), dtype=np.int64)
    found = names.positions(flat).astype(np.int64)
    slot = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    # One gene more than allowed is enough to see that there are too many.
    kept = slot <= MAX_ORDER
    # A name that is no gene counts as a gene of its own, so that it hides no other fault.
    code = np.where(found < 0, len(names) + np.arange(len(found)), found)
    genes = np.full((len(lengths), MAX_ORDER + 1), UNKNOWN, dtype=np.int64)
    genes[owner[kept], slot[kept]] = code[kept]
    faults = genotype_faults(genes, least)
    unknown = np.flatnonzero(found < 0)
    faulty = np.flatnonzero(faults)
    if len(unknown) and (not len(faulty) or owner[unknown[0]] <= faulty[0]):
        name = flat[int(unknown[0])].as_py() or ""
        why = names.explain(name.strip()) if name.strip() else "a gene name is missing"
        raise PipelineError(f"{place(int(owner[unknown[0]]))}: {why}.")
    if len(faulty):
        row = int(faulty[0])
        written = "+".join(str(name).strip() for name in lists[row].as_py() or [])
        raise PipelineError(f"{place(row)}: {FAULTS[faults[row]]}{f' (found {written})' if written else ''}.")
    last = np.iinfo(np.int64).max
    ascending = np.sort(np.where(genes == UNKNOWN, last, genes)[:, :MAX_ORDER], axis=1)
    ascending[ascending == last] = UNKNOWN
    return ascending
