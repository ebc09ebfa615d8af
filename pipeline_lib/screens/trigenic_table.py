"""The table of Kuzmin et al. 2018 (Data S1) and 2020 (Tables S1 and S3): one layout, read once.

A digenic row is a control query (one mutation beside the neutral ho deletion) crossed to the array, its score epsilon;
a trigenic row is a double-mutant query crossed to the array, its adjusted score tau.

P-values are one-sided (at most 0.5) and test the raw epsilon (``compute_sgascore.m`` of the authors' scoring program
makes them before trigenic scores are adjusted). So a P-value stands on the row of the score that it tests: on the
interaction itself where raw and adjusted score are the same, as in digenic rows, and else on a row of phenotype
``raw_interaction``; the interaction then carries it in the column ``raw_p_value``, for thresholds such as
tau < -0.08 and P < 0.05.

The SD of a combined fitness is that of its raw epsilon (same program: ``dm_actual_std = eps_std``), so the raw score
carries it too; an adjusted trigenic score has none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.screens.alleles import Strains
from pipeline_lib.screens.batch import Rejections, measurements
from pipeline_lib.screens.gene_names import UNKNOWN
from pipeline_lib.screens.genotype_columns import GenotypeColumns
from pipeline_lib.screens.replicates import replicate_numbers
from pipeline_lib.screens.row_block import Column, RowBlock
from pipeline_lib.screens.strain_pairs import StrainPairs, strain_codes, strain_pairs
from pipeline_lib.screens.value_checks import ONE_SIDED_MAXIMUM, check_values

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
    block.reject(
        contradicts,
        [f"mutant type '{kind}' contradicts the query strain" for kind in mutant_type[contradicts]],
        rejections,
    )
    usable &= ~contradicts
    return TrigenicRows(block, strain_pairs(block, strains, query, array, usable, rejections))


def trigenic_measurements(
    parts: Sequence[TrigenicRows], strains: Strains, *, control_fitness: bool, temperature: float | None = None
) -> pa.Table:
    """Return interactions, raw interactions, combined fitness, and the fitness of every strain once.

    Parameters
    ----------
    parts
        One or several files of one screen; strain pairs measured in several are replicates.
    strains
        What the codes stand for.
    control_fitness
        Whether the fitness of a control query is a measurement; in 2020 it is a placeholder.
    temperature
        Degrees Celsius.
    """
    genotypes = _joined([part.pairs.genotypes for part in parts])
    query = np.concatenate([part.pairs.query for part in parts])
    array = np.concatenate([part.pairs.array for part in parts])
    columns = {name: np.concatenate([part.number(name) for part in parts]) for name in _NUMBERS}
    replicate = replicate_numbers(genotypes.keys())
    same_score = columns["raw"] == columns["adjusted"]

    def rows(mask: NDArray[np.bool_], phenotype: str, value: str, std: NDArray[np.float64], p: NDArray[np.float64],
             raw_p: NDArray[np.float64]) -> pa.Table:  # fmt: skip
        return measurements(
            genotypes.take(mask), phenotype, columns[value][mask], std=std[mask], p_value=p[mask], p_sided=1,
            query=strains.labels(query[mask]), array=strains.labels(array[mask]), replicate=replicate[mask],
            temperature=temperature, extra={"raw_p_value": pa.array(raw_p[mask], from_pandas=True)},
        )  # fmt: skip

    p_value, std, none = columns["p_value"], columns["fitness_std"], np.full(len(genotypes), np.nan)
    own = np.where(same_score, p_value, np.nan)
    everything = np.ones(len(genotypes), dtype=bool)
    return pa.concat_tables(
        [
            rows(everything, "interaction", "adjusted", np.where(same_score, std, np.nan), own, p_value),
            rows(~same_score & np.isfinite(columns["raw"]), "raw_interaction", "raw", std, p_value, none),
            rows(np.isfinite(columns["fitness"]), "fitness", "fitness", std, none, none),
            strain_fitness(strains, query, columns["query_fitness"], control_fitness=control_fitness, role="query"),
            strain_fitness(strains, array, columns["array_fitness"], control_fitness=True, role="array"),
        ],
        promote_options="default",
    )


_NUMBERS = ("raw", "adjusted", "p_value", "query_fitness", "array_fitness", "fitness", "fitness_std")


def _joined(parts: Sequence[GenotypeColumns]) -> GenotypeColumns:
    return GenotypeColumns(
        parts[0].names, np.concatenate([part.genes for part in parts]), np.concatenate([part.kinds for part in parts])
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
        genotypes, "fitness", fitness[rows], std=None if std is None else std[rows],
        replicate=replicate_numbers(genotypes.keys()), **labels,
    )  # fmt: skip
