"""Strain ids and allele names: which genes a strain lacks, and by what kind of allele."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.genes.names import UNKNOWN, GeneNames

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
        Per strain why it cannot be read; empty where it can.
    """

    names: GeneNames
    drop_control: bool
    ids: list[str] = field(default_factory=list)
    genes: list[tuple[int, int]] = field(default_factory=list)
    kinds: list[tuple[int, int]] = field(default_factory=list)
    crossed: list[bool] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
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
            genes, kinds, fault = self._take_apart(strain, allele)
            self.ids.append(strain)
            self.genes.append(genes)
            self.kinds.append(kinds)
            self.crossed.append("+" in strain)
            self.faults.append(fault)
        return self._codes[key]

    def _take_apart(self, strain: str, allele: str) -> tuple[tuple[int, int], tuple[int, int], str]:
        nothing = (UNKNOWN, UNKNOWN)
        match = _STRAIN.fullmatch(strain)
        orfs = match["genes"].split("+") if match else []
        if match is None or len(orfs) > 2 or not all(orfs):
            return nothing, nothing, f"'{strain}' is not a strain id such as YAL001C_tsq508 or YAL015C+YDL227C_tm461"
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
                return nothing, nothing, self.names.explain(orf)
            kind = _KIND_OF_SUFFIX.get(match["suffix"]) or (kind_of_allele(name) if name else "unspecified")
            found.append((position, KINDS.index(kind)))
        found += [(UNKNOWN, UNKNOWN)] * (2 - len(found))
        return (found[0][0], found[1][0]), (found[0][1], found[1][1]), ""

    def gene_matrix(self) -> NDArray[np.int32]:
        """Return `genes` as int32 [strains, 2]."""
        return np.asarray(self.genes, dtype=np.int32).reshape(-1, 2)

    def kind_matrix(self) -> NDArray[np.int8]:
        """Return `kinds` as int8 [strains, 2]."""
        return np.asarray(self.kinds, dtype=np.int8).reshape(-1, 2)

    def faulty(self) -> NDArray[np.bool_]:
        """Return which strains cannot be read, bool [strains]."""
        return np.fromiter((bool(fault) for fault in self.faults), np.bool_, len(self.faults))

    def labels(self, codes: NDArray[np.int32]) -> pa.DictionaryArray:
        """Return the strain ids of `codes`."""
        return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(self.ids, type=pa.string()))
