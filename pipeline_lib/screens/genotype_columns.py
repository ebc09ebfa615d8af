"""Genotypes of many rows as index arrays, and as the list columns of the observations table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.genes.genotypes import MAX_ORDER
from pipeline_lib.genes.names import UNKNOWN, GeneNames
from pipeline_lib.screens.alleles import KINDS

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
        return (self.genes != UNKNOWN).sum(axis=1)

    def one_gene_twice(self) -> NDArray[np.bool_]:
        """Return the rows whose strains lack the same gene, bool [n]."""
        same = (self.genes[:, 1:] == self.genes[:, :-1]) & (self.genes[:, 1:] != UNKNOWN)
        return same.any(axis=1)

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
