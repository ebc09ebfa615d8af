"""Combine estimates by least squares, fitted on values that none of them has seen, and say how far off the sum is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.optimize import nnls

from pipeline_lib.models.profile_predictor.kernels import Matrix

_PRIOR_ROWS = 20.0
"""Observations' worth of belief in gain 0: with a handful of values nothing is read into them."""
_LEAST_VARIANCE = 1e-12
_ROUNDING = 1e-9
"""Size of an estimate, in that of the values, below which it is rounding error."""
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
    def fit(cls, estimates: Sequence[Matrix], variances: Sequence[Matrix], target: Matrix) -> Self:
        """Fit both; the variances by non-negative least squares on squared residuals, relative to their mean.

        Parameters
        ----------
        estimates
            d arrays [n], of cells that were held out or left out when they were made.
        variances
            v arrays [n]: posterior variance of each side that is a Gaussian process.
        target
            float64 [n].
        """
        features = np.stack(list(estimates), axis=1)
        scale = np.sqrt(np.mean(features**2, axis=0)) if len(features) else np.ones(features.shape[1])
        # An estimate that is zero but for rounding, such as that of a side with one strain, says nothing.
        scale = np.where(scale > _ROUNDING * np.sqrt(np.mean(target**2) if len(target) else 0.0), scale, np.inf)
        scaled = features / scale
        gram = scaled.T @ scaled + _PRIOR_ROWS * np.eye(features.shape[1])
        weight = np.linalg.solve(gram, scaled.T @ target) / scale
        value = features @ weight
        squared = (target - value) ** 2
        if not len(target):
            return cls(weight, np.append(1.0, np.zeros(1 + len(variances))))
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
        return cls(weight, spread)

    def value(self, estimates: Sequence[Matrix]) -> Matrix:
        """Return the weighted sum of estimates, float64 [n]."""
        return np.asarray(np.stack(list(estimates), axis=1) @ self.weight)

    def std(self, value: Matrix, variances: Sequence[Matrix]) -> Matrix:
        """Return the SD of a new measurement, float64 [n]."""
        return np.sqrt(np.maximum(_growth(value, variances) @ self.spread, _LEAST_VARIANCE))


def _growth(value: Matrix, variances: Sequence[Matrix]) -> Matrix:
    return np.stack([np.ones(len(value)), value**2, *variances], axis=1)
