"""Random controls: the same numbers, given to other genes."""

import numpy as np
from numpy.typing import NDArray


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
