"""How much of a score's variance another measurement of it would repeat, and which rows measure the same thing twice.

A reliability is the correlation of two measurements of the same thing; the best correlation that any prediction can
have with one of them is its square root (Spearman 1904, Am. J. Psychol. 15:72-101, correction for attenuation).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.artefacts import PHENOTYPES
from pipeline_lib.cell.genotypes import NO_GENE
from pipeline_lib.cell.testable import genotype_codes, query_genes
from pipeline_lib.evaluation.intervals.design import ClusterDesign
from pipeline_lib.evaluation.intervals.estimates import Estimate, Resamples
from pipeline_lib.evaluation.measurements import Measurements

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


@dataclass(frozen=True)
class RowSums:
    """A statistic of sums over rows, so that every resample, and how much each row moves it, follow from the columns.

    Attributes
    ----------
    columns
        float64 [k, n]: what is summed.
    formula
        The statistic of sums [k, ...].
    """

    columns: Floats
    formula: Callable[[Floats], Floats]

    def estimate(self, design: ClusterDesign, resamples: Resamples, clusters: float) -> Estimate:
        """Return the statistic with its draws; `clusters`: how many clusters of one size it rests on."""
        sums = resamples.weighted_sums(design.codes, self.columns)
        values = self.formula(sums)
        influence = self._gradient(sums[:, 0]) @ self.columns if len(design.sizes) > 1 else None
        return Estimate(float(values[0]), values[1:], clusters, design.spread(influence))

    def _gradient(self, sums: Floats) -> Floats:
        """Return the derivative of the statistic by each sum [k], by central differences."""
        step = 1e-5 * np.maximum(np.abs(sums), 1e-3 * np.abs(self.columns).sum(axis=1) + 1e-300)
        shifted = np.hstack([sums[:, None] + np.diag(step), sums[:, None] - np.diag(step)])
        above, below = np.split(self.formula(shifted), 2)
        return np.asarray(np.nan_to_num((above - below) / (2 * step)))


def repeat_reliability(value: Floats, share: Floats, found: Repeats, weight: Floats) -> tuple[RowSums, RowSums]:
    """Return the reliability of one row, by its repeats.

    Parameters
    ----------
    value
        float64 [n], raw or centred within queries.
    share
        float64 [n]: of centred values, the share that a row has in its query's mean; of raw ones 0.
    found
        Which rows repeat each other, m of them.
    weight
        float64 [m]: what each counts among the repeats.

    Returns
    -------
    (among the repeated rows, among all rows)
        The first is the intraclass correlation ICC(1), which holds for rows that vary as much as the repeated ones;
        the second sets the same error variance against the variance of all rows.
    """
    columns = np.zeros((6, len(value)))
    columns[:, found.rows] = weight * group_columns(value[found.rows], found.group)
    both = np.vstack([columns, _spread_columns(value, share)])
    # Two centred values have their query's mean in common, which lowers their correlation.
    common = float(share[found.rows].mean())

    def among(sums: Floats) -> Floats:
        between, within = variance_components(sums[:6])
        between = between + _spread(sums[6:]) * common
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(between / (between + within))

    def overall(sums: Floats) -> Floats:
        _, within = variance_components(sums[:6])
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(1 - within / _spread(sums[6:]))

    return RowSums(both, among), RowSums(both, overall)


def _spread_columns(value: Floats, share: Floats) -> Floats:
    """Return the columns [3, n] of `_spread`.

    The square of a value that was centred by a mean in which it has a `share` counts 1 / (1 - share) times, as with
    n - 1 in place of n.
    """
    shifted = value - float(value.mean())
    return np.stack([np.ones(len(value)), shifted, shifted**2 / np.maximum(1 - share, np.finfo(np.float64).eps)])


def _spread(sums: Floats) -> Floats:
    """Return the variance of all rows."""
    n, total, squares = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(squares / n - (total / n) ** 2)


def reported_reliability(value: Floats, share: Floats, std: Floats) -> RowSums:
    """Return 1 - mean(std^2) / variance(value); rows [n] without a reported SD count in neither."""
    known = np.isfinite(std)
    columns = np.zeros((4, len(value)))
    columns[:3, known] = _spread_columns(value[known], share[known])
    columns[3, known] = std[known] ** 2

    def formula(sums: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(1 - sums[3] / sums[0] / _spread(sums[:3]))

    return RowSums(columns, formula)


def ceiling(reliability: Floats) -> Floats:
    """Return the best correlation with one measurement, sqrt(reliability); 0 where noise leaves nothing."""
    return np.sqrt(np.clip(reliability, 0.0, 1.0))


MINIMUM_GROUPS = 10
"""Things measured more than once that an estimate must rest on."""


def find_repeats(data: Measurements, query: NDArray[np.int64]) -> dict[str, Repeats]:
    """Return the repeated rows by what they are: replicates, repeated genotypes, alleles.

    Replicates are rows of one strain pair. The other two compare different strains with the same genes deleted, one
    row a strain pair: ``repeated_genotypes`` where all genes are deleted outright (or nothing is known of the alleles),
    ``alleles`` where some gene is altered instead. Rows are compared within the same `query` [n] alone
    (`Part.query`).
    """
    temperature = np.nan_to_num(data.genotypes.temperature, nan=-1.0)
    strains = np.sort(np.column_stack([data.genotypes.query, data.genotypes.array]), axis=1)
    thing = joint_codes(data.genotype, query, temperature, data.condition)
    pair = joint_codes(thing, *strains.T)
    rows = np.arange(len(data))
    found = {"replicates": repeats(pair, rows)}
    if (strains != NO_GENE).any():
        _, first = np.unique(pair, return_index=True)
        altered = np.bincount(thing, weights=data.altered)[thing[first]] > 0
        found["repeated_genotypes"] = repeats(thing[first][~altered], first[~altered])
        found["alleles"] = repeats(thing[first][altered], first[altered])
    return {method: part for method, part in found.items() if part.groups >= MINIMUM_GROUPS}


def order_weights(order: NDArray[np.int64], found: Repeats) -> NDArray[np.float64] | None:
    """Return the weight of every repeated row, so that orders count among the repeats as they do among all rows.

    Triples are noisier than pairs and more seldom repeated. None where an order that makes up more than a hundredth
    of the rows [n] is repeated too little to tell its noise.
    """
    repeated = order[found.rows]
    weight = np.zeros(len(found.rows))
    for number in np.unique(order):
        share = float((order == number).mean())
        members = repeated == number
        groups = len(np.unique(found.group[members]))
        if groups >= MINIMUM_GROUPS:
            weight[members] = share / (members.sum() - groups)
        elif share > 0.01:
            return None
    return weight * len(weight)


def joint_codes(*columns: NDArray[Any]) -> NDArray[np.int64]:
    """Return one integer a row, equal where all columns are."""
    codes = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        _, part = np.unique(column, return_inverse=True)
        codes = codes * (int(part.max(initial=0)) + 1) + part
        _, codes = np.unique(codes, return_inverse=True)
    return codes


@dataclass(frozen=True)
class Part:
    """The rows of one assay and order, ready to be resampled.

    `value` [n] is raw or centred within queries; in the latter case `share` [n] is the share that each row has in its
    query's mean (0 for raw values). `query` [n] numbers what rows can be compared within: the genes of the query where
    values are centred or depend on it, all rows together elsewhere.
    """

    data: Measurements
    design: ClusterDesign
    resamples: Resamples
    value: Floats
    share: Floats
    query: NDArray[np.int64]

    @classmethod
    def raw(cls, data: Measurements, design: ClusterDesign, resamples: Resamples) -> Self:
        """Return rows with their values as measured."""
        return cls(data, design, resamples, data.genotypes.value, np.zeros(len(data)), raw_queries(data))


def raw_queries(data: Measurements) -> NDArray[np.int64]:
    """Return within what raw values can be compared, int64 [n]: one number for all rows that measure one quantity."""
    if (data.genotypes.phenotype == PHENOTYPES.index("raw_interaction")).all():
        # A triple's raw interaction is that of a double-mutant query and an array gene: another for another query.
        return genotype_codes(query_genes(data.genotypes))
    return np.zeros(len(data), dtype=np.int64)


def centred_within_queries(raw: Part) -> Part | None:
    """Return the rows with their values centred within queries; None where most rows have none or nothing is crossed.

    A query with one genotype alone holds nothing about differences within queries and is left out.

    In a symmetric screen each gene of a pair is the query in turn, so every row stands there twice.
    """
    data = raw.data.genotypes
    if data.order.max() == 1:
        return None
    if raw.design.kind == "gene":
        pairs = np.flatnonzero(data.order == 2)
        if len(pairs) < 0.5 * len(data):
            return None
        rows, genes = np.append(pairs, pairs), data.genes[pairs]
        strain = query = np.append(genes[:, 0], genes[:, 1])
    else:
        rows, strain = np.arange(len(data)), raw.design.codes[:, 0]
        query = genotype_codes(query_genes(data))
    value = raw.value[rows]
    # Each genotype counts once in its query's mean, however often it was measured.
    again = joint_codes(strain, raw.data.genotype[rows])
    once = 1 / np.bincount(again)[again]
    share = 1 / np.bincount(strain, weights=once)[strain]
    centred = value - np.bincount(strain, weights=value * once)[strain] * share
    several = share < 0.75
    if several.sum() < MINIMUM_GROUPS:
        return None
    rows = rows[several]
    return Part(
        raw.data.take(rows), raw.design.take(rows), raw.resamples, centred[several], share[several], query[several]
    )
