"""Intervals and P-values out of bootstrap draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from pipeline_lib.evaluation.intervals.variance import PlainSpread, Spread, mean_spread

Floats = NDArray[np.float64]

MINIMUM_CLUSTERS = 4
"""Clusters without which no interval is given: fewer make too few different resamples."""

POWER = 0.8
"""Chance with which `Estimate.detectable` would be found."""


@dataclass(frozen=True)
class Error:
    """The variance of a mean and the degrees of freedom that it was estimated with."""

    variance: float = 0.0
    freedom: float = np.inf

    def plus(self, other: "Error") -> "Error":
        """Return the error of a sum of two independent means (Satterthwaite 1946, Biometrics 2:110-114)."""
        total = self.variance + other.variance
        parts = self.variance**2 / self.freedom + other.variance**2 / other.freedom
        return Error(total, total**2 / parts if parts > 0 else min(self.freedom, other.freedom))


AS_DRAWN = PlainSpread()
"""Of statistics whose draws are taken as they are."""


@dataclass(frozen=True)
class Estimate:
    """A statistic and its bootstrap draws.

    Attributes
    ----------
    value
        The statistic of the data.
    draws
        float64 [resamples]: the statistic of every resample.
    clusters
        How many clusters of one size those that were resampled are worth (`ClusterDesign.effective`).
    spread
        How the draws are brought to their robust spread where rows belong to several clusters.
    seed_error
        What the choice of a model's seeds adds to the error; nothing is known of it from one seed.
    """

    value: float
    draws: Floats
    clusters: float
    spread: Spread = AS_DRAWN
    seed_error: Error = Error()

    def minus(self, other: "Estimate") -> "Estimate":
        """Return the difference, paired draw by draw: both must stem from the same resamples."""
        return Estimate(
            value=self.value - other.value,
            draws=self.draws - other.draws,
            clusters=min(self.clusters, other.clusters),
            spread=self.spread.minus(other.spread),
            seed_error=self.seed_error.plus(other.seed_error),
        )

    def square_root(self) -> "Estimate":
        """Return the square root of a statistic that is never negative; draws below zero count as zero."""
        root = float(np.sqrt(self.value))
        spread = AS_DRAWN if root == 0 else self.spread.divided_by(2 * root)
        return Estimate(root, np.sqrt(np.maximum(self.draws, 0.0)), self.clusters, spread)

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return (low, high), or NaN where there is no value or fewer than `MINIMUM_CLUSTERS` clusters to tell by.

        The percentile interval with its tails widened for few clusters (Hesterberg 2015, Am. Stat. 69:371-386,
        "expanded percentile"): the plain one is too narrow by sqrt((G - 1) / G) and by normal against t quantiles.
        Student's interval of the seeds is joined to it by squares of distances (Zou and Donner 2008, Stat. Med.
        27:1693-1702, "variance estimates recovery").
        """
        if not self._known:
            return float("nan"), float("nan")
        tail = expanded_tail((1 - confidence) / 2, self.clusters)
        low, high = (_quantile(self._spread_draws, share) for share in (tail, 1 - tail))
        if self.seed_error.variance == 0:
            return low, high
        by_seed = stdtrit(self.seed_error.freedom, (1 + confidence) / 2) * np.sqrt(self.seed_error.variance)
        below, above = np.hypot([self.value - low, high - self.value], by_seed)
        return float(self.value - below), float(self.value + above)

    def interval_within(self, confidence: float, least: float, most: float) -> tuple[float, float]:
        """Return (low, high), no further than the least and the greatest value that the statistic can have."""
        low, high = self.interval(confidence)
        return max(low, least), min(high, most)

    def p_value(self) -> float:
        """Return the two-sided P-value of the statistic being zero: the interval at 1 - P just touches zero.

        At least 2 / (draws + 1) before the widening for few clusters; 1 where every draw is zero. With an error of
        seeds it is that of Welch's t, the value over its standard error.
        """
        if not self._known:
            return float("nan")
        if self.seed_error.variance > 0:
            error = self._error
            return float(2 * stdtr(error.freedom, -abs(self.value) / np.sqrt(error.variance)))
        draws = self._spread_draws
        negative, at_most = np.searchsorted(draws, 0.0, side="left"), np.searchsorted(draws, 0.0, side="right")
        beyond = min(at_most, len(draws) - negative)
        share = min((beyond + 1) / (len(draws) + 1), 0.5)
        quantile = ndtri(share) / np.sqrt(self.clusters / (self.clusters - 1))
        return float(2 * stdtr(self.clusters - 1, quantile))

    def detectable(self, confidence: float) -> float:
        """Return the smallest true difference that such an interval would show with a power of `POWER`; NaN if none.

        (t at the interval's level + t at the power) standard errors (Bloom 1995, Eval. Rev. 19:547-556).
        """
        if not self._known:
            return float("nan")
        error = self._error
        return float(stdtrit(error.freedom, [(1 + confidence) / 2, POWER]).sum() * np.sqrt(error.variance))

    @property
    def _known(self) -> bool:
        few = self.clusters < MINIMUM_CLUSTERS or len(self._spread_draws) < 2
        return not (np.isnan(self.value) or few)

    @property
    def _error(self) -> Error:
        """Return the whole error: of resampling, unbiased for few clusters, and of seeds."""
        variance = float(self._spread_draws.var()) * self.clusters / (self.clusters - 1)
        return Error(variance, self.clusters - 1).plus(self.seed_error)

    @cached_property
    def _spread_draws(self) -> Floats:
        """Return the draws that are numbers, at their robust spread about the value, in ascending order."""
        draws = self.value + self.spread.factor() * (self.draws - self.value)
        return np.sort(draws[np.isfinite(draws)])


def _quantile(ordered: Floats, share: float) -> float:
    """Return the quantile of sorted values by linear interpolation (type 7 of Hyndman and Fan 1996, as numpy's)."""
    place = share * (len(ordered) - 1)
    below = min(int(place), len(ordered) - 2)
    return float(ordered[below] + (place - below) * (ordered[below + 1] - ordered[below]))


@cache
def expanded_tail(tail: float, clusters: float) -> float:
    """Return the percentile that stands for `tail` when so many clusters were resampled."""
    return float(ndtr(stdtrit(clusters - 1, tail) * np.sqrt(clusters / (clusters - 1))))


def fold_seeds(estimates: Sequence[Estimate]) -> Estimate:
    """Return the mean over a model's seeds, with the variance of that mean between seeds in its interval.

    One seed is itself: its interval then holds nothing of what another seed would have given.
    """
    if len(estimates) == 1:
        return estimates[0]
    seeds = len(estimates)
    values = np.array([estimate.value for estimate in estimates])
    variance = float(values.var(ddof=1)) / seeds
    return Estimate(
        value=float(values.mean()),
        draws=np.mean([estimate.draws for estimate in estimates], axis=0),
        clusters=min(estimate.clusters for estimate in estimates),
        spread=mean_spread([estimate.spread for estimate in estimates]),
        seed_error=Error(variance if np.isfinite(variance) else 0.0, seeds - 1),
    )
