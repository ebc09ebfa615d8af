"""Rows of a query strain crossed to an array strain as genotypes, and the numbers of repeated measurements."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.genes.names import UNKNOWN
from pipeline_lib.screens.alleles import SAME_GENE, GenotypeColumns, Strains
from pipeline_lib.screens.batch import ONE_SIDED_MAXIMUM, check_values, measurements
from pipeline_lib.sources.row_block import Expected, Reason, Rejections, RowBlock, distinct_pairs


def replicate_numbers(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for every row how many earlier rows have the same key, int64 [n]."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])) if len(keys) else np.empty(0, dtype=np.int64)
    lengths = np.diff(np.append(starts, len(keys)))
    numbers = np.empty(len(keys), dtype=np.int64)
    numbers[order] = np.arange(len(keys)) - np.repeat(starts, lengths)
    return numbers


class PairReplicates:
    """Number the measurements of gene pairs over many batches, in two bytes a pair of genes.

    Parameters
    ----------
    genes
        Size of the gene index.
    """

    def __init__(self, genes: int) -> None:
        self._seen = np.zeros(genes * (genes + 1) // 2, dtype=np.uint16)

    def number(self, pairs: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the replicate numbers of the next rows.

        Parameters
        ----------
        pairs
            int32 [n, 2]: gene indices, in any order.

        Returns
        -------
        int64 [n]
        """
        high = pairs.max(axis=1).astype(np.int64)
        low = pairs.min(axis=1).astype(np.int64)
        slots = high * (high + 1) // 2 + low
        within = replicate_numbers(slots)
        numbers: NDArray[np.int64] = within + self._seen[slots]
        # Where a slot repeats, numpy keeps the last value assigned, which is the greatest.
        self._seen[slots] = numbers + 1
        return numbers


