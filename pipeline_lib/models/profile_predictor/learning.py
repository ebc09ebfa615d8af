"""Learn the weights of kernels by the closed-form error of leaving each gene out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from pipeline_lib.models.profile_predictor.kernels import Matrix
from pipeline_lib.models.profile_predictor.left_out import left_out_residuals, minimise_left_out

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
