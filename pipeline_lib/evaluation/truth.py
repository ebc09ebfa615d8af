"""The noise-free values of simulated screens: what is truly an interaction there."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.cell.genotypes import NO_GENE, gene_positions
from pipeline_lib.cell.queries import genotype_codes, query_genes
from pipeline_lib.evaluation.measurements import Measurements

COLUMNS = ("genes", "fitness", "interaction")

_LAST = np.iinfo(np.int64).max


def read_truths(paths: Mapping[str, Path]) -> dict[str, pd.DataFrame]:
    """Read the truth (`COLUMNS`) of every simulated screen, by its name."""
    return {screen: read_table(path, columns=COLUMNS) for screen, path in paths.items()}


def with_truths(data: Measurements, truths: Mapping[str, pd.DataFrame]) -> Measurements:
    """Return the observations with the noise-free values of their genotypes.

    Parameters
    ----------
    data
        The observations.
    truths
        See `read_truths`. The truth of a raw interaction is that of its own cross: fitness of the genotype less the
        product of the fitness of query and array strain.
    """
    truth = data.truth.copy()
    for screen, table in truths.items():
        if screen in data.genotypes.screens:
            rows = np.flatnonzero(data.genotypes.screen == data.genotypes.screens.index(screen))
            truth[rows] = _true_values(data.take(rows), table)
    return replace(data, truth=truth)


def _true_values(data: Measurements, table: pd.DataFrame) -> NDArray[np.float64]:
    """Return the truth of the rows of one screen, float64 [n]; NaN where the table has none."""
    index = pd.DataFrame({"gene_index": np.arange(len(data.gene_names)), "gene": data.gene_names})
    # Settings can leave out observations, and genes with them.
    known = table["genes"].map(lambda genes: set(genes) <= set(data.gene_names))
    table = table[known]
    own = data.genotypes.genes
    query = query_genes(data.genotypes)
    of_query = (own[:, :, None] == query[:, None, :]).any(axis=2) & (own != NO_GENE)
    listed = gene_positions(index, table["genes"], "truth")
    codes = genotype_codes(np.concatenate([listed, own, _only(own, of_query), _only(own, ~of_query)]))
    ours, of_genotype, of_query_strain, of_array_strain = np.split(codes, len(table) + len(own) * np.arange(3))
    fitness = pd.Series(table["fitness"].to_numpy(np.float64), index=ours)
    interaction = pd.Series(table["interaction"].to_numpy(np.float64), index=ours)
    whole, first, second = (
        fitness.reindex(part).to_numpy(np.float64) for part in (of_genotype, of_query_strain, of_array_strain)
    )
    crossed = (query != NO_GENE).any(axis=1)
    values = {
        "fitness": whole,
        "interaction": interaction.reindex(of_genotype).to_numpy(np.float64),
        "raw_interaction": np.where(crossed, whole - first * second, np.nan),
    }
    codes_of = [PHENOTYPES.index(name) for name in values]
    return np.select([data.genotypes.phenotype == code for code in codes_of], list(values.values()), np.nan)


def _only(genes: NDArray[np.int64], wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the wanted genes of each row, int64 [n, 3], ascending, then -1."""
    kept = np.sort(np.where(wanted & (genes != NO_GENE), genes, _LAST), axis=1)
    return np.where(kept == _LAST, NO_GENE, kept)