def repeated_values(keys: NDArray[np.int64], value: NDArray[np.float64], std: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the rows that give an earlier row's measurement again, bool [n].

    A row counts as a copy when an earlier row of the same key has the very same value and SD, SD known.
    """
    _, numbers = np.unique(np.column_stack([keys.astype(np.float64), value, std]), axis=0, return_inverse=True)
    return (replicate_numbers(numbers.ravel().astype(np.int64)) > 0) & ~np.isnan(std)


@dataclass(frozen=True)
class StrainPairs:
    """The rows of a block whose strains can be read.

    Attributes
    ----------
    kept
        bool [rows of the block].
    genotypes
        Of the kept rows, n of them.
    query, array
        int32 [n]: codes of the strains.
    """

    kept: NDArray[np.bool_]
    genotypes: GenotypeColumns
    query: NDArray[np.int32]
    array: NDArray[np.int32]


def strain_codes(block: RowBlock, strains: Strains, column: str, alleles: str | None = None) -> NDArray[np.int32]:
    """Return the code of each row's strain, int32 [n], taking each distinct strain apart once.

    Parameters
    ----------
    block
        Rows of the file.
    strains
        Gets the strains it does not know yet.
    column, alleles
        Columns of strain ids and, where the kinds of the alleles follow from their names, of allele names.
    """
    ids = block.text(column)
    if alleles is None or alleles not in block.table.column_names:
        distinct = strains.codes(ids.dictionary.to_pylist())
        return np.asarray(distinct[ids.indices.to_numpy(zero_copy_only=False)])
    left, right, inverse = distinct_pairs(ids, block.text(alleles))
    return strains.codes(left, right)[inverse]


_SWAPPED = Reason("the array strain is one of a trigenic query: are query and array swapped?")

_OF_NO_INTEREST = Reason("no gene of interest is deleted", Expected.UP_TO_HALF)


def strain_pairs(
    block: RowBlock,
    strains: Strains,
    query: NDArray[np.int32],
    array: NDArray[np.int32],
    usable: NDArray[np.bool_],
    rejections: Rejections,
) -> StrainPairs:
    """Return the genotypes of the usable rows; rows whose strains cannot be read are rejected.

    Parameters
    ----------
    block
        Rows of the file.
    strains
        What the codes stand for.
    query, array
        int32 [rows]: codes of the strains.
    usable
        bool [rows]: rows not rejected so far.
    rejections
        Gets the rows whose strain id is malformed, whose gene is unknown or ambiguous, that lack no gene of
        interest, or whose two strains lack the same gene.
    """
    faulty = strains.faulty()
    for codes in (query, array):
        wrong = faulty[codes] & usable
        block.reject(wrong, [strains.faults[code] for code in codes[wrong]], rejections)
        usable &= ~wrong
    genes, kinds = strains.gene_matrix(), strains.kind_matrix()
    swapped = usable & np.asarray(strains.crossed, dtype=bool)[array]
    block.reject(swapped, _SWAPPED, rejections)
    usable &= ~swapped
    # Most screens have single-mutant queries only: two columns sort twice as fast as three.
    width = 2 if len(genes) and (genes[:, 1] != UNKNOWN).any() else 1
    all_genes = np.column_stack([genes[query, :width], genes[array, :1]])
    all_kinds = np.column_stack([kinds[query, :width], kinds[array, :1]])
    if not usable.all():
        all_genes, all_kinds = all_genes[usable], all_kinds[usable]
    genotypes = GenotypeColumns.sort(strains.names, all_genes, all_kinds)
    twice, none = genotypes.one_gene_twice(), genotypes.order == 0
    fine = ~(twice | none)
    if not fine.all():
        rows = np.flatnonzero(usable)
        for wrong, reason in ((twice, SAME_GENE), (none, _OF_NO_INTEREST)):
            mask = np.zeros(len(usable), dtype=bool)
            mask[rows[wrong]] = True
            block.reject(mask, reason, rejections)
        usable = usable.copy()
        usable[rows[~fine]] = False
        genotypes = genotypes.take(fine)
    return StrainPairs(usable, genotypes, query[usable], array[usable])


def read_pairs(block: RowBlock, strains: Strains, rejections: Rejections, needed: str) -> StrainPairs:
    """Return the readable rows of a table of the SGA pipeline: strain ids, one-sided P-values, fitness and its SD.

    Parameters
    ----------
    block
        Rows of the file, with the columns ``query``, ``array``, ``p_value``, ``fitness_std`` and `needed`.
    strains
        Gets the strains it does not know yet.
    rejections
        Gets the rows with impossible values or strains.
    needed
        The column without whose value a row is none.
    """
    usable = check_values(
        block, rejections, needed=needed, p_value="p_value", p_maximum=ONE_SIDED_MAXIMUM, std="fitness_std"
    )
    query, array = (strain_codes(block, strains, column) for column in ("query", "array"))
    return strain_pairs(block, strains, query, array, usable, rejections)


@dataclass(frozen=True)
class Crosses:
    """Query and array strain of every row (int32 codes [n]), their genotype and its replicate number."""

    strains: Strains
    genotypes: GenotypeColumns
    query: NDArray[np.int32]
    array: NDArray[np.int32]
    replicate: NDArray[np.int64]

    @classmethod
    def join(cls, parts: Sequence[StrainPairs], strains: Strains) -> Self:
        """Return the rows of one or several files, in their order; pairs that several hold are replicates."""
        genotypes = GenotypeColumns.concatenate([part.genotypes for part in parts])
        query = np.concatenate([part.query for part in parts])
        array = np.concatenate([part.array for part in parts])
        return cls(strains, genotypes, query, array, replicate_numbers(genotypes.keys()))

    def measured(
        self,
        phenotype: str,
        value: NDArray[np.float64],
        std: NDArray[np.float64],
        p_value: NDArray[np.float64] | None = None,
        raw_p_value: NDArray[np.float64] | None = None,
    ) -> pa.Table:
        """Return the rows that have a value (float64 [n] each, NaN where there is none); P-values are one-sided."""
        rows = np.isfinite(value)
        return measurements(
            self.genotypes.take(rows),
            phenotype,
            value[rows],
            std=std[rows],
            p_value=None if p_value is None else p_value[rows],
            raw_p_value=None if raw_p_value is None else raw_p_value[rows],
            p_sided=1,
            query=self.strains.labels(self.query[rows]),
            array=self.strains.labels(self.array[rows]),
            replicate=self.replicate[rows],
        )


def strain_fitness(
    strains: Strains,
    codes: NDArray[np.int32],
    fitness: NDArray[np.float64],
    *,
    control_fitness: bool,
    role: str,
    std: NDArray[np.float64] | None = None,
) -> pa.Table:
    """Return the fitness of every strain once, although each row of the file repeats it.

    Parameters
    ----------
    strains, codes
        The strain of each row, int32 [n].
    fitness, std
        float64 [n]; NaN where missing.
    control_fitness
        Whether strains with a single mutation of interest are to be returned.
    role
        ``query`` or ``array``: the column that the strain id goes to.
    """
    rows = np.flatnonzero(np.isfinite(fitness))
    # A strain whose fitness differs between rows (two files, rounding) gives one row a distinct value.
    _, first = np.unique(np.column_stack([codes[rows], fitness[rows]]), axis=0, return_index=True)
    rows = rows[np.sort(first)]
    genes = strains.gene_matrix()[codes[rows]]
    wanted = genes[:, 0] != UNKNOWN
    if not control_fitness:
        wanted &= genes[:, 1] != UNKNOWN
    rows = rows[wanted]
    genotypes = GenotypeColumns.sort(strains.names, genes[wanted], strains.kind_matrix()[codes[rows]])
    labels = {role: strains.labels(codes[rows])}
    return measurements(
        genotypes,
        "fitness",
        fitness[rows],
        std=None if std is None else std[rows],
        replicate=replicate_numbers(genotypes.keys()),
        **labels,
    )
