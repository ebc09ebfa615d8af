"""What the folds of a split share, beside what the split keeps apart."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts.schemas import FOLDS
from pipeline_lib.cell.genotypes import NO_GENE, Genotypes
from pipeline_lib.cell.queries import genotype_codes, query_genes, symmetric_rows
from pipeline_lib.cell.splits import TEST, TRAIN, VALIDATION, Assignment
from pipeline_lib.config.cell import kind_and_repeat
from pipeline_lib.errors import PipelineError

KEPT_APART: dict[str, frozenset[str]] = {
    "random": frozenset({"genotypes"}),
    "query_disjoint": frozenset({"genotypes", "queries"}),
    "gene_disjoint_one": frozenset({"genotypes", "one unseen gene"}),
    "gene_disjoint_all": frozenset({"genotypes", "genes"}),
    "cross_screen": frozenset({"genotypes", "screens"}),
}
"""What no two folds of a split may share; ``one unseen gene`` counts tested genotypes without exactly one."""


def leakage_table(data: Genotypes, assignment: Assignment, split: str) -> pd.DataFrame:
    """Count what every two folds share; a repeat keeps apart what its kind does.

    Returns
    -------
    DataFrame
        split, unit ('genotypes', 'queries', 'genes', 'screens', 'one unseen gene'), first, second (folds),
        shared (count), of (units in the second fold), ``promised`` (bool: the split keeps it apart), holds (bool).
    """
    rows = []
    kept_apart = KEPT_APART[kind_and_repeat(split)[0]]
    for unit, first, second, shared, total in _counts(data, assignment):
        must_differ = unit in kept_apart and not (unit == "screens" and TEST not in (first, second))
        rows.append(
            {
                "split": split,
                "unit": unit,
                "first": FOLDS[first],
                "second": FOLDS[second],
                "shared": shared,
                "of": total,
                "promised": must_differ,
                "holds": not must_differ or shared == 0,
            }
        )
    return pd.DataFrame(rows)


def _counts(data: Genotypes, assignment: Assignment) -> Iterator[tuple[str, int, int, int, int]]:
    folds = [np.flatnonzero(assignment.fold == value) for value in (TRAIN, VALIDATION, TEST)]
    units: dict[str, list[NDArray[Any]]] = {
        "genotypes": [np.unique(genotype_codes(data.genes)[rows]) for rows in folds],
        "queries": _query_units(data, assignment, folds),
        "genes": [np.setdiff1d(data.genes[rows], [NO_GENE]) for rows in folds],
        "screens": [np.unique(data.screen[rows]) for rows in folds],
    }
    for unit, of_fold in units.items():
        for first, second in combinations((TRAIN, VALIDATION, TEST), 2):
            shared = np.intersect1d(of_fold[first], of_fold[second]).size
            yield unit, first, second, int(shared), int(of_fold[second].size)
    seen = np.zeros(int(data.genes.max(initial=0)) + 2, dtype=bool)
    seen[units["genes"][TRAIN]] = True
    for value in (VALIDATION, TEST):
        genes = data.genes[folds[value]]
        unseen = (~seen[genes] & (genes != NO_GENE)).sum(axis=1)
        yield "one unseen gene", TRAIN, value, int((unseen != 1).sum()), len(genes)


def _query_units(data: Genotypes, assignment: Assignment, folds: list[NDArray[np.int64]]) -> list[NDArray[np.object_]]:
    """Return the queries of each fold: gene sets in array screens, the split's own query genes in symmetric ones."""
    symmetric = symmetric_rows(data)
    key = np.full(len(data), "", dtype=object)
    key[symmetric] = np.char.add(data.screen[symmetric].astype(str), assignment.group[symmetric].astype(str))
    rows = np.flatnonzero((data.query >= 0) & ~symmetric)
    part = data.take(rows)
    key[rows] = genotype_codes(query_genes(part)).astype(str)
    return [np.unique(key[rows][key[rows] != ""].astype(str)) for rows in folds]


def check_leakage(table: pd.DataFrame) -> None:
    """Fail the run when folds share what their split keeps apart.

    Raises
    ------
    PipelineError
        Names the split, the folds, what they share and how many.
    """
    broken = table[~table["holds"]]
    if len(broken):
        row = broken.iloc[0]
        raise PipelineError(
            f"split {row['split']}: {row['shared']} of {row['of']} {row['unit']} are shared between "
            f"{row['first']} and {row['second']}; this is a defect of the split, not of the data."
        )
