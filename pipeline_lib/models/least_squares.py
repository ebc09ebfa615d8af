"""Least squares with weights that are not negative."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls


def non_negative_least_squares(
    features: NDArray[np.float64], target: NDArray[np.float64], ridge: float = 1e-4
) -> NDArray[np.float64]:
    """Return the weights [d] that are not negative and fit `target` [n] best by `features` [n, d].

    The normal equations are solved by their Cholesky factor (Lawson and Hanson 1974), so the cost is that of d, not n.
    `ridge` is in units of the mean square of a feature.
    """
    gram = features.T @ features
    gram = gram + ridge * max(np.trace(gram) / len(gram), 1e-12) * np.eye(len(gram))
    lower = np.linalg.cholesky(gram)
    return np.asarray(nnls(lower.T, np.linalg.solve(lower, features.T @ target))[0])
