"""Intervals and P-values out of bootstrap draws."""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from pipeline_lib.evaluation.clusters import ClusterDesign

Floats = NDArray[np.float64]

MINIMUM_CLUSTERS = 4
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
    clusters
        How many clusters of one size those that were resampled are worth (`ClusterDesign.effective`).
    design
        What they are.
    influence
        float64 [n]: how much each row moves the statistic, where rows belong to several clusters and draws are to be
        brought to their robust spread (`ClusterDesign.width`). None: the draws are taken as they are.
    seed_shift
        float64 [resamples]: what drawing a model's seeds adds to the draws; 0 with one seed.
    """

    value: float
    draws: Floats
    clusters: float
    design: ClusterDesign | None = None
    influence: Floats | None = None
    seed_shift: Floats | float = 0.0

    def minus(self, other: "Estimate") -> "Estimate":
        """Return the difference, paired draw by draw: both must stem from the same resamples."""
        influence = None
        if self.influence is not None and other.influence is not None:
            influence = self.influence - other.influence
        return Estimate(
            value=self.value - other.value,
            draws=self.draws - other.draws,
            clusters=min(self.clusters, other.clusters),
            design=self.design,
            influence=influence,
            seed_shift=self.seed_shift - other.seed_shift,
        )

    def square_root(self) -> "Estimate":
        """Return the square root of a statistic that is never negative."""
        root = float(np.sqrt(self.value))
        influence = None if self.influence is None or root == 0 else self.influence / (2 * root)
        return Estimate(root, np.sqrt(self.draws), self.clusters, self.design, influence)

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return (low, high), or NaN where there is no value or fewer than `MINIMUM_CLUSTERS` clusters to tell by.

        The percentile interval with its tails widened for few clusters (Hesterberg 2015, Am. Stat. 69:371-386,
        "expanded percentile"): the plain one is too narrow by sqrt((G - 1) / G) and by normal against t quantiles.
        """
        finite = self._spread_draws
        if np.isnan(self.value) or self.clusters < MINIMUM_CLUSTERS or len(finite) < 2:
            return float("nan"), float("nan")
        tail = expanded_tail((1 - confidence) / 2, self.clusters)
        low, high = np.quantile(finite, [tail, 1 - tail])
        return float(low), float(high)

    def p_value(self) -> float:
        """Return the two-sided P-value of the statistic being zero: the interval at 1 - P just touches zero.

        At least 2 / (draws + 1) before the widening for few clusters; 1 where every draw is zero.
        """
        finite = self._spread_draws
        if np.isnan(self.value) or self.clusters < MINIMUM_CLUSTERS or len(finite) < 2:
            return float("nan")
        beyond = min((finite <= 0).sum(), (finite >= 0).sum())
        share = min((beyond + 1) / (len(finite) + 1), 0.5)
        quantile = ndtri(share) / np.sqrt(self.clusters / (self.clusters - 1))
        return float(2 * stdtr(self.clusters - 1, quantile))

    @cached_property
    def _spread_draws(self) -> Floats:
        """Return the draws that are numbers, at their robust spread, with the draws of seeds added."""
        width = 1.0
        if self.design is not None and self.influence is not None:
            width = self.design.width(self.influence)
        draws = self.value + width * (self.draws - self.value) + self.seed_shift
        return draws[np.isfinite(draws)]


@cache
def expanded_tail(tail: float, clusters: float) -> float:
    """Return the percentile that stands for `tail` when so many clusters were resampled."""
    return float(ndtr(stdtrit(clusters - 1, tail) * np.sqrt(clusters / (clusters - 1))))


def fold_seeds(estimates: list[Estimate], seed: list[int]) -> Estimate:
    """Return the mean over a model's seeds; every draw takes the seeds, too, with replacement.

    One seed is itself: its interval then says nothing of what another seed would have given.
    """
    if len(estimates) == 1:
        return estimates[0]
    first = estimates[0]
    values = np.array([estimate.value for estimate in estimates])
    deviations = np.stack([estimate.draws - estimate.value for estimate in estimates])
    chosen = np.random.default_rng(seed).integers(len(estimates), size=deviations.shape)
    value = float(values.mean())
    influences = [estimate.influence for estimate in estimates if estimate.influence is not None]
    return Estimate(
        value=value,
        draws=value + np.take_along_axis(deviations, chosen, axis=0).mean(axis=0),
        clusters=min(estimate.clusters for estimate in estimates),
        design=first.design,
        influence=np.mean(influences, axis=0) if influences else None,
        seed_shift=values[chosen].mean(axis=0) - value,
    )
