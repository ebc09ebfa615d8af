"""Triplets of allele names, and which of the three is the array strain."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.alleles import KINDS, gene_name_of_allele, kind_of_allele
from pipeline_lib.screens.double_mutant_queries import DoubleMutantQueries
from pipeline_lib.sources.rejections import Rejections
from pipeline_lib.sources.row_block import RowBlock

CONTROL_ALLELES = frozenset({"hoΔ", "ho∆"})
WIDTH = 3
NONE = -1


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
    block.reject(~kept, "not three allele names joined by '_'", rejections)
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
    reasons = np.full(len(codes), "", dtype=object)
    reasons[control[codes].sum(axis=1) > 1] = "two neutral controls"
    reasons[twice] = "query and array lack the same gene"
    reasons[unknown.any(axis=1)] = [names.explain(gene_names[code]) for code in first_unknown[unknown.any(axis=1)]]
    wrong = reasons != ""
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
