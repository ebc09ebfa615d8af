"""One side of an assay as a Gaussian process over gene sets, its kernel learned by leaving each gene out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from scipy import sparse
from scipy.linalg import eigh
from scipy.optimize import minimize

from pipeline_lib.config.models import ProfilePredictorSettings
from pipeline_lib.models.profile_predictor.kernels import (
    GeneKernel,
    GeneProcess,
    Index,
    Matrix,
    set_kernel,
    weighted_kernel,
)

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


@dataclass(frozen=True)
class Unseen:
    """What a side's processes say of u gene sets that training lacks.

    Attributes
    ----------
    weight
        float64 [u, m]: weight of each known set's profile.
    profile
        float64 [u, c]: posterior mean of the profile.
    effect
        float64 [u]: posterior mean of the main effect.
    variance
        float64 [u]: posterior variance of a profile's value, in units of its prior one.
    """

    weight: Matrix
    profile: Matrix
    effect: Matrix
    variance: Matrix


@dataclass(frozen=True)
class AssaySide:
    """Gene sets of one side, their profiles and effects, and the processes that carry these to other sets.

    Strains of one gene set share a profile, their mean: another allele of an unseen gene is unseen too.

    Attributes
    ----------
    sets
        int64 [m, 3]: genes, -1 where there is none.
    owner
        int64 [e]: the set of each entity of the axis.
    profiles
        float64 [m, c].
    effects
        float64 [m], deviations from `mean_effect`.
    profile_weights, effect_weights
        float64 [kernels].
    profile_process, effect_process
        Over the m sets.
    """

    sets: Index
    owner: Index
    profiles: Matrix
    effects: Matrix
    mean_effect: float
    profile_weights: Matrix
    effect_weights: Matrix
    profile_process: GeneProcess
    effect_process: GeneProcess

    @classmethod
    def learn(
        cls,
        kernels: Sequence[GeneKernel],
        entity_sets: Index,
        profiles: Matrix,
        effects: Matrix,
        settings: ProfilePredictorSettings,
        generator: np.random.Generator,
    ) -> Self:
        """Learn the kernels of profiles and of effects on a sample of sets, then condition on all of them.

        Parameters
        ----------
        kernels
            Over the genes of the cell.
        entity_sets
            int64 [e, 3]: genes of each entity.
        profiles
            float64 [e, c]: completed residual profiles.
        effects
            float64 [e]: main effects.
        """
        sets, owner = np.unique(entity_sets, axis=0, return_inverse=True)
        owner = owner.ravel()
        average = _averaging(owner, len(sets))
        mean_profiles, mean_effects = np.asarray(average @ profiles), np.asarray(average @ effects)
        centre = float(mean_effects.mean())
        deviations = mean_effects - centre
        sample = np.arange(len(sets))
        if len(sample) > settings.learning_sets:
            sample = np.sort(generator.choice(sample, settings.learning_sets, replace=False))
        profile, effect = _learn_both(kernels, sets[sample], mean_profiles[sample], deviations[sample], settings)
        processes = [
            GeneProcess.fit(weighted_kernel(kernels, learned.weights, sets, sets), learned.noise)
            for learned in (profile, effect)
        ]
        return cls(
            sets, owner, mean_profiles, deviations, centre, profile.weights, effect.weights, processes[0], processes[1]
        )

    def unseen(self, kernels: Sequence[GeneKernel], sets: Index) -> Unseen:
        """Predict profile and effect of gene sets [u, 3] that training lacks."""
        kernel = weighted_kernel(kernels, self.profile_weights, sets, self.sets)
        by_effect = weighted_kernel(kernels, self.effect_weights, sets, self.sets)
        return Unseen(
            weight=kernel @ self.profile_process.inverse,
            profile=self.profile_process.predict(kernel, self.profiles),
            effect=self.mean_effect + self.effect_process.predict(by_effect, self.effects[:, None])[:, 0],
            variance=self.profile_process.variance(kernel),
        )

    def with_profiles(self, profiles: Matrix) -> Self:
        """Return the side with other profiles of its entities, float64 [e, c], under the kernels that were learned."""
        return replace(self, profiles=self.averaged(profiles))

    def entity_kernel(self, kernels: Sequence[GeneKernel]) -> Matrix:
        """Return the learned kernel of profiles between the entities of the axis, float64 [e, e]."""
        kernel = weighted_kernel(kernels, self.profile_weights, self.sets, self.sets)
        return kernel[np.ix_(self.owner, self.owner)]

    def averaged(self, values: Matrix) -> Matrix:
        """Return the mean over the entities of each set of `values` [e, c], float64 [m, c]."""
        return np.asarray(_averaging(self.owner, len(self.sets)) @ values)

    def left_out_effects(self) -> Matrix:
        """Return what would be predicted of each set's effect without it, float64 [m]."""
        return self.mean_effect + self.effect_process.left_out(self.effects[:, None])[:, 0]

    def state(self) -> dict[str, Any]:
        """Return arrays and plain values."""
        return {
            **vars(self),
            "profile_process": vars(self.profile_process),
            "effect_process": vars(self.effect_process),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the side that `state` was taken from."""
        processes = {name: GeneProcess(**state[name]) for name in ("profile_process", "effect_process")}
        return cls(**{**state, **processes})


def _averaging(owner: Index, sets: int) -> sparse.csr_array:
    entries = (1.0 / np.bincount(owner, minlength=sets)[owner], (owner, np.arange(len(owner))))
    return sparse.csr_array(entries, shape=(sets, len(owner)))


def _learn_both(
    kernels: Sequence[GeneKernel], sets: Index, profiles: Matrix, effects: Matrix, settings: ProfilePredictorSettings
) -> tuple[KernelWeights, KernelWeights]:
    if not kernels or len(sets) < settings.fewest_sets:
        nothing = KernelWeights(np.zeros(len(kernels)), 1.0, 1.0)
        return nothing, nothing
    blocks = [set_kernel(kernel, sets, sets) for kernel in kernels]
    profile, effect = (
        learn_weights(blocks, targets, settings.kernel_steps, settings.least_kernel_share)
        for targets in (profiles, effects[:, None])
    )
    return profile, effect
