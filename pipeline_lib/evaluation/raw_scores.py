"""Predicted raw interactions of triple mutants, out of a model's predictions of what they are made of.

The releases' P-values of triple mutants test the raw score epsilon_(ij)k of the double-mutant query ij against the
array gene k, models predict tau. By definition (Kuzmin et al., Science 360:eaao1729, 2018)
epsilon_(ij)k = tau_ijk + epsilon_ik f_j + epsilon_jk f_i.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE
from pipeline_lib.cell.queries import genotype_codes
from pipeline_lib.evaluation.measurements import Measurements

Floats = NDArray[np.float64]

_INTERACTION, _FITNESS = PHENOTYPES.index("interaction"), PHENOTYPES.index("fitness")


def raw_from_parts(rows: Measurements, query: NDArray[np.int64], known: Measurements, value: Floats) -> Floats:
    """Return the raw interaction of triple mutants, float64 [n]; NaN where a part is missing.

    Parameters
    ----------
    rows
        Crosses [n] of one screen whose raw interaction is wanted.
    query
        int64 [n, 3]: genes of their query strains, ascending, then -1 (`pipeline_lib.cell.queries.query_genes`).
    known
        Observations [m] of the same screen.
    value
        float64 [m]: what may be known of each of `known`: the model's prediction, or in the training fold the
        measurement.
    """
    genes = rows.genotypes.genes
    whole = (genes != NO_GENE).all(axis=1) & ((query != NO_GENE).sum(axis=1) == MAX_ORDER - 1)
    result = np.full(len(rows), np.nan)
    if not whole.any():
        return result
    genes, query = genes[whole], query[whole]
    array = np.where((genes[:, :, None] == query[:, None, :]).any(axis=2), 0, genes).sum(axis=1)
    first, second = query[:, 0], query[:, 1]
    wanted = [_sorted(genes), *(_sorted(g, array) for g in (first, second)), *(_sorted(g) for g in (first, second))]
    codes = genotype_codes(np.concatenate([known.genotypes.genes, *wanted]))
    ours, *parts = np.split(codes, len(known) + len(genes) * np.arange(len(wanted)))
    phenotype = known.genotypes.phenotype
    interaction, fitness = (
        pd.Series(value[phenotype == code]).groupby(ours[phenotype == code]).mean() for code in (_INTERACTION, _FITNESS)
    )
    tau, epsilon_first, epsilon_second = (interaction.reindex(part).to_numpy(np.float64) for part in parts[:3])
    fitness_first, fitness_second = (fitness.reindex(part).to_numpy(np.float64) for part in parts[3:])
    result[whole] = tau + epsilon_first * fitness_second + epsilon_second * fitness_first
    return result


def _sorted(*columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return genotypes, int64 [n, 3], of columns of genes: ascending, then -1."""
    genes = np.sort(np.column_stack(columns), axis=1)
    return np.pad(genes, ((0, 0), (0, MAX_ORDER - genes.shape[1])), constant_values=NO_GENE)
