"""What a wider or narrower spread of the same predictions would cost and buy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import wasserstein_distance

_SAMPLE = 20_000
"""Quantiles at which two distributions are compared at most."""


@dataclass(frozen=True)
class Cost:
    """Root mean squared error and Wasserstein distance, in SD of the measured values."""

    rmse: float
    wasserstein: float


@dataclass(frozen=True)
class Stretch:
    """Predictions and measurements in standard units.

    Attributes
    ----------
    measured, predicted
        float64 [n], mean 0 and SD 1.
    pearson
        Their correlation, which no stretching changes.
    own
        SD of the predictions as they are, in SD of the measurements.
    """

    measured: NDArray[np.float64]
    predicted: NDArray[np.float64]
    pearson: float
    own: float

    def at(self, spread: float) -> Cost:
        """Return the cost of the predictions at an SD of `spread` (measurements: 1).

        With both means taken off, the mean squared error is s^2 - 2 r s + 1, least at s = r.
        """
        squared = spread**2 - 2 * self.pearson * spread + 1
        distance = wasserstein_distance(_thin(self.measured), spread * _thin(self.predicted))
        return Cost(float(np.sqrt(max(squared, 0.0))), float(distance))


def stretched(measured: NDArray[np.float64], predicted: NDArray[np.float64]) -> Stretch | None:
    """Put measurements and predictions [n] into standard units; None where one of them does not vary."""
    measured_sd, predicted_sd = float(measured.std()), float(predicted.std())
    if not (measured_sd > 0 and predicted_sd > 0):
        return None
    x, y = (measured - measured.mean()) / measured_sd, (predicted - predicted.mean()) / predicted_sd
    return Stretch(x, y, float(np.mean(x * y)), predicted_sd / measured_sd)


def _thin(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(values) <= _SAMPLE:
        return values
    return np.asarray(np.quantile(values, (np.arange(_SAMPLE) + 0.5) / _SAMPLE))
