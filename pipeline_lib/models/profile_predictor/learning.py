"""Learn the weights of kernels by the closed-form error of leaving each gene out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import eigh
from torch import Tensor

from pipeline_lib.models.profile_predictor.kernels import Matrix

_START_WEIGHT, _START_NOISE = 0.1, 1.5
_LEAST_LOG_WEIGHT = -12.0
_FARTHEST_LOG_WEIGHT = 30.0
"""A line search over a flat loss goes far: weights beyond are neither infinite nor 0."""
_PULL = 1e-4
"""Penalty on squared logarithms: what no value decides stays near weight 1 instead of running away."""
_COMPONENTS = 256
_LEAST_NOISE = 1e-6
"""Share of the kernel's diagonal that keeps the covariance of identical genes positive definite."""


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

    With A = (sum_k w_k K_k + s I)^-1 the residual of row i, predicted from all others, is (A T)_i / A_ii (Rasmussen and
    Williams 2006, "Gaussian Processes for Machine Learning", equation 5.12). The logarithms of w and s are found by
    L-BFGS from automatic gradients. Only T T' matters, so T is replaced by its leading left singular vectors.

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
    stack = torch.from_numpy(np.stack(kernels))
    reduced = torch.from_numpy(_leading(targets))
    total = max(float(reduced.square().sum()), 1e-300)
    logs = torch.full((len(stack) + 1,), float(np.log(_START_WEIGHT)), dtype=torch.float64)
    logs[-1] = float(np.log(_START_NOISE))
    logs.requires_grad_(True)
    optimiser = torch.optim.LBFGS([logs], max_iter=steps, history_size=10, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        error = left_out_residuals(_combined(stack, weights_of(logs)), reduced).square().sum() / total
        penalised = error + _PULL * logs.clamp(min=_LEAST_LOG_WEIGHT).square().mean()
        penalised.backward()
        return penalised

    optimiser.step(closure)
    with torch.no_grad():
        learned = weights_of(logs)
        loss = float(left_out_residuals(_combined(stack, learned), reduced).square().sum()) / total
    weights = learned[:-1].numpy()
    kept = np.where(weights >= least_share * weights.sum(), weights, 0.0)
    # A kernel that is left out still adds its diagonal, which is noise.
    noise = float(learned[-1]) + float(weights.sum() - kept.sum())
    return KernelWeights(kept / kept.sum(), noise / kept.sum(), loss)


def weights_of(logs: Tensor) -> Tensor:
    """Return the weights of logarithms, of the same shape: positive and finite."""
    return logs.clamp(-_FARTHEST_LOG_WEIGHT, _FARTHEST_LOG_WEIGHT).exp()


def left_out_residuals(covariance: Tensor, targets: Tensor) -> Tensor:
    """Return targets minus their prediction from all other rows, float64 [n, m].

    Parameters
    ----------
    covariance
        float64 [n, n], noise included.
    targets
        float64 [n, m].
    """
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(covariance))
    return (inverse @ targets) / inverse.diagonal()[:, None]


def _combined(stack: Tensor, weights: Tensor) -> Tensor:
    kernel = torch.tensordot(weights[:-1], stack, 1)
    noise = weights[-1] + _LEAST_NOISE * kernel.diagonal().mean()
    return kernel + noise * torch.eye(stack.shape[1], dtype=stack.dtype)


def _leading(targets: Matrix) -> Matrix:
    if targets.shape[1] <= _COMPONENTS and targets.shape[1] <= targets.shape[0]:
        return np.ascontiguousarray(targets, dtype=np.float64)
    values, vectors = eigh(targets @ targets.T)
    values, vectors = values[-_COMPONENTS:], vectors[:, -_COMPONENTS:]
    return np.ascontiguousarray(vectors * np.sqrt(np.maximum(values, 0.0)))
