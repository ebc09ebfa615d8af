"""Genotypes in and out of parquet tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.genotypes import genotypes_of_lists
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.metabolism.knockouts.genotype_arrays import NO_GENE, sub_genotypes
from pipeline_lib.metabolism.knockouts.growths import FITNESS_DECIMALS, Growths
from pipeline_lib.metabolism.knockouts.interaction_scores import interaction_scores
from pipeline_lib.metabolism.programs.bit_sets import unique_sets
from pipeline_lib.metabolism.programs.flux import Method


def read_genotypes(path: Path, names: GeneNames) -> NDArray[np.int64]:
    """Read the genotypes of any parquet table with a list column ``genes`` of one to three different genes a row.

    Parameters
    ----------
    path
        The table.
    names
        The gene index; systematic names, standard names and aliases in any letter case are read.

    Returns
    -------
    int64 [n, k]
        Gene indices of every row, ascending, padded with -1 on the right.

    Raises
    ------
    PipelineError
        When the table is missing, is not parquet, lacks the column, names what is no gene of the index, or has a row
        that is no genotype (`pipeline_lib.genes.genotypes.FAULTS`); rows count from 1.
    """
    try:
        lists = pq.read_table(path, columns=["genes"])["genes"].combine_chunks()
    except FileNotFoundError as error:
        raise PipelineError(f"{path} does not exist; give a table with a list column 'genes'.") from error
    except (pa.ArrowException, OSError, KeyError) as error:
        raise PipelineError(f"{path} is no parquet table with a list column 'genes'; make it anew.") from error
    if not _is_list_of_names(lists.type):
        raise PipelineError(f"{path}: the column 'genes' holds {lists.type}, not lists of gene names; make it anew.")
    genotypes = genotypes_of_lists(
        lists.cast(pa.list_(pa.string())), names, 1, lambda row: f"{path}: row {row + 1} (counted from 1)"
    )
    return genotypes[:, : max(1, (genotypes >= 0).sum(axis=1).max(initial=0))]


def screens_of_genotypes(path: Path, rows: int) -> NDArray[np.str_]:
    """Return the column ``screen`` of a table of genotypes, str [rows]; empty texts where it has none."""
    if "screen" not in pq.read_schema(path).names:
        return np.full(rows, "")
    return pq.read_table(path, columns=["screen"])["screen"].to_pandas().fillna("").to_numpy(str)


def _is_list_of_names(kind: pa.DataType) -> bool:
    nested = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    if not nested:
        return False
    # A list column whose every list is empty has no type of content.
    names = kind.value_type.value_type if pa.types.is_dictionary(kind.value_type) else kind.value_type
    return (
        pa.types.is_string(names)
        or pa.types.is_large_string(names)
        or pa.types.is_string_view(names)
        or pa.types.is_null(names)
    )


def with_sub_genotypes(genotypes: NDArray[np.int64], num_genes: int) -> NDArray[np.int64]:
    """Return the distinct genotypes and all their sub-genotypes, int64 [n, k], padded with -1, by order and gene."""
    first, _ = unique_sets(genotypes.view(np.uint64))
    width = genotypes.shape[1]
    return np.concatenate(
        [
            np.pad(level, ((0, 0), (0, width - level.shape[1])), constant_values=NO_GENE)
            for level in sub_genotypes(genotypes[first], num_genes)
        ]
    )


def gene_lists(genotypes: NDArray[np.int64], genes: tuple[str, ...]) -> pd.Series:
    """Return the genotypes (int64 [n, k], padded with -1) as lists of names, sorted as text."""
    names = np.array(genes, dtype=object)
    order = (genotypes >= 0).sum(axis=1)
    lists = np.empty(len(genotypes), dtype=object)
    for size in np.unique(order).tolist():
        rows = np.flatnonzero(order == size)
        for row, members in zip(rows.tolist(), names[genotypes[rows, :size]].tolist(), strict=True):
            lists[row] = sorted(members)
    return pd.Series(lists)


def knockout_table(
    growths: Growths, genotypes: NDArray[np.int64], genes: tuple[str, ...], method: Method
) -> pd.DataFrame:
    """Return growth, fitness and interaction of genotypes.

    Parameters
    ----------
    growths
        What `solve_knockouts` found; it must cover the genotypes.
    genotypes
        int64 [n, k], k <= 3, padded with -1 on the right.
    genes
        The gene index.
    method
        Written into the table.

    Returns
    -------
    DataFrame
        genes (list of names), order, method, growth (1/h), fitness (wild type = 1), interaction (epsilon of pairs, tau
        of triples, NaN for singles), status.
    """
    return pd.DataFrame(
        {
            "genes": gene_lists(genotypes, genes),
            "order": (genotypes >= 0).sum(axis=1),
            "method": method,
            "growth": growths.growth(genotypes),
            "fitness": growths.fitness(genotypes),
            "interaction": interaction_scores(genotypes, growths.fitness, FITNESS_DECIMALS - 1),
            "status": growths.status(genotypes),
        }
    )
