"""Ridge regression from sums of products, gathered block by block, so that no table of features is ever held."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import linalg


@dataclass
class Moments:
    """Sums over observations of the products of features and values.

    Attributes
    ----------
    count
        Number of observations.
    products
        float64 [w + 2, w + 2]: Z^T Z of Z = (features, value, 1).
    """

    count: int
    products: NDArray[np.float64]

    @classmethod
    def empty(cls, width: int) -> Self:
        """Return the sums over nothing for `width` features."""
        return cls(0, np.zeros((width + 2, width + 2)))

    def add(self, features: NDArray[np.float32], value: NDArray[np.float64]) -> None:
        """Add observations, float32 [n, w] and float64 [n]."""
        block = np.column_stack([features, value, np.ones(len(value))]).astype(np.float32)
        self.count += len(value)
        self.products += block.T @ block

    def squared_error(self, weights: NDArray[np.float64], intercept: float) -> float:
        """Return the mean squared error of ``features @ weights + intercept`` over the observations."""
        direction = np.concatenate([weights, [-1.0, intercept]])
        return max(float(direction @ self.products @ direction), 0.0) / self.count


@dataclass(frozen=True)
class RidgeFit:
    """A linear rule: float64 [w] and a number."""

    weights: NDArray[np.float64]
    intercept: float


def ridge_path(moments: Moments, penalties: NDArray[np.float64]) -> list[RidgeFit]:
    """Fit a ridge for each penalty on features scaled to SD 1, with an intercept that is not penalised.

    Parameters
    ----------
    moments
        Of the training observations.
    penalties
        float64 [a]: lambda in mean squared error + lambda |weights of scaled features|^2.

    Returns
    -------
    list of RidgeFit
        In the units of the features as they are; a feature that does not vary has weight 0.
    """
    width = len(moments.products) - 2
    mean = moments.products[:width, -1] / moments.count
    value_mean = moments.products[width, -1] / moments.count
    centred = moments.products[:width, :width] / moments.count - np.outer(mean, mean)
    covariance = moments.products[:width, width] / moments.count - mean * value_mean
    deviation = np.sqrt(np.maximum(np.diag(centred), 0.0))
    # Below this share of the mean square the variance is rounding of the sums.
    varying = deviation**2 > 1e-6 * np.maximum(np.diag(moments.products)[:width] / moments.count, 1e-12)
    scale = np.where(varying, deviation, 1.0)
    correlation = np.where(np.outer(varying, varying), centred / np.outer(scale, scale), 0.0)
    values, vectors = linalg.eigh(correlation)
    turned = vectors.T @ np.where(varying, covariance / scale, 0.0)
    fits = []
    for penalty in penalties:
        weights = np.where(varying, vectors @ (turned / (np.maximum(values, 0.0) + penalty)) / scale, 0.0)
        fits.append(RidgeFit(weights, float(value_mean - mean @ weights)))
    return fits
