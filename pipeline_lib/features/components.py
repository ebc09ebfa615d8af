"""Principal components of a feature table, for models that cannot take hundreds of columns."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

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
    return (scores / np.where(deviation > 0, deviation, 1)).astype(np.float32)
