"""Similarity graphs of feature tables: which genes have the most similar features."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

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
