"""Kernels learned by leaving rows out: of gene sets by networks and features, of rows by their profiles as well."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import eigh
from scipy.optimize import minimize

from pipeline_lib.config.models import ProfilePredictorSettings
from pipeline_lib.models.baselines.matrix_completion import Profiles
from pipeline_lib.models.crosses.effects import ScoreMatrix
from pipeline_lib.models.profile_predictor.kernels import GeneProcess, Index, Matrix

Loss = Callable[[Matrix], tuple[float, Matrix]]
"""Of residuals [n, m]: a number, and its derivative by each residual."""

_LOG_BOUNDS = (-12.0, 12.0)
"""Of weights and noise: a line search over a flat loss goes far."""
_PULL = 1e-4
"""Penalty on mean squared logarithms: what no value decides stays near weight 1 instead of running away."""
LEAST_NOISE = 1e-6
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

    Raises
    ------
    ArithmeticError
        When a matrix is no kernel, so that the covariance is not positive definite.
    """
    n = len(targets)
    lower = np.tril_indices(n)
    packed = np.stack([kernel[lower] for kernel in kernels])
    diagonal = np.flatnonzero(lower[0] == lower[1])
    entries = np.where(lower[0] == lower[1], 1.0, 2.0)
    mean_diagonals = packed[:, diagonal].mean(axis=1)

    def objective(logs: Matrix) -> tuple[float, Matrix]:
        weights = np.exp(logs)
        kernel = np.zeros((n, n))
        kernel[lower] = weights[:-1] @ packed
        noise = weights[-1] + LEAST_NOISE * (weights[:-1] @ mean_diagonals)
        inverse = GeneProcess.fit(kernel, noise).inverse
        projected = inverse @ targets
        scale = 1 / inverse.diagonal()[:, None]
        residuals = projected * scale
        value, by_residual = loss(residuals)
        by_covariance = -(inverse @ (by_residual * scale)) @ projected.T
        by_covariance = (by_covariance + by_covariance.T) / 2
        by_covariance += (inverse * ((by_residual * residuals).sum(axis=1) * scale[:, 0])) @ inverse
        by_noise = float(by_covariance.trace())
        by_weight = packed @ (by_covariance[lower] * entries) + LEAST_NOISE * by_noise * mean_diagonals
        gradient = np.append(by_weight, by_noise) * weights
        return value + _PULL * float(np.mean(logs**2)), gradient + 2 * _PULL * logs / len(logs)

    logs = np.log(np.append(np.full(len(kernels), start[0]), start[1]))
    options = {"maxiter": steps, "ftol": _CHANGE}
    bounds = [_LOG_BOUNDS] * len(logs)
    return np.asarray(np.exp(minimize(objective, logs, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x))


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
    noise = float(weights[-1] + LEAST_NOISE * kernel.diagonal().mean())
    return targets - GeneProcess.fit(kernel, noise).left_out(targets)


_START_WEIGHT, _START_NOISE = 0.1, 1.5
_COMPONENTS = 256


@dataclass(frozen=True)
class KernelWeights:
    """What was learned.

    Attributes
    ----------
    weights
        float64 [kernels]: not negative; those below the least share are 0, the others sum to 1.
    noise
        Variance of the noise relative to that of the process.
    loss
        Squared error of the genes left out over the sum of squares; 1 is what predicting 0 gives.
    """

    weights: Matrix
    noise: float
    loss: float


def learn_weights(kernels: Sequence[Matrix], targets: Matrix, steps: int, least_share: float) -> KernelWeights:
    """Minimise the leave-one-out squared error of a Gaussian process with kernel sum_k w_k K_k and noise s.

    Only T T' matters, so T is replaced by its leading left singular vectors; see `minimise_left_out`.

    Parameters
    ----------
    kernels
        float64 [n, n] each.
    targets
        float64 [n, m]: one function of the genes a column, of mean 0.
    steps
        Most iterations.
    least_share
        Kernels with a smaller share of the sum are left out.
    """
    reduced = _leading(targets)
    total = max(float(np.sum(reduced**2)), 1e-300)

    def squared_error(residuals: Matrix) -> tuple[float, Matrix]:
        return float(np.sum(residuals**2)) / total, 2 * residuals / total

    learned = minimise_left_out(kernels, reduced, squared_error, (_START_WEIGHT, _START_NOISE), steps)
    loss, _ = squared_error(left_out_residuals(kernels, learned, reduced))
    weights = learned[:-1]
    kept = np.where(weights >= least_share * weights.sum(), weights, 0.0)
    # A kernel that is left out still adds its diagonal, which is noise.
    noise = float(learned[-1]) + float(weights.sum() - kept.sum())
    return KernelWeights(kept / kept.sum(), noise / kept.sum(), loss)


def _leading(targets: Matrix) -> Matrix:
    if targets.shape[1] <= _COMPONENTS and targets.shape[1] <= targets.shape[0]:
        return np.ascontiguousarray(targets, dtype=np.float64)
    values, vectors = eigh(targets @ targets.T)
    values, vectors = values[-_COMPONENTS:], vectors[:, -_COMPONENTS:]
    return np.ascontiguousarray(vectors * np.sqrt(np.maximum(values, 0.0)))


_KERNELS, _START = 3, 0.3


@dataclass(frozen=True)
class ProfileKernel:
    """The kernel of one axis: similarity of completed profiles beside the learned kernel of networks and features.

    Attributes
    ----------
    weight
        float64 [3]: of the cosine of profiles, its square, and the kernel of networks and features.
    noise
        Variance of the noise in the same unit.
    """

    weight: Matrix
    noise: float

    def estimate(self, completed: Matrix, prior_kernel: Matrix) -> Matrix:
        """Predict every row of `completed` [e, c] from all other rows; `prior_kernel` is float64 [e, e]."""
        parts = _kernels(completed, prior_kernel)
        kernel = sum(weight * part for weight, part in zip(self.weight, parts, strict=True))
        noise = self.noise + LEAST_NOISE * float(np.mean(np.diag(np.asarray(kernel))))
        return GeneProcess.fit(np.asarray(kernel), noise).left_out(completed)


def learn_profile_kernel(
    completed: Matrix, prior_kernel: Matrix, held: tuple[Index, Index, Matrix], steps: int
) -> ProfileKernel:
    """Find the weights that predict held-out cells best from all rows but the cell's own.

    The similarity of two profiles uses their values, so that an error on measured cells would flatter it: the loss
    counts only cells that `completed` was made without.

    Parameters
    ----------
    completed
        float64 [e, c]: measured where there is a measurement that is not held out.
    prior_kernel
        float64 [e, e].
    held
        Rows, columns and values of the cells that were held out.
    steps
        Most iterations of L-BFGS.
    """
    rows, columns, value = held
    if not len(value):
        return ProfileKernel(np.full(_KERNELS, _START), _START)
    total = max(float(np.sum(value**2)), 1e-300)

    def squared_error(residuals: Matrix) -> tuple[float, Matrix]:
        error = completed[rows, columns] - residuals[rows, columns] - value
        derivative = np.zeros_like(completed)
        np.add.at(derivative, (rows, columns), -2 * error / total)
        return float(np.sum(error**2)) / total, derivative

    kernels = _kernels(completed, prior_kernel)
    learned = minimise_left_out(kernels, completed, squared_error, (_START, _START), steps)
    return ProfileKernel(learned[:-1], float(learned[-1]))


def nearest_profile_estimate(matrix: ScoreMatrix, settings: ProfilePredictorSettings, *, symmetric: bool) -> Matrix:
    """Return the mean of the same column in the rows with the most similar profiles, and the other way round, [r, c].

    As ``nearest_profiles`` does; by default at its usual choice of 40 neighbours weighted by the cube of their
    correlation.
    """
    neighbours, power = settings.neighbours, settings.neighbour_power
    value, weight = Profiles.of(matrix.values, matrix.observed).weighted_sum(neighbours, power)
    across, beside = value, weight
    if not symmetric:
        by_column = Profiles.of(matrix.values.T, matrix.observed.T)
        across, beside = by_column.weighted_sum(neighbours, power)
    total = weight + beside.T
    return np.asarray((value + across.T) / np.maximum(total + settings.neighbour_prior * np.median(total), 1e-12))


def measured_estimates(
    matrix: ScoreMatrix,
    completed: Matrix,
    low_rank: Matrix,
    kernels: Sequence[ProfileKernel],
    prior_kernels: Sequence[Matrix],
    settings: ProfilePredictorSettings,
) -> Iterator[Matrix]:
    """Yield low-rank completion, nearest profiles and the process of each axis, float64 [r, c], one at a time.

    Parameters
    ----------
    matrix
        Residuals of two-way effects and where they were measured.
    completed
        Measured values, completed by `low_rank` where there are none.
    kernels, prior_kernels
        One an axis; one alone where the screen is symmetric, whose estimate is the mean of both orders.
    settings
        How the most similar profiles are weighted.
    """
    symmetric = len(kernels) == 1
    yield low_rank
    yield nearest_profile_estimate(matrix, settings, symmetric=symmetric)
    by_row = kernels[0].estimate(completed, prior_kernels[0])
    if symmetric:
        yield (by_row + by_row.T) / 2
    else:
        yield by_row
        yield kernels[1].estimate(completed.T, prior_kernels[1]).T


def _kernels(completed: Matrix, prior_kernel: Matrix) -> list[Any]:
    length = np.linalg.norm(completed, axis=1, keepdims=True)
    unit = completed / np.where(length > 0, length, 1.0)
    cosine = unit @ unit.T
    return [cosine, cosine**2, prior_kernel]
