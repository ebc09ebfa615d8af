"""Lay feature tables out over the gene index, as models read them."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts.schemas import FEATURES
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.errors import PipelineError


def feature_matrix(table: pd.DataFrame, num_genes: int) -> NDArray[np.float32]:
    """Return a feature table over all genes.

    Parameters
    ----------
    table
        `pipeline_lib.artefacts.schemas.FEATURES`: ``gene_index`` and float32 columns.
    num_genes
        N, the size of the gene table.

    Returns
    -------
    float32 [N, columns]
        NaN where a gene or a value is missing.
    """
    values = table.drop(columns="gene_index").to_numpy(np.float32)
    matrix = np.full((num_genes, values.shape[1]), np.nan, dtype=np.float32)
    matrix[table["gene_index"].to_numpy()] = values
    return matrix


def read_feature_matrices(paths: Iterable[Path], num_genes: int) -> dict[str, NDArray[np.float32]]:
    """Read feature tables by name, which is that of the file without its ending.

    Returns
    -------
    dict of float32 [N, columns]
        Sorted by name; empty where there are no paths.

    Raises
    ------
    PipelineError
        When a table is missing or damaged, names genes beyond the gene table, or two have one name.
    """
    matrices: dict[str, NDArray[np.float32]] = {}
    for path in sorted(paths, key=lambda path: path.stem):
        table = FEATURES.validate(read_table(path, FEATURES), path)
        if len(table) and int(table["gene_index"].max()) >= num_genes:
            raise PipelineError(
                f"{path} names gene {int(table['gene_index'].max())} of {num_genes}; run features read again with "
                "this gene table."
            )
        if path.stem in matrices:
            raise PipelineError(f"{path}: there are two feature tables '{path.stem}'.")
        matrices[path.stem] = feature_matrix(table, num_genes)
    return matrices
