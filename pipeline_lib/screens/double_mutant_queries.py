"""The query strains of the trigenic screens of 2018: double mutants and their single-mutant controls."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.alleles import NEUTRAL_CONTROL
from pipeline_lib.sources.rejections import Rejections
from pipeline_lib.sources.row_block import Column, RowBlock, one_block
from pipeline_lib.sources.text_table import read_blocks

_ASSIGNMENT = {
    "first": Column(("ORF1",)),
    "second": Column(("ORF2",)),
    "double": Column(("DMstrainID",)),
    "first_control": Column(("SM1strainID",)),
    "second_control": Column(("SM2strainID",)),
    "annotation": Column(("Annotation",)),
}
_STRAIN_TABLE = ("strain", "fitness", "std")
_ANALYSED = {"tspace", "ppi controls"}
"""Annotations that the authors' program selects before it writes its tables."""


@dataclass(frozen=True)
class DoubleMutantQueries:
    """Query strains that lack a gene pair, and the control strains that lack one gene of it.

    Attributes
    ----------
    genes
        int32 [q, 2]: gene indices, ascending.
    strains
        Strain id of each query, as in Data S1 (``YAL015C+YDR004W_tm2700``).
    analysed
        bool [q]: whether the authors' program analyses the query.
    controls
        Gene index to the id of its control strain; without a number where a gene has several.
    """

    genes: NDArray[np.int32]
    strains: list[str]
    analysed: NDArray[np.bool_]
    controls: dict[int, str]

    def find(self, pairs: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the query that lacks each pair of genes, int64 [n], -1 where there is none.

        Parameters
        ----------
        pairs
            int32 [n, 2]: gene indices in any order.
        """
        base = int(max(self.genes.max(initial=0), pairs.max(initial=0))) + 1
        keys = self.genes[:, 0].astype(np.int64) * base + self.genes[:, 1]
        order = np.argsort(keys)
        wanted = pairs.min(axis=1).astype(np.int64) * base + pairs.max(axis=1)
        place = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
        return np.where(keys[order][place] == wanted, order[place], -1)


def read_queries(
    assignment: Path, strain_table: Path | None, names: GeneNames
) -> tuple[DoubleMutantQueries, list[Rejections]]:
    """Read the queries of the assignment file and further ones of a table of strain fitness.

    Parameters
    ----------
    assignment
        ``assignment_file_170328.csv`` (tab-separated despite its name).
    strain_table
        ``dmf_tr_150226_fromSGAonly.txt``: strain id, fitness, SD, no header; its double mutants that the assignment
        file does not list count as not analysed.
    names
        The gene index.

    Returns
    -------
    DoubleMutantQueries, list of Rejections
        The rejections hold queries with a gene that is not in the index.
    """
    rejections = Rejections(assignment)
    block = one_block(read_blocks(assignment, _ASSIGNMENT, rejections), assignment)
    columns = {name: block.text(name).to_pylist() for name in _ASSIGNMENT}
    found: dict[tuple[int, int], tuple[str, bool]] = {}
    controls: dict[int, list[str]] = {}
    positions = np.column_stack([names.positions(block.text(name)) for name in ("first", "second")])
    unknown: NDArray[np.bool_] = np.any(positions < 0, axis=1)
    wrong = [columns["first"][r] if positions[r, 0] < 0 else columns["second"][r] for r in np.flatnonzero(unknown)]
    block.reject(unknown, [names.explain(name) for name in wrong], rejections)
    for row in np.flatnonzero(~unknown):
        one, two = (columns[name][row] for name in ("first", "second"))
        first, second = (int(position) for position in positions[row])
        analysed = columns["annotation"][row].strip().lower() in _ANALYSED
        found[min(first, second), max(first, second)] = (f"{one}+{two}_{columns['double'][row]}", analysed)
        controls.setdefault(first, []).append(f"{one}+{NEUTRAL_CONTROL}_{columns['first_control'][row]}")
        controls.setdefault(second, []).append(f"{NEUTRAL_CONTROL}+{two}_{columns['second_control'][row]}")
    every = [rejections]
    if strain_table is not None:
        every.append(_add_strains(strain_table, names, found))
    pairs = np.array(list(found), dtype=np.int32).reshape(-1, 2)
    labels = {gene: ids[0] if len(ids) == 1 else ids[0].rpartition("_")[0] for gene, ids in controls.items()}
    queries = DoubleMutantQueries(
        pairs,
        [strain for strain, _ in found.values()],
        np.array([used for _, used in found.values()], dtype=bool),
        labels,
    )
    return queries, every


def _add_strains(path: Path, names: GeneNames, found: dict[tuple[int, int], tuple[str, bool]]) -> Rejections:
    """Add the double mutants of a strain table that are not known yet."""
    rejections = Rejections(path)
    wanted = {"strain": Column(("strain",))}
    block: RowBlock = one_block(read_blocks(path, wanted, rejections, header=_STRAIN_TABLE), path)
    for strain in block.text("strain").to_pylist():
        orfs = strain.rpartition("_")[0].split("+")
        if len(orfs) != 2 or NEUTRAL_CONTROL in orfs:
            continue
        first, second = sorted(names.position(orf) for orf in orfs)
        if first >= 0:
            found.setdefault((first, second), (strain, False))
    return rejections
