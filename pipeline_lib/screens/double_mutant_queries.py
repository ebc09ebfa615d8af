"""Query strains of trigenic screens, double mutants and their controls, and which of three alleles is the array's."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.alleles import KINDS, NEUTRAL_CONTROL, SAME_GENE, gene_name_of_allele, kind_of_allele
from pipeline_lib.sources.row_block import Column, Reason, Rejections, RowBlock, one_block
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


CONTROL_ALLELES = frozenset({"hoΔ", "ho∆"})
WIDTH = 3
NONE = -1

_NO_TRIPLET = Reason("not three allele names joined by '_'")

_TWO_CONTROLS = Reason("two neutral controls")


@dataclass(frozen=True)
class AlleleTriplets:
    """Triplets of alleles, one of which may be the neutral control.

    Attributes
    ----------
    alleles
        Names of the distinct alleles.
    gene, kind, control
        Per allele its gene index (int32), its kind (int8, position in `KINDS`) and whether it is the control (bool).
    codes
        int32 [n, 3]: alleles of each triplet.
    """

    alleles: list[str]
    gene: NDArray[np.int32]
    kind: NDArray[np.int8]
    control: NDArray[np.bool_]
    codes: NDArray[np.int32]

    @property
    def digenic(self) -> NDArray[np.bool_]:
        """Return which triplets hold the control, bool [n]."""
        return np.asarray(self.control[self.codes].any(axis=1))

    def genes(self) -> NDArray[np.int32]:
        """Return the genes of interest, int32 [n, 3], -1 for the control."""
        return np.where(self.control[self.codes], NONE, self.gene[self.codes]).astype(np.int32)


def read_triplets(
    block: RowBlock, column: str, names: GeneNames, rejections: Rejections
) -> tuple[AlleleTriplets, NDArray[np.bool_]]:
    """Take the triplets of a column apart.

    Returns
    -------
    AlleleTriplets, bool [rows of the block]
        The triplets of the kept rows. Rejected are rows that are not three alleles, name an unknown or ambiguous gene,
        two controls, or one gene twice.
    """
    pieces = pc.split_pattern(block.text(column).cast(pa.string()), "_")
    kept = np.asarray(pc.list_value_length(pieces)) == WIDTH
    block.reject(~kept, _NO_TRIPLET, rejections)
    encoded = pc.list_flatten(pieces.filter(pa.array(kept))).dictionary_encode()
    alleles: list[str] = encoded.dictionary.to_pylist()
    gene_names = [gene_name_of_allele(allele, names) for allele in alleles]
    gene = np.fromiter(map(names.position, gene_names), np.int32, len(alleles))
    kind = np.fromiter((KINDS.index(kind_of_allele(allele)) for allele in alleles), np.int8, len(alleles))
    control = np.fromiter((allele in CONTROL_ALLELES for allele in alleles), np.bool_, len(alleles))
    codes = encoded.indices.to_numpy(zero_copy_only=False).reshape(-1, WIDTH)
    triplets = AlleleTriplets(alleles, gene, kind, control, codes)
    unknown = ((gene < 0) & ~control)[codes]
    first_unknown = codes[np.arange(len(codes)), unknown.argmax(axis=1)]
    genes = np.sort(triplets.genes(), axis=1)
    twice = ((genes[:, 1:] == genes[:, :-1]) & (genes[:, 1:] != NONE)).any(axis=1)
    controls, unnamed = control[codes].sum(axis=1) > 1, unknown.any(axis=1)
    reasons = np.empty(len(codes), dtype=object)
    reasons[controls] = _TWO_CONTROLS
    reasons[twice] = SAME_GENE
    reasons[unnamed] = [names.explain(gene_names[code]) for code in first_unknown[unnamed]]
    wrong = controls | twice | unnamed
    rows = np.flatnonzero(kept)
    mask = np.zeros(len(kept), dtype=bool)
    mask[rows[wrong]] = True
    block.reject(mask, reasons[wrong].tolist(), rejections)
    return AlleleTriplets(alleles, gene, kind, control, codes[~wrong]), kept & ~mask


@dataclass(frozen=True)
class Roles:
    """Which strain was the query and which the array.

    Attributes
    ----------
    query
        int64 [n]: row of `DoubleMutantQueries`; -1 for digenic triplets and where it is ambiguous.
    array
        int32 [n]: allele of the array strain; -1 where it is ambiguous.
    control_gene
        int32 [n]: gene of a digenic triplet's control query; -1 for others and where it is ambiguous.
    """

    query: NDArray[np.int64]
    array: NDArray[np.int32]
    control_gene: NDArray[np.int32]


def assign_roles(triplets: AlleleTriplets, queries: DoubleMutantQueries) -> Roles:
    """Tell query from array: the alleles besides the array's must be those of exactly one known query strain."""
    genes, codes = triplets.genes(), triplets.codes
    digenic = triplets.digenic
    others = [[1, 2], [0, 2], [0, 1]]
    as_double = np.column_stack([queries.find(genes[:, pair]) for pair in others])
    as_double[digenic] = NONE
    is_control = np.isin(genes, list(queries.controls)) & (genes != NONE) & digenic[:, None]
    # In a digenic triplet the array is the allele of interest that is not the query's.
    as_single = np.column_stack([is_control[:, pair].any(axis=1) for pair in others]) & (genes != NONE)
    possible = np.where(digenic[:, None], as_single, as_double != NONE)
    certain = possible.sum(axis=1) == 1
    slot = possible.argmax(axis=1)
    row = np.arange(len(codes))
    remaining = np.where(np.arange(WIDTH) == slot[:, None], NONE, genes)
    return Roles(
        query=np.where(certain, as_double[row, slot], NONE),
        array=np.where(certain, codes[row, slot], NONE).astype(np.int32),
        control_gene=np.where(certain & digenic, remaining.max(axis=1), NONE).astype(np.int32),
    )
