"""Feature tables over the gene index, as models read them: whole, as components, shuffled, or as similarity graphs."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

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


COMPONENTS = 12
"""Principal components of each feature table; narrower tables enter whole."""
_SEED = 0


def components_of_tables(features: Mapping[str, NDArray[np.float32]], num_genes: int) -> NDArray[np.float32]:
    """Return the principal components of every feature table side by side, float32 [N, components].

    No columns where there are no tables.
    """
    parts = [principal_components(values, COMPONENTS) for values in features.values()]
    return np.concatenate([np.zeros((num_genes, 0), dtype=np.float32), *parts], axis=1)


def principal_components(values: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return the leading principal components of standardised features.

    Parameters
    ----------
    values
        float32 [N, columns], NaN where missing; a missing value counts as its column's mean.
    count
        Number of components. A table of no more columns is returned standardised, not rotated.

    Returns
    -------
    float32 [N, min(count, columns)]
        Of unit variance over all genes; a gene without features has 0. The greatest loading of a component is positive.
    """
    there = ~np.isnan(values)
    observed = np.maximum(there.sum(axis=0), 1)
    filled = np.where(there, values, 0).astype(np.float64)
    centred = np.where(there, filled - filled.sum(axis=0) / observed, 0)
    spread = np.sqrt((centred**2).sum(axis=0) / observed)
    scaled = centred / np.where(spread > 0, spread, 1)
    if scaled.shape[1] <= count:
        return scaled.astype(np.float32)
    left, singular, right = randomized_svd(scaled, count, n_iter=7, random_state=_SEED)
    sign = np.sign(right[np.arange(count), np.abs(right).argmax(axis=1)])
    scores = left * singular * sign
    deviation = scores.std(axis=0)
    return np.asarray((scores / np.where(deviation > 0, deviation, 1)).astype(np.float32))


def random_features(values: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Permute the rows of a feature table among the genes that it covers.

    Distributions of columns, their correlations and the pattern of missing values stay; which gene has which row does
    not. What a model gains from such a table, it gains from its shape and not from biology.

    Parameters
    ----------
    values
        float32 [N, columns], NaN where missing; a gene without any value stays without.
    seed
        Seed of the permutation.

    Returns
    -------
    float32 [N, columns]
    """
    covered = np.flatnonzero(~np.isnan(values).all(axis=1))
    permuted = values.copy()
    permuted[covered] = values[np.random.default_rng(seed).permutation(covered)]
    return permuted


NEIGHBOURS = 30
FEWEST_SHARED = 20
"""Columns that two genes must both have; of narrower tables, a third of the columns."""
_ROWS_AT_ONCE = 1024


def similarity_graph(values: NDArray[np.float32], neighbours: int = NEIGHBOURS) -> sparse.csr_array:
    """Join every gene to those of the most similar features.

    The similarity is the cosine over the columns that both genes have. Columns of 0 and 1 are weighted by the
    logarithm of their rarity (sharing a small complex counts more than sharing the cytoplasm); other columns are
    standardised.

    Parameters
    ----------
    values
        float32 [N, columns], NaN where missing.
    neighbours
        Number of neighbours, k, of each gene.

    Returns
    -------
    float32 csr [N, N]
        Symmetric, positive, without a diagonal: an edge where one gene is among the k nearest of the other. A gene
        without features has no edge.
    """
    num_genes = len(values)
    scaled, there = _scale(values)
    fewest = min(FEWEST_SHARED, max(values.shape[1] // 3, 1))
    squares = scaled * scaled
    rows, columns, weights = [], [], []
    covered = np.flatnonzero(there.any(axis=1))
    for start in range(0, len(covered), _ROWS_AT_ONCE):
        block = covered[start : start + _ROWS_AT_ONCE]
        product = scaled[block] @ scaled[covered].T
        norms = (squares[block] @ there[covered].T) * (there[block] @ squares[covered].T)
        shared = there[block] @ there[covered].T
        cosine = np.where((norms > 0) & (shared >= fewest), product / np.sqrt(np.where(norms > 0, norms, 1)), 0)
        cosine[np.arange(len(block)), start + np.arange(len(block))] = 0
        count = min(neighbours, cosine.shape[1])
        nearest = np.argpartition(-cosine, count - 1, axis=1)[:, :count]
        rows.append(np.repeat(block, count))
        columns.append(covered[nearest].ravel())
        weights.append(np.take_along_axis(cosine, nearest, axis=1).ravel())
    if not rows:
        return sparse.csr_array((num_genes, num_genes), dtype=np.float32)
    weight = np.concatenate(weights)
    positive = weight > 0
    ends = np.concatenate(rows)[positive], np.concatenate(columns)[positive]
    graph = sparse.csr_array((weight[positive].astype(np.float32), ends), shape=(num_genes, num_genes))
    return sparse.csr_array(graph.maximum(graph.T))


def _scale(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return scaled values with 0 where missing, and 1 where a value is there, float32 [N, columns] both."""
    there = ~np.isnan(values)
    filled = np.where(there, values, 0).astype(np.float32)
    count = np.maximum(there.sum(axis=0), 1)
    mean = filled.sum(axis=0, dtype=np.float64) / count
    binary = ((filled == 0) | (filled == 1)).all(axis=0)
    centre = np.where(binary, 0, mean).astype(np.float32)
    centred = np.where(there, filled - centre, 0)
    spread = np.sqrt((centred.astype(np.float64) ** 2).sum(axis=0) / count)
    rarity = -np.log(np.clip(mean, 1 / count, 1 - 1 / (2 * count)))
    scale = np.where(binary, rarity, 1 / np.where(spread > 0, spread, 1))
    return (centred * scale).astype(np.float32), there.astype(np.float32)
