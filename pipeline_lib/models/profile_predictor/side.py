"""One side of an assay: what is known of its gene sets, and what networks and features carry from these to others."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from scipy import sparse
from scipy.linalg import eigh

from pipeline_lib.config.models import ProfilePredictorSettings
from pipeline_lib.models.profile_predictor.kernels import (
    GeneInputs,
    GeneKernel,
    GeneProcess,
    Index,
    Matrix,
    set_kernel,
    weighted_kernel,
)
from pipeline_lib.models.profile_predictor.learning import KernelWeights, learn_weights
from pipeline_lib.models.profile_predictor.main_effects import MainEffects

_ROUNDING = 1e-12


@dataclass(frozen=True)
class SharedDirections:
    """What m profiles have in common, by which a predicted profile is freed of noise.

    With C = P'P / m a profile z becomes z C (C + s I)^-1: along directions that many profiles share it stays, along
    others it is taken for noise of variance s. It is the posterior mean of z under a Gaussian prior of covariance C.

    Attributes
    ----------
    directions
        float64 [c, r], orthonormal: eigenvectors of C.
    kept
        float64 [r]: share that stays along each, lambda / (lambda + s).
    noise
        s, 0 where every profile is 0.
    """

    directions: Matrix
    kept: Matrix
    noise: float

    @classmethod
    def of(cls, profiles: Matrix, shrinkage: float) -> Self:
        """Decompose C of `profiles` [m, c] by the smaller of its two Gram matrices; s is `shrinkage` mean variances."""
        rows, columns = profiles.shape
        noise = shrinkage * float(np.mean(profiles**2))
        if noise == 0:
            return cls(np.zeros((columns, 0)), np.zeros(0), 0.0)
        values, vectors = eigh(profiles @ profiles.T if rows < columns else profiles.T @ profiles)
        there = values > _ROUNDING * values[-1]
        values, vectors = values[there], vectors[:, there]
        if rows < columns:
            vectors = (profiles.T @ vectors) / np.sqrt(values)
        return cls(vectors, values / (values + rows * noise), noise)

    def smooth(self, profiles: Matrix) -> Matrix:
        """Return profiles [n, c] without what is noise, float64 [n, c]."""
        return np.asarray(((profiles @ self.directions) * self.kept) @ self.directions.T)

    def smooth_left_out(self, predicted: Matrix, profiles: Matrix, own: Sequence[Index] = ()) -> Matrix:
        """Smooth `predicted` [m, c] of each row by all of `profiles` [m, c] but its own row and its own columns.

        With M = C + s I the inverse without row p is N = M^-1 + M^-1 p p' M^-1 / (m - p' M^-1 p) (Sherman and
        Morrison), and without column j of it N - N_.j N_j. / N_jj. The noise s stays that of all rows.

        Parameters
        ----------
        predicted
            0 in a row's own columns.
        profiles
            Those that the directions were made of.
        own
            int64 [m] each: an own column of every row, -1 where it has no further one.
        """
        if not self.noise:
            return predicted
        rows = np.arange(len(profiles))
        of_profiles = self._solved(profiles)
        left = len(profiles) - np.einsum("rc,rc->r", profiles, of_profiles)
        share = np.einsum("rc,rc->r", predicted, of_profiles) / left
        solved = self._solved(predicted) + share[:, None] * of_profiles
        removed: list[tuple[Matrix, Matrix]] = []
        for column in own:
            there = column >= 0
            unit = np.zeros_like(profiles)
            unit[rows[there], column[there]] = 1.0
            share = np.where(there, of_profiles[rows, column], 0.0) / left
            of_column = self._solved(unit) + share[:, None] * of_profiles
            for earlier, pivot in removed:
                of_column -= (np.where(there, earlier[rows, column], 0.0) / pivot)[:, None] * earlier
            pivot = np.where(there, of_column[rows, column], 1.0)
            solved -= (np.where(there, solved[rows, column], 0.0) / pivot)[:, None] * of_column
            removed.append((of_column, pivot))
        return np.asarray(predicted - self.noise * solved)

    def _solved(self, rows: Matrix) -> Matrix:
        """Return rows M^-1, float64 [n, c]."""
        return (rows - self.smooth(rows)) / self.noise


@dataclass(frozen=True)
class Unseen:
    """What a side predicts of u gene sets that training lacks.

    Attributes
    ----------
    weight
        float64 [u, m]: weight of each known set's profile.
    profile
        float64 [u, c]: posterior mean of the profile, freed of noise.
    effect
        float64 [u]: main effect.
    variance
        float64 [u]: posterior variance of a profile's value, in units of its prior one.
    """

    weight: Matrix
    profile: Matrix
    effect: Matrix
    variance: Matrix


@dataclass(frozen=True)
class AssaySide:
    """Gene sets of one side, their profiles and effects, and what carries these to other sets.

    Strains of one gene set share a profile, their mean: another allele of an unseen gene is unseen too.

    Attributes
    ----------
    sets
        int64 [m, 3]: genes, -1 where there is none.
    owner
        int64 [e]: the set of each entity of the axis.
    partner
        int64 [c]: the set that each column of the profiles is, -1 where columns are strains of their own.
    profiles
        float64 [m, c].
    effects
        Main effects of the m sets.
    kernel_weights
        float64 [kernels]: of the profiles.
    process
        Of the profiles, over the m sets.
    shrinkage
        Noise of a predicted profile in units of the mean variance of profiles; see `SharedDirections`.
    """

    sets: Index
    owner: Index
    partner: Index
    profiles: Matrix
    effects: MainEffects
    kernel_weights: Matrix
    process: GeneProcess
    shrinkage: float

    @classmethod
    def learn(
        cls,
        inputs: GeneInputs,
        entity_sets: Index,
        profiles: Matrix,
        effects: Matrix,
        settings: ProfilePredictorSettings,
        generator: np.random.Generator,
        *,
        symmetric: bool,
    ) -> Self:
        """Learn the kernels of profiles and of effects on a sample of sets, then condition on all of them.

        Parameters
        ----------
        inputs
            Kernels and columns of the genes of the cell.
        entity_sets
            int64 [e, 3]: genes of each entity.
        profiles
            float64 [e, c]: completed residual profiles.
        effects
            float64 [e]: main effects.
        symmetric
            Whether the columns are the entities themselves.
        """
        sets, owner = np.unique(entity_sets, axis=0, return_inverse=True)
        owner = owner.ravel()
        average = _averaging(owner, len(sets))
        mean_profiles, mean_effects = np.asarray(average @ profiles), np.asarray(average @ effects)
        sample = np.arange(len(sets))
        if len(sample) > settings.learning_sets:
            sample = np.sort(generator.choice(sample, settings.learning_sets, replace=False))
        deviations = mean_effects[sample] - mean_effects.mean()
        profile, effect = _learn_both(inputs.kernels, sets[sample], mean_profiles[sample], deviations, settings)
        return cls(
            sets,
            owner,
            owner if symmetric else np.full(profiles.shape[1], -1),
            mean_profiles,
            MainEffects.fit(inputs, sets, mean_effects, effect, settings, generator),
            profile.weights,
            GeneProcess.fit(weighted_kernel(inputs.kernels, profile.weights, sets, sets), profile.noise),
            settings.profile_shrinkage,
        )

    @cached_property
    def shared(self) -> SharedDirections:
        """What the profiles have in common."""
        return SharedDirections.of(self.profiles, self.shrinkage)

    def unseen(self, inputs: GeneInputs, sets: Index) -> Unseen:
        """Predict profile and effect of gene sets [u, 3] that training lacks."""
        if not len(sets):
            none = np.zeros(0)
            return Unseen(np.zeros((0, len(self.sets))), np.zeros((0, self.profiles.shape[1])), none, none)
        kernel = weighted_kernel(inputs.kernels, self.kernel_weights, sets, self.sets)
        return Unseen(
            weight=kernel @ self.process.inverse,
            profile=self.shared.smooth(self.process.predict(kernel, self.profiles)),
            effect=self.effects.predict(inputs, self.sets, sets),
            variance=self.process.variance(kernel),
        )

    def left_out_profiles(self) -> Matrix:
        """Return what would be predicted of each set's profile without it, float64 [m, c].

        A set that is left out is no column either, where columns are the sets themselves; its own columns are 0.
        """
        predicted = self.process.left_out(self.profiles)
        order = np.argsort(self.partner, kind="stable")
        order = order[self.partner[order] >= 0]
        of_set = self.partner[order]
        number = np.arange(len(order)) - np.searchsorted(of_set, of_set)
        own = np.full((int(number.max(initial=-1)) + 1, len(self.sets)), -1)
        own[number, of_set] = order
        predicted[of_set, order] = 0.0
        return self.shared.smooth_left_out(predicted, self.profiles, list(own))

    def with_profiles(self, profiles: Matrix) -> Self:
        """Return the side with other profiles of its entities, float64 [e, c], under the kernels that were learned."""
        return replace(self, profiles=self.averaged(profiles))

    def entity_kernel(self, inputs: GeneInputs) -> Matrix:
        """Return the learned kernel of profiles between the entities of the axis, float64 [e, e]."""
        kernel = weighted_kernel(inputs.kernels, self.kernel_weights, self.sets, self.sets)
        return kernel[np.ix_(self.owner, self.owner)]

    def averaged(self, values: Matrix) -> Matrix:
        """Return the mean over the entities of each set of `values` [e, c], float64 [m, c]."""
        return np.asarray(_averaging(self.owner, len(self.sets)) @ values)

    def state(self) -> dict[str, Any]:
        """Return arrays and plain values."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**own, "effects": self.effects.state(), "process": self.process.state()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the side that `state` was taken from."""
        process, effects = GeneProcess.from_state(state["process"]), MainEffects.from_state(state["effects"])
        return cls(**{**state, "effects": effects, "process": process})


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
