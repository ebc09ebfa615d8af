"""Combine estimates by least squares, fitted on values that none of them has seen, and say how far off the sum is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.optimize import nnls

from pipeline_lib.models.least_squares import non_negative_solution
from pipeline_lib.models.profile_predictor.kernels import Matrix

_PRIOR_UNITS = 20.0
"""Independent observations' worth of belief in gain 0: with a handful of values nothing is read into them."""
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
    def fit(cls, estimates: Sequence[Matrix], variances: Sequence[Matrix], target: Matrix, units: float) -> Self:
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
        """
        features = np.stack(list(estimates), axis=1)
        gram, moment, scale = _normal_equations(features, target, units)
        weight = np.linalg.solve(gram, moment) / scale
        return cls(weight, _spread_of(features @ weight, variances, target))

    @classmethod
    def stack(cls, estimates: Sequence[Matrix], target: Matrix) -> Self:
        """Fit weights that are not negative to rival estimates of one value, as `fit` does.

        With few values a difference of two estimates would be weighted; a sum cannot be worse than its best member by
        much (Breiman 1996, Mach. Learn. 24:49-64, "Stacked regressions").
        """
        features = np.stack(list(estimates), axis=1)
        gram, moment, scale = _normal_equations(features, target, len(target))
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


def _normal_equations(features: Matrix, target: Matrix, units: float) -> tuple[Matrix, Matrix, Matrix]:
    """Return X'X + prior, X'y and the scale of the columns of X, which are the features over their scale."""
    scale = np.sqrt(np.mean(features**2, axis=0)) if len(features) else np.ones(features.shape[1])
    scale = np.maximum(scale, _LEAST_SCALE * np.sqrt(np.mean(target**2)) if len(target) else 0.0)
    scale = np.where(scale > 0, scale, 1.0)
    scaled = features / scale
    prior = _PRIOR_UNITS * max(len(target) / max(units, 1.0), 1.0)
    return scaled.T @ scaled + prior * np.eye(features.shape[1]), scaled.T @ target, scale


def _growth(value: Matrix, variances: Sequence[Matrix]) -> Matrix:
    return np.stack([np.ones(len(value)), value**2, *variances], axis=1)
