"""Put a score into the units of an assay: a straight line an order, fitted on training."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from pipeline_lib.cell.genotypes import MAX_ORDER
from pipeline_lib.models.baselines.axes import Index
from pipeline_lib.models.baselines.per_assay import Values


@dataclass(frozen=True)
class Lines:
    """Predicted value = mean of the order + slope x (score - mean score), for each order.

    Attributes
    ----------
    value_mean, score_mean, slope
        float64 [4]: one of each order 0..3. An order that training lacks has the mean of all and slope 0.
    """

    value_mean: Values
    score_mean: Values
    slope: Values

    @classmethod
    def fit(cls, order: Index, score: Values, value: Values) -> Self:
        """Fit by least squares on the rows whose score is known (not NaN)."""
        value_mean = np.full(MAX_ORDER + 1, value.mean())
        score_mean, slope = np.zeros(MAX_ORDER + 1), np.zeros(MAX_ORDER + 1)
        for k in np.unique(order):
            value_mean[k] = value[order == k].mean()
            known = (order == k) & ~np.isnan(score)
            if not known.any():
                continue
            score_mean[k] = score[known].mean()
            centred = score[known] - score_mean[k]
            if centred @ centred > 0:
                slope[k] = centred @ (value[known] - value_mean[k]) / (centred @ centred)
        return cls(value_mean, score_mean, slope)

    def predict(self, order: Index, score: Values) -> Values:
        """Return the value on the line, float64 [n]; the order's mean where the score is NaN."""
        known = np.where(np.isnan(score), self.score_mean[order], score)
        return self.value_mean[order] + self.slope[order] * (known - self.score_mean[order])
