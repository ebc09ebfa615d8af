"""Strain ids and allele names: which genes a strain lacks and by what kind of allele; genotypes of many rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.genes.names import MAX_ORDER, UNKNOWN, GeneNames
from pipeline_lib.sources.row_block import Expected, Reason, Rejections, RowBlock

KINDS = (
    "deletion",
    "ts",
    "damp",
    "suppressor",
    "point_mutant",
    "overlapping_deletion",
    "unspecified",
)
"""Kinds of alleles; ``overlapping_deletion``: an overlapping reading frame was deleted, and the gene with it."""

NEUTRAL_CONTROL = "YDL227C"
"""HO: mating-type switching endonuclease; its deletion has no effect on the growth of the SGA strains."""

SAME_GENE = Reason("query and array lack the same gene", Expected.UP_TO_HALF)

_NO_STRAIN = Reason("'{}' is not a strain id such as YAL001C_tsq508 or YAL015C+YDL227C_tm461")

_KIND_OF_SUFFIX = {
    "dma": "deletion",
    "sn": "deletion",
    "tsq": "ts",
    "tsa": "ts",
    "ts": "ts",
    "damp": "damp",
    "S": "suppressor",
}
_STRAIN = re.compile(r"(?P<genes>[^_\s]+)_(?P<suffix>[A-Za-z]+)(?P<number>\d+)")


def kind_of_allele(allele: str) -> str:
    """Return the kind of an allele by its name: ``sla1Δ`` a deletion, ``tfc3_damp`` a DAmP, ``act1-129`` a ts."""
    if allele.endswith(("Δ", "∆")):
        return "deletion"
    lowered = allele.lower()
    if lowered.endswith("damp"):
        return "damp"
    if "-supp" in lowered:
        return "suppressor"
    return "ts" if "-" in allele or "/" in allele else "unspecified"


def gene_name_of_allele(allele: str, names: GeneNames) -> str:
    """Return the gene's part of an allele name such as ``act1-129`` or ``ost3Δ``.

    Gene names may hold hyphens themselves (``YDR169C-A``), so the longest known name before a hyphen is taken.
    """
    bare = allele.rstrip("Δ∆").replace("_damp", "")
    pieces = bare.split("-")
    prefixes = ("-".join(pieces[:length]) for length in range(len(pieces), 0, -1))
    return next((prefix for prefix in prefixes if names.knows(prefix)), bare)


@dataclass
class Strains:
    """Strain ids met so far, each taken apart once.

    Attributes
    ----------
    names
        The gene index.
    drop_control
        Whether the neutral control marks a missing second mutation (trigenic screens) and is no deletion of interest.
    ids
        Strain ids in the order of their codes.
    genes
        Per strain up to two gene indices, -1 for none.
    kinds
        Per strain the kinds of these alleles, positions in `KINDS`.
    crossed
        Per strain whether its id joins two reading frames by ``+``, as those of trigenic queries and their controls do.
    faults
        Why strains cannot be read, by their code; those that can have none.
    """

    names: GeneNames
    drop_control: bool
    ids: list[str] = field(default_factory=list)
    genes: list[tuple[int, int]] = field(default_factory=list)
    kinds: list[tuple[int, int]] = field(default_factory=list)
    crossed: list[bool] = field(default_factory=list)
    faults: dict[int, Reason] = field(default_factory=dict)
    _codes: dict[tuple[str, str], int] = field(default_factory=dict)

    def codes(self, ids: Sequence[str], alleles: Sequence[str] | None = None) -> NDArray[np.int32]:
        """Return the code of each strain, int32 [n]; `alleles` (same length) tells the kinds of ``tm`` strains."""
        labels = alleles if alleles is not None else [""] * len(ids)
        return np.fromiter(
            (self._code(strain, allele) for strain, allele in zip(ids, labels, strict=True)), np.int32, len(ids)
        )

    def _code(self, strain: str, allele: str) -> int:
        key = (strain, allele)
        if key not in self._codes:
            self._codes[key] = len(self.ids)
            genes, kinds = self._take_apart(strain, allele)
            self.ids.append(strain)
            self.genes.append(genes)
            self.kinds.append(kinds)
            self.crossed.append("+" in strain)
        return self._codes[key]

    def _take_apart(self, strain: str, allele: str) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return the genes of the strain that has the next code, and their kinds; note why where it cannot be read."""
        nothing = (UNKNOWN, UNKNOWN)
        match = _STRAIN.fullmatch(strain)
        orfs = match["genes"].split("+") if match else []
        if match is None or len(orfs) > 2 or not all(orfs):
            self.faults[len(self.ids)] = _NO_STRAIN.of(strain)
            return nothing, nothing
        alleles = allele.split("+") if allele.count("+") == len(orfs) - 1 else [""] * len(orfs)
        found: list[tuple[int, int]] = []
        for orf, name in zip(orfs, alleles, strict=True):
            if self.drop_control and orf.upper() == NEUTRAL_CONTROL:
                continue
            # The marker of the strain that carries no deletion at all stands where a gene would.
            if self.drop_control and orf.lower().endswith("control"):
                continue
            position = self.names.position(orf)
            if position < 0:
                self.faults[len(self.ids)] = self.names.explain(orf)
                return nothing, nothing
            kind = _KIND_OF_SUFFIX.get(match["suffix"]) or (kind_of_allele(name) if name else "unspecified")
            found.append((position, KINDS.index(kind)))
        found += [(UNKNOWN, UNKNOWN)] * (2 - len(found))
        return (found[0][0], found[1][0]), (found[0][1], found[1][1])

    def gene_matrix(self) -> NDArray[np.int32]:
        """Return `genes` as int32 [strains, 2]."""
        return np.asarray(self.genes, dtype=np.int32).reshape(-1, 2)

    def kind_matrix(self) -> NDArray[np.int8]:
        """Return `kinds` as int8 [strains, 2]."""
        return np.asarray(self.kinds, dtype=np.int8).reshape(-1, 2)

    def faulty(self) -> NDArray[np.bool_]:
        """Return which strains cannot be read, bool [strains]."""
        found = np.zeros(len(self.ids), dtype=bool)
        found[list(self.faults)] = True
        return found

    def labels(self, codes: NDArray[np.int32]) -> pa.DictionaryArray:
        """Return the strain ids of `codes`."""
        return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(self.ids, type=pa.string()))


