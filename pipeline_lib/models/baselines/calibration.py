"""Put a score into the units of an assay: a straight line an order, fitted on training."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from pipeline_lib.cell.genotypes import MAX_ORDER
from pipeline_lib.models.crosses.axes import Index
from pipeline_lib.models.crosses.per_assay import Values


@dataclass(frozen=True)
class Lines:
    """Predicted value = mean of the order + slope x (score - mean score), for each order.

    Attributes
    ----------
    value_mean, score_mean, slope
        float64 [4]: one of each order 0..3. An order that training lacks has the line of all
        orders together: a constant there would hide that its genotypes differ.
    """

    value_mean: Values
    score_mean: Values
    slope: Values

    @classmethod
    def fit(cls, order: Index, score: Values, value: Values) -> Self:
        """Fit by least squares on the rows whose score is known (not NaN)."""
        lines = np.tile(_line(score, value), (MAX_ORDER + 1, 1))
        for k in np.unique(order):
            lines[k] = _line(score[order == k], value[order == k])
        return cls(*lines.T)

    def predict(self, order: Index, score: Values) -> Values:
        """Return the value on the line, float64 [n]; the order's mean where the score is NaN."""
        known = np.where(np.isnan(score), self.score_mean[order], score)
        return self.value_mean[order] + self.slope[order] * (known - self.score_mean[order])


def _line(score: Values, value: Values) -> tuple[float, float, float]:
    """Return mean value, mean score and least-squares slope; slope 0 where no two scores differ."""
    known = ~np.isnan(score)
    if not known.any():
        return float(value.mean()), 0.0, 0.0
    mean, score_mean = float(value.mean()), float(score[known].mean())
    centred = score[known] - score_mean
    spread = float(centred @ centred)
    return mean, score_mean, float(centred @ (value[known] - mean)) / spread if spread > 0 else 0.0
