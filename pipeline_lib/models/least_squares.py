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
    return non_negative_solution(gram, features.T @ target)


def non_negative_solution(gram: NDArray[np.float64], moment: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return w >= 0 [d] that minimises w'Aw - 2 w'b; A is `gram` [d, d], positive definite, and b is `moment` [d]."""
    lower = np.linalg.cholesky(gram)
    return np.asarray(nnls(lower.T, np.linalg.solve(lower, moment))[0])
