"""Complete an assay's matrix on held-out cells, and combine estimates by least squares on values that none has seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.optimize import nnls

from pipeline_lib.config.models import ProfilePredictorSettings
from pipeline_lib.models.baselines.matrix_completion import soft_impute_path
from pipeline_lib.models.crosses.crosses import Axes, Mask
from pipeline_lib.models.crosses.effects import Effects, Factors, ScoreMatrix
from pipeline_lib.models.crosses.per_assay import Search
from pipeline_lib.models.interface import non_negative_solution
from pipeline_lib.models.profile_predictor.kernels import Index, Matrix
from pipeline_lib.models.profile_predictor.learning import (
    ProfileKernel,
    learn_profile_kernel,
    measured_estimates,
)

_LEAST_SCALE = 1e-3
"""RMS of an estimate, in RMS of the target, below which belief in gain 0 grows: rounding errors get no gain."""
_LEAST_VARIANCE = 1e-12
_ANCHOR_SHARE = 0.02
"""Weight of a gene of which nothing is known in the fit of the variance, as a share of the observations."""


@dataclass(frozen=True)
class Gains:
    """Weights of estimates, and of what the squared error grows with.

    Attributes
    ----------
    weight
        float64 [d].
    spread
        float64 [2 + v], not negative: variance = spread . (1, value^2, posterior variances).
    """

    weight: Matrix
    spread: Matrix

    @classmethod
    def fit(
        cls, estimates: Sequence[Matrix], variances: Sequence[Matrix], target: Matrix, units: float, prior: float
    ) -> Self:
        """Fit both; the variances by non-negative least squares on squared residuals, relative to their mean.

        Parameters
        ----------
        estimates
            d arrays [n], of cells that were held out or left out when they were made.
        variances
            v arrays [n]: posterior variance of each side that is a Gaussian process.
        target
            float64 [n].
        units
            How many independent observations these are: crosses of two queries that were left out show two examples
            of an unseen query, however many crosses there are.
        prior
            How many of them the belief in weight 0 weighs.
        """
        features = np.stack(list(estimates), axis=1)
        gram, moment, scale = _normal_equations(features, target, units, prior)
        weight = np.linalg.solve(gram, moment) / scale
        return cls(weight, _spread_of(features @ weight, variances, target))

    @classmethod
    def stack(cls, estimates: Sequence[Matrix], target: Matrix, prior: float) -> Self:
        """Fit weights that are not negative to rival estimates of one value, as `fit` does.

        With few values a difference of two estimates would be weighted; a sum cannot be worse than its best member by
        much (Breiman 1996, Mach. Learn. 24:49-64, "Stacked regressions").
        """
        features = np.stack(list(estimates), axis=1)
        gram, moment, scale = _normal_equations(features, target, len(target), prior)
        weight = non_negative_solution(gram, moment) / scale
        return cls(weight, _spread_of(features @ weight, [], target))

    def value(self, estimates: Sequence[Matrix]) -> Matrix:
        """Return the weighted sum of estimates, float64 [n]."""
        return np.asarray(np.stack(list(estimates), axis=1) @ self.weight)

    def std(self, value: Matrix, variances: Sequence[Matrix]) -> Matrix:
        """Return the SD of a new measurement, float64 [n]."""
        return np.sqrt(np.maximum(_growth(value, variances) @ self.spread, _LEAST_VARIANCE))


def _spread_of(value: Matrix, variances: Sequence[Matrix], target: Matrix) -> Matrix:
    """Return what the squared error grows with, by non-negative least squares relative to its mean."""
    squared = (target - value) ** 2
    if not len(target):
        return np.append(1.0, np.zeros(1 + len(variances)))
    mean = max(float(squared.mean()), _LEAST_VARIANCE)
    growth = _growth(value, variances)
    size = np.maximum(growth.mean(axis=0), _LEAST_VARIANCE)
    # A gene of which nothing is known has variance 1 and is predicted by 0: no measured gene shows that case.
    anchor = np.concatenate([[1.0, 0.0], np.ones(len(variances)), [np.mean(target**2)]])
    table = np.column_stack([growth, squared])
    if variances:
        table = np.vstack([table, np.sqrt(_ANCHOR_SHARE * len(target)) * anchor])
    # Only inner products matter, and there may be many rows.
    root = np.asarray(np.linalg.qr(table / np.append(size, mean), mode="r"))
    spread = nnls(root[:, :-1], root[:, -1])[0] * mean / size
    if not spread.any():
        spread[0] = mean
    return np.asarray(spread)


def _normal_equations(features: Matrix, target: Matrix, units: float, prior: float) -> tuple[Matrix, Matrix, Matrix]:
    """Return X'X + prior, X'y and the scale of the columns of X, which are the features over their scale."""
    scale = np.sqrt(np.mean(features**2, axis=0)) if len(features) else np.ones(features.shape[1])
    scale = np.maximum(scale, _LEAST_SCALE * np.sqrt(np.mean(target**2)) if len(target) else 0.0)
    scale = np.where(scale > 0, scale, 1.0)
    scaled = features / scale
    weight = prior * max(len(target) / max(units, 1.0), 1.0)
    return scaled.T @ scaled + weight * np.eye(features.shape[1]), scaled.T @ target, scale


def _growth(value: Matrix, variances: Sequence[Matrix]) -> Matrix:
    return np.stack([np.ones(len(value)), value**2, *variances], axis=1)


def _thresholds(settings: ProfilePredictorSettings) -> Matrix:
    """Return the thresholds of the completion, as shares of the greatest singular value, from strong to weak."""
    return np.geomspace(settings.completion_greatest, settings.completion_least, settings.completion_steps)


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
    shares = _thresholds(settings)
    search: Search[tuple[float, Factors]] = Search(held.residual, len(shares))
    for share, factors in zip(shares, _path(matrix, shares, settings, generator), strict=True):
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
    shares = _thresholds(settings)
    *_, factors = _path(matrix, shares[: 1 + int(np.argmin(np.abs(shares - share)))], settings, generator)
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
    settings
        How the most similar profiles are weighted.
    """

    kernels: tuple[ProfileKernel, ...]
    gains: Gains
    held: Matrix
    settings: ProfilePredictorSettings

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
        parts = measured_estimates(residuals.matrix, completed, residuals.low_rank, kernels, prior_kernels, settings)
        estimates = [part[held.rows, held.columns] for part in parts]
        gains = Gains.stack(estimates, held.residual, settings.prior_observations)
        return cls(tuple(kernels), gains, gains.value(estimates), settings)

    def estimate(self, residuals: Residuals, prior_kernels: Sequence[Matrix]) -> Matrix:
        """Return the estimate of every cell, measured ones too, float64 [r, c]."""
        total = np.zeros_like(residuals.completed)
        parts = measured_estimates(
            residuals.matrix, residuals.completed, residuals.low_rank, self.kernels, prior_kernels, self.settings
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