_KIND_BITS = 4
_NO_GENE = np.iinfo(np.int32).max


@dataclass(frozen=True)
class GenotypeColumns:
    """Which genes each row lacks, sorted by systematic name, and the kind of each allele.

    Attributes
    ----------
    names
        The gene index.
    genes
        int32 [n, 3]: gene indices in alphabetical order of their systematic names, then -1.
    kinds
        int8 [n, 3]: positions in `KINDS`, in the order of `genes`.
    """

    names: GeneNames
    genes: NDArray[np.int32]
    kinds: NDArray[np.int8]

    @classmethod
    def sort(cls, names: GeneNames, genes: NDArray[np.int32], kinds: NDArray[np.int8]) -> Self:
        """Sort the genes of each row by systematic name; -1 (no gene) goes last.

        Parameters
        ----------
        names
            The gene index.
        genes, kinds
            int [n, k], k <= 3: gene indices (-1 where there is none) and positions in `KINDS`.
        """
        n, width = genes.shape
        rank = np.append(names.rank, 0)[genes]
        key = np.where(genes == UNKNOWN, _NO_GENE, (rank << _KIND_BITS) | np.maximum(kinds, 0))
        key.sort(axis=1)
        by_rank = np.empty(len(names), dtype=np.int32)
        by_rank[names.rank] = np.arange(len(names), dtype=np.int32)
        present = key != _NO_GENE
        sorted_genes = np.full((n, MAX_ORDER), UNKNOWN, dtype=np.int32)
        sorted_kinds = np.full((n, MAX_ORDER), UNKNOWN, dtype=np.int8)
        sorted_genes[:, :width][present] = by_rank[key[present] >> _KIND_BITS]
        sorted_kinds[:, :width][present] = key[present] & ((1 << _KIND_BITS) - 1)
        return cls(names, sorted_genes, sorted_kinds)

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Return the rows of all parts, in their order."""
        genes, kinds = (np.concatenate([getattr(part, name) for part in parts]) for name in ("genes", "kinds"))
        return cls(parts[0].names, genes, kinds)

    def __len__(self) -> int:
        return len(self.genes)

    @property
    def order(self) -> NDArray[np.int64]:
        """Number of deleted genes, int64 [n]."""
        return np.asarray((self.genes != UNKNOWN).sum(axis=1))

    def one_gene_twice(self) -> NDArray[np.bool_]:
        """Return the rows whose strains lack the same gene, bool [n]."""
        same = (self.genes[:, 1:] == self.genes[:, :-1]) & (self.genes[:, 1:] != UNKNOWN)
        return np.asarray(same.any(axis=1))

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "GenotypeColumns":
        """Return the genotypes at `rows` (positions or a mask)."""
        return GenotypeColumns(self.names, self.genes[rows], self.kinds[rows])

    def keys(self) -> NDArray[np.int64]:
        """Return one number a genotype, equal for equal gene sets, int64 [n]."""
        base = len(self.names) + 1
        genes = self.genes.astype(np.int64) + 1
        return (genes[:, 0] * base + genes[:, 1]) * base + genes[:, 2]

    def gene_lists(self) -> pa.ListArray:
        """Return the systematic names of each row, a list a row."""
        return self._lists(self.genes, self.names.genes)

    def kind_lists(self) -> pa.ListArray:
        """Return the kinds of each row, a list a row, in the order of its genes."""
        return self._lists(self.kinds.astype(np.int32), pa.array(KINDS))

    def _lists(self, codes: NDArray[np.int32], labels: pa.Array) -> pa.ListArray:
        offsets = np.zeros(len(codes) + 1, dtype=np.int32)
        np.cumsum(self.order, out=offsets[1:])
        flat = codes[self.genes != UNKNOWN]
        return pa.ListArray.from_arrays(pa.array(offsets), pa.DictionaryArray.from_arrays(pa.array(flat), labels))


def named_genes(
    block: RowBlock, columns: Sequence[str], names: GeneNames, usable: NDArray[np.bool_], rejections: Rejections
) -> NDArray[np.int32]:
    """Return the gene indices of every row, int32 [rows, columns].

    Parameters
    ----------
    block
        Rows of the file.
    columns
        Columns of gene names, in the order wanted.
    names
        The gene index.
    usable
        bool [rows]: rows not rejected so far; rows leave it whose gene is unknown or ambiguous.
    rejections
        Gets these rows.
    """
    positions = []
    for name in columns:
        text = block.text(name)
        found = names.positions(text)
        unknown = usable & (found < 0)
        spelled = text.filter(pa.array(unknown)).to_pylist()
        block.reject(unknown, [names.explain(gene) for gene in spelled], rejections)
        usable &= ~unknown
        positions.append(found)
    return np.column_stack(positions).astype(np.int32)
