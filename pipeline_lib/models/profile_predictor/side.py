"""One side of an assay (its queries, its arrays, or both at once) as a Gaussian process over gene sets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from scipy import sparse

from pipeline_lib.config.models import ProfilePredictorSettings
from pipeline_lib.models.profile_predictor.gene_process import GeneProcess
from pipeline_lib.models.profile_predictor.kernels import GeneKernel, Index, Matrix, set_kernel, weighted_kernel
from pipeline_lib.models.profile_predictor.learning import KernelWeights, learn_weights

_FEW_SETS = 8
"""Gene sets without which no kernel is learned: leaving one of them out leaves too little."""


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
    if not kernels or len(sets) < _FEW_SETS:
        nothing = KernelWeights(np.zeros(len(kernels)), 1.0, 1.0)
        return nothing, nothing
    blocks = [set_kernel(kernel, sets, sets) for kernel in kernels]
    profile, effect = (
        learn_weights(blocks, targets, settings.kernel_steps, settings.least_kernel_share)
        for targets in (profiles, effects[:, None])
    )
    return profile, effect
