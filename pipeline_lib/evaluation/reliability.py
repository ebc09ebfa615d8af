"""How much of a score's variance another measurement of it would repeat.

A reliability is the correlation of two measurements of the same thing; the best correlation that any prediction can
have with one of them is its square root (Spearman 1904, Am. J. Psychol. 15:72-101, correction for attenuation).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.evaluation.clusters import ClusterDesign, Resamples

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Repeats:
    """Rows that measure the same thing more than once.

    Attributes
    ----------
    rows
        int64 [n]: positions of the rows.
    group
        int64 [n]: what they measure, 0 to number of groups - 1; every group has at least two rows.
    """

    rows: Codes
    group: Codes

    @property
    def groups(self) -> int:
        """Number of things measured more than once."""
        return int(self.group.max(initial=-1)) + 1


def repeats(keys: Codes, rows: Codes) -> Repeats:
    """Return the rows among `rows` [n] whose key [n] occurs at least twice."""
    _, group, count = np.unique(keys, return_inverse=True, return_counts=True)
    kept = count[group] > 1
    return Repeats(rows[kept], np.unique(group[kept], return_inverse=True)[1])


def group_columns(value: Floats, group: Codes) -> Floats:
    """Return what the analysis of variance sums, shared out evenly among the rows of each group.

    Parameters
    ----------
    value
        float64 [n].
    group
        int64 [n].

    Returns
    -------
    float64 [6, n]
        Per row, its share of its group's 1, n_g, n_g^2, sum of squares within, n_g * mean and n_g * mean^2.
    """
    size = np.bincount(group).astype(np.float64)
    mean = np.bincount(group, weights=value) / size
    within = np.bincount(group, weights=(value - mean[group]) ** 2)
    whole = np.stack([np.ones(len(size)), size, size**2, within, size * mean, size * mean**2])
    return (whole / size)[:, group]


def variance_components(sums: Floats) -> tuple[Floats, Floats]:
    """Return the variances (between groups, within groups) of one-way analysis of variance, unbiased.

    Parameters
    ----------
    sums
        float64 [6, ...]: sums of `group_columns`.

    Notes
    -----
    With k groups of sizes n_g, N rows, mean squares MSB and MSW and n0 = (N - sum n_g^2 / N) / (k - 1), the variance
    between is (MSB - MSW) / n0 (Donner 1986, Int. Stat. Rev. 54:67-82).
    """
    groups, rows, squares, within, total, weighted = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_within = within / (rows - groups)
        mean_between = (weighted - total**2 / rows) / (groups - 1)
        typical = (rows - squares / rows) / (groups - 1)
        return (mean_between - mean_within) / typical, mean_within


def repeat_reliability(
    value: Floats, share: Floats, found: Repeats, weight: Floats, design: ClusterDesign, resamples: Resamples
) -> tuple[Floats, Floats]:
    """Return the reliability of one row, by its repeats, of the data and every resample.

    Parameters
    ----------
    value
        float64 [rows of the assay], raw or centred within queries.
    share
        float64 [rows of the assay]: of centred values, the share that a row has in its query's mean; of raw ones 0.
    found
        Which rows repeat each other, m of them.
    weight
        float64 [m]: what each counts among the repeats.
    design, resamples
        Clusters of all rows and their counts; a group weighs the mean of its rows' weights.

    Returns
    -------
    (among the repeated rows, among all rows)
        float64 [resamples + 1] each. The first is the intraclass correlation ICC(1), which holds for rows that vary
        as much as the repeated ones; the second sets the same error variance against the variance of all rows.
    """
    columns = weight * group_columns(value[found.rows], found.group)
    sums = resamples.weighted_sums(design.codes[found.rows], columns)
    between, within = variance_components(sums)
    spread = total_variance(value, share, design, resamples)
    # Two centred values have their query's mean in common, which makes them less alike.
    between = between + spread * share[found.rows].mean()
    with np.errstate(invalid="ignore", divide="ignore"):
        return between / (between + within), 1 - within / spread


def total_variance(value: Floats, share: Floats, design: ClusterDesign, resamples: Resamples) -> Floats:
    """Return the variance of all rows [n], of the data and every resample: float64 [resamples + 1].

    The square of a value that was centred by a mean in which it has a `share` [n] counts 1 / (1 - share) times, as
    with n - 1 in place of n.
    """
    centre = float(value.mean())
    shifted = value - centre
    columns = np.stack([np.ones(len(value)), shifted, shifted**2 / np.maximum(1 - share, np.finfo(np.float64).eps)])
    n, total, squares = resamples.weighted_sums(design.codes, columns)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(squares / n - (total / n) ** 2)


def reported_reliability(
    value: Floats, share: Floats, std: Floats, design: ClusterDesign, resamples: Resamples
) -> Floats:
    """Return 1 - mean(std^2) / variance(value), of the data and every resample: float64 [resamples + 1].

    Rows [n] without a reported SD count in neither; `share` is that of `total_variance`.
    """
    known = np.isfinite(std)
    part = design.take(known)
    n, squares = resamples.weighted_sums(part.codes, np.stack([np.ones(int(known.sum())), std[known] ** 2]))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(1 - squares / n / total_variance(value[known], share[known], part, resamples))


def ceiling(reliability: Floats) -> Floats:
    """Return the best correlation with one measurement, sqrt(reliability); 0 where noise leaves nothing."""
    return np.sqrt(np.clip(reliability, 0.0, 1.0))
