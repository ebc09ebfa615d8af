"""Kuzmin et al. 2018 (Data S1, ``aao1729_data_s1.tsv``) and 2020 (Tables S1 and S3, two workbooks): one layout.

Digenic epsilon and trigenic tau, fitness and P-values, in fitness units (wild type = 1). Of 2018 only negative tau were
released, and the table names no temperature. Of 2020, Table S1 holds the trigenic screens of duplicated genes and Table
S3 the pilot screens, each under one title row; strain pairs that both hold were measured twice and are replicates. The
fitness of control queries is a placeholder there (1.0 or empty) and is not read.

A digenic row is a control query (one mutation beside the neutral ho deletion) crossed to the array, its score epsilon;
a trigenic row is a double-mutant query crossed to the array, its adjusted score tau.

P-values are one-sided (at most 0.5) and test the raw epsilon (``compute_sgascore.m`` of the authors' scoring program
makes them before trigenic scores are adjusted). So a P-value stands on the row of the score that it tests: on the
interaction itself where raw and adjusted score are the same, as in digenic rows, and else on a row of phenotype
``raw_interaction``; the interaction then carries it in the column ``raw_p_value``, for thresholds such as
tau < -0.08 and P < 0.05.

The SD of a combined fitness is that of its raw epsilon (same program: ``dm_actual_std = eps_std``), so the raw score
carries it too; an adjusted trigenic score has none.

``unique_triples.tsv`` holds the rows of Data S1 whose gene triple occurs there more than once: strain ids, P-value,
combined mutant fitness and its SD, but no interaction score. The P-values belong to the raw epsilon of the row, which
is not given, and stand on the row's fitness. A biased subset: of every repeated triple the row with the lowest P-value
is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.genes.names import UNKNOWN
from pipeline_lib.screens.alleles import Strains
from pipeline_lib.screens.batch import ONE_SIDED_MAXIMUM, Batch, Batches, Source, check_values
from pipeline_lib.screens.strain_pairs import (
    Crosses,
    StrainPairs,
    read_pairs,
    strain_codes,
    strain_fitness,
    strain_pairs,
)
from pipeline_lib.sources.excel_table import read_sheet
from pipeline_lib.sources.row_block import Column, Reason, RejectedRows, Rejections, RowBlock, one_block
from pipeline_lib.sources.text_table import read_blocks

Values = NDArray[np.float64]

COLUMNS = {
    "query": Column(("Query strain ID",)),
    "query_allele": Column(("Query allele name",)),
    "array": Column(("Array strain ID",)),
    "array_allele": Column(("Array allele name",)),
    "mutant": Column(("Combined mutant type",)),
    "raw": Column(("Raw genetic interaction score (epsilon)",), "number"),
    "adjusted": Column(("Adjusted genetic interaction score (epsilon or tau)",), "number"),
    "p_value": Column(("P-value",), "number"),
    "query_fitness": Column(("Query single/double mutant fitness",), "number"),
    "array_fitness": Column(("Array single mutant fitness",), "number"),
    "fitness": Column(("Combined mutant fitness", "Double/triple mutant fitness"), "number"),
    "fitness_std": Column(
        ("Combined mutant fitness standard deviation", "Double/triple mutant fitness standard deviation"), "number"
    ),
}
_DIGENIC, _TRIGENIC = "digenic", "trigenic"


@dataclass(frozen=True)
class TrigenicRows:
    """The readable rows of one file.

    Attributes
    ----------
    block
        All rows of the file.
    pairs
        The readable ones and their genotypes.
    """

    block: RowBlock
    pairs: StrainPairs

    def number(self, name: str) -> NDArray[np.float64]:
        """Return a column of the readable rows, NaN where missing."""
        return self.block.number(name)[self.pairs.kept]


_CONTRADICTION = Reason("mutant type '{}' contradicts the query strain")


def trigenic_rows(block: RowBlock, strains: Strains, rejections: Rejections) -> TrigenicRows:
    """Return the readable rows of a file; the others are rejected.

    Beside impossible values and strains, a row is rejected whose mutant type contradicts its query strain: a control
    query makes digenic rows, a double-mutant query trigenic ones.
    """
    usable = check_values(
        block, rejections, needed="adjusted", p_value="p_value", p_maximum=ONE_SIDED_MAXIMUM, std="fitness_std"
    )
    query = strain_codes(block, strains, "query", "query_allele")
    array = strain_codes(block, strains, "array", "array_allele")
    mutant = block.text("mutant")
    types = np.array([text.strip().lower() for text in mutant.dictionary.to_pylist()] or [""])
    mutant_type = types[mutant.indices.to_numpy(zero_copy_only=False)]
    double = strains.gene_matrix()[query, 1] != UNKNOWN
    contradicts = usable & ~strains.faulty()[query] & (mutant_type != np.where(double, _TRIGENIC, _DIGENIC))
    block.reject(contradicts, [_CONTRADICTION.of(kind) for kind in mutant_type[contradicts]], rejections)
    usable &= ~contradicts
    return TrigenicRows(block, strain_pairs(block, strains, query, array, usable, rejections))


def trigenic_measurements(parts: Sequence[TrigenicRows], strains: Strains, *, control_fitness: bool) -> pa.Table:
    """Return interactions, raw interactions, combined fitness, and the fitness of every strain once.

    Parameters
    ----------
    parts
        One or several files of one screen; strain pairs measured in several are replicates.
    strains
        What the codes stand for.
    control_fitness
        Whether the fitness of a control query is a measurement; in 2020 it is a placeholder.
    """
    crosses = Crosses.join([part.pairs for part in parts], strains)
    raw, adjusted, p_value, fitness, std = (
        np.concatenate([part.number(name) for part in parts])
        for name in ("raw", "adjusted", "p_value", "fitness", "fitness_std")
    )
    unadjusted, unknown = raw == adjusted, np.full(len(raw), np.nan)
    own_std, own_p_value = (np.where(unadjusted, column, np.nan) for column in (std, p_value))
    strain_columns = (("query", crosses.query, control_fitness), ("array", crosses.array, True))
    return pa.concat_tables(
        [
            crosses.measured("interaction", adjusted, own_std, own_p_value, p_value),
            crosses.measured("raw_interaction", np.where(unadjusted, np.nan, raw), std, p_value, unknown),
            crosses.measured("fitness", fitness, std, unknown, unknown),
            *(
                strain_fitness(
                    strains,
                    codes,
                    np.concatenate([part.number(f"{role}_fitness") for part in parts]),
                    control_fitness=controls,
                    role=role,
                )
                for role, codes, controls in strain_columns
            ),
        ],
        promote_options="default",
    )


def read_2018(source: Source) -> Batches:
    """Yield one batch."""
    path = source.files["table"]
    rejections = Rejections(path)
    strains = Strains(source.names, drop_control=True)
    rows = trigenic_rows(one_block(read_blocks(path, COLUMNS, rejections), path), strains, rejections)
    table = trigenic_measurements([rows], strains, control_fitness=True)
    yield Batch(table, rejections.take(), len(rows.pairs.genotypes))


_TABLES_OF_2020 = ("S1", "S3")


def read_2020(source: Source) -> Batches:
    """Yield one batch: both tables together, S1 first."""
    strains = Strains(source.names, drop_control=True)
    parts: list[TrigenicRows] = []
    rejected: list[RejectedRows] = []
    for role in (role for role in _TABLES_OF_2020 if role in source.files):
        path = source.files[role]
        rejections = Rejections(path)
        parts.append(trigenic_rows(read_sheet(path, COLUMNS, rejections), strains, rejections))
        rejected.append(rejections.take())
    table = trigenic_measurements(parts, strains, control_fitness=False)
    yield Batch(table, RejectedRows.join(rejected), sum(len(part.pairs.genotypes) for part in parts))


_COLUMNS_OF_REPEATS = {
    "query": Column(("Query strain ID",)),
    "array": Column(("Array strain ID",)),
    "p_value": Column(("P-value",), "number"),
    "fitness": Column(("Combined mutant fitness",), "number"),
    "fitness_std": Column(("Combined mutant fitness standard deviation",), "number"),
}


def read_repeats_2018(source: Source) -> Batches:
    """Yield one batch of double- and triple-mutant fitness."""
    path = source.files["table"]
    rejections = Rejections(path)
    block = one_block(read_blocks(path, _COLUMNS_OF_REPEATS, rejections), path)
    strains = Strains(source.names, drop_control=True)
    pairs = read_pairs(block, strains, rejections, needed="fitness")
    fitness, std, p_value = (block.number(name)[pairs.kept] for name in ("fitness", "fitness_std", "p_value"))
    table = Crosses.join([pairs], strains).measured("fitness", fitness, std, p_value)
    yield Batch(table, rejections.take(), len(pairs.genotypes))
