"""Fitness of the strains themselves, released beside every cross that they are in."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.genes.names import UNKNOWN
from pipeline_lib.screens.alleles import Strains
from pipeline_lib.screens.batch import measurements
from pipeline_lib.screens.genotype_columns import GenotypeColumns
from pipeline_lib.screens.replicates import replicate_numbers


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
