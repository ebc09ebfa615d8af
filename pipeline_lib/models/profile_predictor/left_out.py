"""Find weights of kernels under which a Gaussian process predicts each row best from the others."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.linalg import LinAlgError
from scipy.linalg.lapack import dpotrf, dpotri
from scipy.optimize import minimize

from pipeline_lib.models.profile_predictor.kernels import Matrix

Loss = Callable[[Matrix], tuple[float, Matrix]]
"""Of residuals [n, m]: a number, and its derivative by each residual."""

_LOG_BOUNDS = (-12.0, 12.0)
"""Of weights and noise: a line search over a flat loss goes far."""
_PULL = 1e-4
"""Penalty on mean squared logarithms: what no value decides stays near weight 1 instead of running away."""
_LEAST_NOISE = 1e-6
"""Share of the kernel's diagonal that keeps the covariance of identical rows positive definite."""
_CHANGE = 1e-7
"""Relative change of the loss in one iteration below which the search ends."""


def minimise_left_out(
    kernels: Sequence[Matrix], targets: Matrix, loss: Loss, start: tuple[float, float], steps: int
) -> Matrix:
    """Return weights of kernels and the variance of the noise, float64 [kernels + 1], that minimise a loss.

    With the covariance C = sum_k w_k K_k + s I and A = C^-1 the residual of row i, predicted from all other rows, is
    R_i = (A T)_i / A_ii (Rasmussen and Williams 2006, "Gaussian Processes for Machine Learning", equation 5.12). The
    logarithms of w and s are found by L-BFGS-B. With H = dL/dR, B = H_i / A_ii by row and d_i = (H_i . R_i) / A_ii, the
    gradient is dL/dC = -A (B T' + T B') A / 2 + A diag(d) A, and dL/dw_k its inner product with K_k.

    Parameters
    ----------
    kernels
        float64 [n, n] each, symmetric and positive semidefinite.
    targets
        float64 [n, m].
    loss
        Of the residuals.
    start
        Weight of every kernel, and noise, to start from.
    steps
        Most iterations.
    """
    n = len(targets)
    upper = np.triu_indices(n)
    packed = np.stack([kernel[upper] for kernel in kernels])
    diagonal = np.flatnonzero(upper[0] == upper[1])
    entries = np.where(upper[0] == upper[1], 1.0, 2.0)
    mean_diagonals = packed[:, diagonal].mean(axis=1)

    def objective(logs: Matrix) -> tuple[float, Matrix]:
        weights = np.exp(logs)
        covariance = np.zeros((n, n))
        covariance[upper] = weights[:-1] @ packed
        covariance[np.diag_indices(n)] += weights[-1] + _LEAST_NOISE * (weights[:-1] @ mean_diagonals)
        inverse = _inverse(covariance)
        projected = inverse @ targets
        scale = 1 / inverse.diagonal()[:, None]
        residuals = projected * scale
        value, by_residual = loss(residuals)
        by_covariance = -(inverse @ (by_residual * scale)) @ projected.T
        by_covariance = (by_covariance + by_covariance.T) / 2
        by_covariance += (inverse * ((by_residual * residuals).sum(axis=1) * scale[:, 0])) @ inverse
        by_noise = float(by_covariance.trace())
        by_weight = packed @ (by_covariance[upper] * entries) + _LEAST_NOISE * by_noise * mean_diagonals
        gradient = np.append(by_weight, by_noise) * weights
        return value + _PULL * float(np.mean(logs**2)), gradient + 2 * _PULL * logs / len(logs)

    logs = np.log(np.append(np.full(len(kernels), start[0]), start[1]))
    options = {"maxiter": steps, "ftol": _CHANGE}
    bounds = [_LOG_BOUNDS] * len(logs)
    return np.exp(minimize(objective, logs, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x)


def left_out_residuals(kernels: Sequence[Matrix], weights: Matrix, targets: Matrix) -> Matrix:
    """Return targets minus their prediction from all other rows, float64 [n, m].

    Parameters
    ----------
    kernels
        float64 [n, n] each.
    weights
        float64 [kernels + 1], the noise last.
    targets
        float64 [n, m].
    """
    kernel = np.tensordot(weights[:-1], np.stack(kernels), 1)
    noise = weights[-1] + _LEAST_NOISE * kernel.diagonal().mean()
    inverse = _inverse(kernel + noise * np.eye(len(targets)))
    return np.asarray((inverse @ targets) / inverse.diagonal()[:, None])


def _inverse(covariance: Matrix) -> Matrix:
    """Return the inverse of a symmetric positive definite matrix, read from its upper triangle."""
    factor, failed = dpotrf(covariance.T, lower=1)
    if failed:
        raise LinAlgError("the covariance of the kernels is not positive definite: one of them is no kernel")
    lower, _ = dpotri(factor, lower=1, overwrite_c=1)
    lower = np.tril(lower)
    return np.asarray(lower + np.tril(lower, -1).T)
