"""Complete an assay's matrix: choose the completion on held-out cells, and combine it with profile similarity."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline_lib.config.models import ProfilePredictorSettings
from pipeline_lib.models.baselines.soft_impute import soft_impute_path
from pipeline_lib.models.crosses.axes import Axes
from pipeline_lib.models.crosses.completion import Factors, ScoreMatrix
from pipeline_lib.models.crosses.crosses import Mask
from pipeline_lib.models.crosses.effects import Effects
from pipeline_lib.models.crosses.search import Search
from pipeline_lib.models.profile_predictor.gains import Gains
from pipeline_lib.models.profile_predictor.kernels import Index, Matrix
from pipeline_lib.models.profile_predictor.measured import (
    ProfileKernel,
    learn_profile_kernel,
    measured_estimates,
)

_SHARES = np.geomspace(0.5, 0.08, 6)
"""Thresholds of the completion, as shares of the greatest singular value, from strong to weak."""


@dataclass(frozen=True)
class Residuals:
    """An assay without its main effects.

    Attributes
    ----------
    matrix
        Residual of each measured cell.
    completed
        float64 [r, c]: the residuals, and a low-rank completion where nothing was measured.
    low_rank
        float64 [r, c]: that completion everywhere.
    """

    matrix: ScoreMatrix
    completed: Matrix
    low_rank: Matrix

    @classmethod
    def of(cls, matrix: ScoreMatrix, factors: Factors, *, symmetric: bool) -> "Residuals":
        """Fill the cells that were not measured."""
        low_rank = factors.left @ factors.right.T
        if symmetric:
            low_rank = (low_rank + low_rank.T) / 2
        return cls(matrix, np.where(matrix.observed > 0, matrix.values, low_rank), low_rank)


@dataclass(frozen=True)
class HeldCells:
    """Training observations that were held out: which, where, and what the effects of the others leave of them."""

    observation: Index
    rows: Index
    columns: Index
    residual: Matrix


@dataclass(frozen=True)
class Practice:
    """The matrix without the held-out observations, with them beside it, and the threshold that fits them best."""

    effects: Effects
    residuals: Residuals
    held: HeldCells
    share: float


def practise_completion(
    axes: Axes,
    rows: Index,
    columns: Index,
    value: Matrix,
    settings: ProfilePredictorSettings,
    generator: np.random.Generator,
) -> Practice:
    """Hold out a share of the measured cells, complete the others and choose the threshold.

    All observations of a cell (replicates, both orders of a symmetric screen) are held out together.
    """
    first, second = (np.minimum(rows, columns), np.maximum(rows, columns)) if axes.symmetric else (rows, columns)
    cells, cell = np.unique(first * axes.shape[1] + second, return_inverse=True)
    chosen = (generator.random(len(cells)) < settings.held_share)[cell]
    if chosen.all():
        chosen[:] = False
    kept = ~chosen
    effects = Effects.fit(axes, rows[kept], columns[kept], value[kept])
    residual = value - effects.predict(rows, columns)
    matrix = ScoreMatrix.build(axes, rows[kept], columns[kept], residual[kept])
    held = HeldCells(np.flatnonzero(chosen), rows[chosen], columns[chosen], residual[chosen])
    search: Search[tuple[float, Factors]] = Search(held.residual, len(_SHARES))
    for share, factors in zip(_SHARES, _path(matrix, _SHARES, settings, generator), strict=True):
        predicted = factors.at(held.rows, held.columns, symmetric=axes.symmetric)
        search.offer(f"threshold={share:.3g}", predicted, (float(share), factors))
    chosen_share, chosen_factors = search.best
    return Practice(effects, Residuals.of(matrix, chosen_factors, symmetric=axes.symmetric), held, chosen_share)


def complete(
    matrix: ScoreMatrix,
    share: float,
    settings: ProfilePredictorSettings,
    generator: np.random.Generator,
    *,
    symmetric: bool,
) -> Residuals:
    """Complete a matrix at one threshold, reached by way of the stronger ones."""
    *_, factors = _path(matrix, _SHARES[: 1 + int(np.argmin(np.abs(_SHARES - share)))], settings, generator)
    return Residuals.of(matrix, factors, symmetric=symmetric)


def _path(
    matrix: ScoreMatrix, shares: Matrix, settings: ProfilePredictorSettings, generator: np.random.Generator
) -> Iterator[Factors]:
    rank = min(settings.max_rank, *matrix.values.shape)
    return soft_impute_path(matrix, shares, rank, generator)


@dataclass(frozen=True)
class Combination:
    """How the estimates of measured pairs are made and weighed.

    Attributes
    ----------
    kernels
        One an axis; one alone where the screen is symmetric.
    gains
        Weights of the estimates of `measured_estimates`.
    held
        float64 [h]: the combined estimate of each held-out observation.
    """

    kernels: tuple[ProfileKernel, ...]
    gains: Gains
    held: Matrix

    @classmethod
    def learn(
        cls,
        practice: Practice,
        prior_kernels: Sequence[Matrix],
        settings: ProfilePredictorSettings,
        generator: np.random.Generator,
    ) -> "Combination":
        """Learn kernels and gains on the held-out cells.

        Parameters
        ----------
        practice
            The matrix without them.
        prior_kernels
            float64 [r, r] and, where the screen is not symmetric, [c, c]: kernel of networks and features.
        """
        completed, held = practice.residuals.completed, practice.held
        axes = [(completed, held.rows, held.columns), (completed.T, held.columns, held.rows)][: len(prior_kernels)]
        kernels = []
        for (profiles, rows, columns), prior in zip(axes, prior_kernels, strict=True):
            sample = np.arange(len(profiles))
            if len(sample) > settings.learning_sets:
                sample = np.sort(generator.choice(sample, settings.learning_sets, replace=False))
            position = np.full(len(profiles), -1)
            position[sample] = np.arange(len(sample))
            there = position[rows] >= 0
            target = (position[rows[there]], columns[there], held.residual[there])
            kernels.append(
                learn_profile_kernel(profiles[sample], prior[np.ix_(sample, sample)], target, settings.kernel_steps)
            )
        residuals = practice.residuals
        parts = measured_estimates(residuals.matrix, completed, residuals.low_rank, kernels, prior_kernels)
        estimates = [part[held.rows, held.columns] for part in parts]
        gains = Gains.stack(estimates, held.residual)
        return cls(tuple(kernels), gains, gains.value(estimates))

    def estimate(self, residuals: Residuals, prior_kernels: Sequence[Matrix]) -> Matrix:
        """Return the estimate of every cell, measured ones too, float64 [r, c]."""
        total = np.zeros_like(residuals.completed)
        parts = measured_estimates(
            residuals.matrix, residuals.completed, residuals.low_rank, self.kernels, prior_kernels
        )
        for weight, part in zip(self.gains.weight, parts, strict=True):
            total += weight * part
        return total


def not_beyond(value: Matrix, estimate: Matrix, observed: Mask) -> Matrix:
    """Return the estimate [r, c] with that of observed cells no larger, by least squares, than their values.

    Gains are fitted on held-out cells, where a completion of few measurements is small; where it has seen the value
    itself the same gain would overshoot.
    """
    own, measured = estimate[observed], value[observed]
    squares = float(own @ own)
    slope = min(float(own @ measured) / squares, 1.0) if squares > 0 else 1.0
    return np.where(observed, max(slope, 0.0) * estimate, estimate)
