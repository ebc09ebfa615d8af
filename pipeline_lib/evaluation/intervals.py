"""Intervals and P-values out of bootstrap draws."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

MINIMUM_GROUPS = 5
"""Clusters without which no interval is given: fewer make too few different resamples."""


@dataclass(frozen=True)
class Estimate:
    """A statistic and its bootstrap draws.

    Attributes
    ----------
    value
        The statistic of the data.
    draws
        float64 [resamples]: the statistic of every resample.
    groups
        Number of clusters that were resampled.
    """

    value: float
    draws: NDArray[np.float64]
    groups: int

    def minus(self, other: "Estimate") -> "Estimate":
        """Return the difference, paired draw by draw: both must stem from the same resamples."""
        return Estimate(self.value - other.value, self.draws - other.draws, min(self.groups, other.groups))

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return (low, high), or NaN where there is no value or fewer than `MINIMUM_GROUPS` clusters to tell by.

        The percentile interval with its tails widened for few clusters (Hesterberg 2015, Am. Stat. 69:371-386,
        "expanded percentile"): the plain one is too narrow by sqrt((G - 1) / G) and by normal against t quantiles.
        """
        finite = self.draws[np.isfinite(self.draws)]
        if np.isnan(self.value) or self.groups < MINIMUM_GROUPS or len(finite) < 2:
            return float("nan"), float("nan")
        tail = expanded_tail((1 - confidence) / 2, self.groups)
        low, high = np.quantile(finite, [tail, 1 - tail])
        return float(low), float(high)

    def p_value(self) -> float:
        """Return the two-sided P-value of the statistic being zero: the interval at 1 - P just touches zero.

        At least 2 / (draws + 1) before the widening for few clusters; 1 where every draw is zero.
        """
        finite = self.draws[np.isfinite(self.draws)]
        if np.isnan(self.value) or self.groups < MINIMUM_GROUPS or len(finite) < 2:
            return float("nan")
        beyond = min((finite <= 0).sum(), (finite >= 0).sum())
        share = min((beyond + 1) / (len(finite) + 1), 0.5)
        quantile = -stats.norm.ppf(share) / np.sqrt(self.groups / (self.groups - 1))
        return float(2 * stats.t.sf(quantile, self.groups - 1))


def expanded_tail(tail: float, groups: int) -> float:
    """Return the percentile that stands for `tail` when `groups` clusters were resampled."""
    quantile = stats.t.ppf(tail, groups - 1) * np.sqrt(groups / (groups - 1))
    return float(stats.norm.cdf(quantile))


def fold_seeds(estimates: list[Estimate], seed: list[int]) -> Estimate:
    """Return the mean over a model's seeds; every draw takes the seeds, too, with replacement.

    One seed is itself: its interval then says nothing of what another seed would have given.
    """
    if len(estimates) == 1:
        return estimates[0]
    draws = np.stack([estimate.draws for estimate in estimates])
    chosen = np.random.default_rng(seed).integers(len(estimates), size=draws.shape)
    return Estimate(
        value=float(np.mean([estimate.value for estimate in estimates])),
        draws=np.take_along_axis(draws, chosen, axis=0).mean(axis=0),
        groups=min(estimate.groups for estimate in estimates),
    )
