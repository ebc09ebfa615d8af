"""Recalibrations fitted on the validation fold: of the predicted value and of the predicted spread."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.isotonic import IsotonicRegression

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SpreadRecalibration:
    """Corrections of Gaussian predictive distributions.

    Attributes
    ----------
    scale
        What every SD is multiplied by, so that standardised errors have a mean square of 1.
    levels
        Isotonic map from a nominal cumulative probability to the one observed (Kuleshov, Fenner and Ermon 2018,
        ICML, algorithm 1).
    """

    scale: float
    levels: IsotonicRegression


def recalibrate_value(prediction: Floats, value: Floats) -> IsotonicRegression:
    """Return the nondecreasing map from predictions [n] to the mean measured value [n]; constant beyond both ends."""
    return IsotonicRegression(increasing=True, out_of_bounds="clip").fit(prediction, value)


def cumulative(prediction: Floats, std: Floats, value: Floats) -> Floats:
    """Return the cumulative probability of every measured value [n] under its Gaussian prediction."""
    return np.asarray(stats.norm.cdf((value - prediction) / std))


def recalibrate_spread(prediction: Floats, std: Floats, value: Floats) -> SpreadRecalibration:
    """Fit both corrections on predictions, their SDs (above 0) and measured values [n]."""
    probability = np.sort(cumulative(prediction, std, value))
    observed = (np.arange(len(probability)) + 0.5) / len(probability)
    levels = IsotonicRegression(y_min=0, y_max=1, increasing=True, out_of_bounds="clip").fit(probability, observed)
    return SpreadRecalibration(float(np.sqrt(np.mean(((value - prediction) / std) ** 2))), levels)


def covered(probability: Floats, level: float) -> NDArray[np.bool_]:
    """Mark values [n] inside the central interval of a nominal level, by their cumulative probability."""
    return np.asarray(np.abs(probability - 0.5) <= level / 2)
