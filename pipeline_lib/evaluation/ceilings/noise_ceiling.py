"""The best correlation that any prediction can have with a screen's noisy scores, and the one estimate shown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.config.evaluation import EvaluationSettings, ReplicateCorrelation
from pipeline_lib.evaluation.ceilings.reliability import (
    MINIMUM_GROUPS,
    Part,
    ceiling,
    centred_within_queries,
    find_repeats,
    order_weights,
    repeat_reliability,
    reported_reliability,
)
from pipeline_lib.evaluation.folds import assay_seed
from pipeline_lib.evaluation.intervals.design import ClusterDesign, choose_kind, cluster_design, of_correlation
from pipeline_lib.evaluation.intervals.estimates import Estimate, draw_resamples
from pipeline_lib.evaluation.measurements import Measurements, by_genotype
from pipeline_lib.evaluation.metrics.moments import MomentBootstrap, pearson, pearson_within_query

Floats = NDArray[np.float64]

ALL_ORDERS = 0
"""Stands in the column `order` for all orders together."""

ALL_SPLITS = "all"
"""Stands in the column `split` for all rows of a screen, tested or not."""

ASSUMPTIONS = {
    "replicates": "Rows of the same two strains differ by noise alone, and their noise is independent: what they "
    "share, such as one control screen, counts as signal, so the ceiling is an upper bound.",
    "repeated_genotypes": "Independently made strains with the same genes deleted differ by noise alone; hidden "
    "mutations count as noise. Repeats within one query share its control screens, which counts as signal.",
    "alleles": "Different alleles of one gene have the same effect; as they do not, real differences count as noise "
    "and the ceiling is a lower bound.",
    "reported_sd": "The reported SD is that of the released value and covers all of its noise; errors that a whole "
    "query shares are not in it, so the raw ceiling is an upper bound.",
    "literature": "The published correlation of replicate screens is the reliability of one released value.",
    "truth": "The noise-free value of the simulated screen, set against the released one: no assumption.",
}
"""What has to hold for a method's ceiling to be right, in words."""

CONTRADICTED = (
    "The data contradict this: the noise would exceed the whole spread of the values, so no ceiling can be estimated."
)


def noise_ceilings(
    data: Measurements,
    settings: EvaluationSettings,
    truths: Mapping[str, pd.DataFrame],
    folds: Mapping[str, NDArray[np.int64]],
) -> Iterator[dict[str, Any]]:
    """Yield the ceilings of every screen: rows of `pipeline_lib.evaluation.tables.schemas.NOISE_CEILING`.

    Parameters
    ----------
    data
        All observations; rows that copy another's measurement tell nothing of its noise and are left out.
    settings
        Resamples, confidence, literature values.
    truths
        By screen, the noise-free ``fitness`` and ``interaction`` of simulated genotypes (``genes``, a list).
    folds
        By split, the observations of its test fold: they spread less or more than the whole screen does, so a truth
        and reported SDs are set against their spread, too. Repeats tell their noise among all rows of a screen.

    Raises
    ------
    PipelineError
        When a simulated genotype has a gene that is not in the index, or a test fold an observation that is unknown.
    """
    measured = data.take(~data.copied)
    kept = measured.genotypes.observation_id
    for split, tested in {ALL_SPLITS: kept, **folds}.items():
        fold = measured.take(np.isin(kept, tested))
        for screen, phenotype, rows in fold.assays():
            if phenotype == "call":
                continue
            assay = fold.take(rows)
            orders = sorted(np.unique(assay.genotypes.order).tolist())
            several = len(orders) > 1
            for order in [ALL_ORDERS, *(orders if split == ALL_SPLITS else [])] if several else orders:
                part = assay if order == ALL_ORDERS else assay.take(assay.genotypes.order == order)
                labels = {"screen": screen, "phenotype": phenotype, "split": split, "order": int(order)}
                whole = split == ALL_SPLITS
                for row in _ceilings(part, screen, phenotype, settings, truths.get(screen), whole_screen=whole):
                    yield {**labels, **row}
    for screen, known in _reported(measured, settings):
        yield {
            "screen": screen,
            "phenotype": known.phenotype,
            "split": ALL_SPLITS,
            "order": known.order,
            "method": "literature",
            "scope": "screen",
            "centred": False,
            "reliability": known.correlation,
            "ceiling": float(np.sqrt(known.correlation)),
            "low": np.nan,
            "high": np.nan,
            "n": 0,
            "groups": 0,
            "assumption": f"{ASSUMPTIONS['literature']} Source: {known.source}.",
        }


def _reported(data: Measurements, settings: EvaluationSettings) -> Iterator[tuple[str, ReplicateCorrelation]]:
    """Yield every screen of the run with the replicate correlations that were reported of it."""
    for screen in data.genotypes.screens:
        publication = data.scores_of(screen).publication
        for known in settings.literature:
            if known.screen == screen or (known.reader is not None and known.reader == publication):
                yield screen, known


def _ceilings(
    data: Measurements,
    screen: str,
    phenotype: str,
    settings: EvaluationSettings,
    truth: pd.DataFrame | None,
    *,
    whole_screen: bool,
) -> Iterator[dict[str, Any]]:
    design = cluster_design(data, choose_kind(data, screen, settings))
    resamples = draw_resamples(design, settings.resamples, assay_seed(settings, screen, phenotype, "noise ceiling"))
    raw = Part.raw(data, design, resamples)
    for centred, part in ((False, raw), (True, centred_within_queries(raw) if whole_screen else None)):
        if part is None:
            continue
        # A test fold holds a tenth of the repeats, which tell the same noise less well.
        if whole_screen:
            yield from _by_repeats(part, centred, settings)
        yield from _by_reported_sd(part, centred, screen, settings)
    if truth is not None:
        yield from _by_truth(raw, phenotype, truth, settings, within_queries=whole_screen)


def _by_repeats(part: Part, centred: bool, settings: EvaluationSettings) -> Iterator[dict[str, Any]]:
    for method, found in find_repeats(part.data, part.query).items():
        weight = order_weights(part.data.genotypes.order, found)
        if weight is None:
            continue
        rested_on = part.design.take(found.rows)
        among, screen = (
            sums.estimate(part.design, part.resamples, rested_on.effective())
            for sums in repeat_reliability(part.value, part.share, found, weight)
        )
        # A screen may hold a few genotypes of an order that nobody repeated.
        if len(np.unique(part.data.genotypes.order[found.rows])) == 1:
            yield _row(method, "repeated", centred, among, rested_on, settings)
        yield _row(method, "screen", centred, screen, rested_on, settings)


def _by_reported_sd(part: Part, centred: bool, screen: str, settings: EvaluationSettings) -> Iterator[dict[str, Any]]:
    std = part.data.genotypes.std / np.sqrt(settings.sd_replicates.get(screen, 1))
    known = np.isfinite(std)
    if known.sum() >= MINIMUM_GROUPS:
        rested_on = part.design.take(known)
        sums = reported_reliability(part.value, part.share, std)
        reliability = sums.estimate(part.design, part.resamples, rested_on.effective())
        yield _row("reported_sd", "screen", centred, reliability, rested_on, settings)


def _by_truth(
    part: Part, phenotype: str, table: pd.DataFrame, settings: EvaluationSettings, *, within_queries: bool
) -> Iterator[dict[str, Any]]:
    if phenotype not in table.columns:
        return
    truth = by_genotype(part.data, table["genes"], table[phenotype].to_numpy(np.float64), "truth")
    known = np.isfinite(truth)
    if known.sum() < MINIMUM_GROUPS:
        return
    design, x, y = part.design.take(known), truth[known], part.data.genotypes.value[known]
    moments = MomentBootstrap(design, part.resamples, y)
    sums = moments.sums(x)
    found = {False: (pearson(sums), of_correlation(x - x.mean(), y - y.mean()))}
    if within_queries and design.has_queries and part.data.genotypes.order.max() > 1:
        found[True] = pearson_within_query(sums), moments.influence_within_query(x)
    for centred, (correlation, influence) in found.items():
        signed = correlation * np.abs(correlation)
        squared = Estimate(
            float(signed[0]), signed[1:], design.effective(), design.spread(2 * abs(correlation[0]) * influence)
        )
        yield _row("truth", "screen", centred, squared, design, settings)


def _row(
    method: str,
    scope: str,
    centred: bool,
    reliability: Estimate,
    rested_on: ClusterDesign,
    settings: EvaluationSettings,
) -> dict[str, Any]:
    """Return one row of the table; `rested_on` holds the clusters of the rows that the noise was estimated from."""
    low, high = ceiling(np.array(reliability.interval(settings.confidence))).tolist()
    best = float(ceiling(np.array(reliability.value)))
    row = {
        "method": method,
        "scope": scope,
        "centred": centred,
        "reliability": reliability.value,
        "ceiling": best,
        "low": low,
        "high": high,
        "n": len(rested_on.codes),
        "groups": rested_on.present(),
        "assumption": ASSUMPTIONS[method],
    }
    if reliability.value <= 0 and method != "truth":
        row |= {"ceiling": np.nan, "low": np.nan, "assumption": f"{ASSUMPTIONS[method]} {CONTRADICTED}"}
    return row


Bound = Literal["exact", "estimate", "upper bound", "lower bound", "contradicted", "uncertain", "none"]
BOUNDS: tuple[Bound, ...] = get_args(Bound)
"""What a ceiling is. The last three are none: the noise would exceed the whole spread of the values; the interval
reaches down to 0, so that all of the spread may be noise; nothing estimates it."""

METHODS: dict[str, Bound] = {
    "truth": "exact",
    "repeated_genotypes": "estimate",
    "replicates": "upper bound",
    "literature": "estimate",
    "reported_sd": "upper bound",
    "alleles": "lower bound",
}
"""Methods in the order in which one stands for a screen, by what they assume and never by what they give; and what
each bounds."""

_OF_REPEATS = frozenset({"repeated_genotypes", "replicates", "alleles"})

MINIMUM_ROWS = 100
"""Rows of a split's test fold without which its own estimate is left for that of the whole screen."""


@dataclass(frozen=True)
class Ceiling:
    """The best Pearson correlation that a prediction can have with a screen's scores.

    Attributes
    ----------
    value, low, high
        The ceiling and its interval (NaN: none is known).
    bound
        What it is, or why there is none.
    method
        How it was estimated, a key of `METHODS`; '' where nothing estimates it.
    scope
        'repeated': for rows like those that were measured more than once; 'screen': for all rows.
    split
        The test fold among whose rows it was estimated; `ALL_SPLITS`: among all rows of the screen.
    rows
        How many rows the noise was estimated from.
    """

    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    bound: Bound = "none"
    method: str = ""
    scope: str = ""
    split: str = ALL_SPLITS
    rows: int = 0

    @property
    def known(self) -> bool:
        """Whether there is a value to show."""
        return bool(np.isfinite(self.value))

    @property
    def agreement(self) -> float:
        """The correlation of two measurements of the same genotypes."""
        return self.value**2


def ceiling_of(
    ceilings: pd.DataFrame, screen: str, phenotype: str, split: str = ALL_SPLITS, *, centred: bool = False
) -> Ceiling:
    """Return the ceiling of an assay on one split.

    Method and rows are chosen before their number is looked at, and what they give stands, be it none. The method is
    the first of `METHODS` that the whole screen has an estimate by, for all of its splits. A truth or reported SDs are
    set against the spread of the split's own test rows where these are enough; repeats, of which a test fold holds few,
    stand for all splits. Noise is never laid upon rows that it was not measured on: an estimate by repeats is that of
    the repeated rows (scope 'repeated'), whatever it would be for the rest of the screen.

    Parameters
    ----------
    ceilings
        Rows of ``evaluation/noise_ceiling.parquet``.
    screen, phenotype, split
        What is predicted.
    centred
        For correlations within queries.
    """
    rows = estimates(ceilings, screen, phenotype, centred=centred)
    everywhere = rows[rows["split"] == ALL_SPLITS]
    if everywhere.empty:
        return Ceiling()
    method = str(everywhere["method"].iloc[0])
    own = rows[(rows["split"] == split) & (rows["method"] == method) & (rows["n"] >= MINIMUM_ROWS)]
    row = (own if len(own) else everywhere).iloc[0]
    value, low, high = row[["ceiling", "low", "high"]].astype(float)
    bound: Bound = "contradicted" if np.isnan(value) else "uncertain" if low <= 0 else METHODS[method]
    if bound != METHODS[method]:
        value = low = high = np.nan
    return Ceiling(value, low, high, bound, method, str(row["scope"]), str(row["split"]), int(row["n"]))


def own_scope(ceilings: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are for what the noise was measured on: of repeats the repeated rows, else all rows."""
    return ceilings[(ceilings["scope"] == "repeated") == ceilings["method"].isin(_OF_REPEATS)]


def estimates(ceilings: pd.DataFrame, screen: str, phenotype: str, *, centred: bool = False) -> pd.DataFrame:
    """Return an assay's estimates over all of its orders, one a method and split, in the order of `METHODS`.

    One order stands for a split whose rows are all of it, or whose orders no method has one number for. A published
    correlation is of one order. Of several the highest counts, whose scores are the noisiest.
    """
    rows = own_scope(ceilings)
    rows = rows[(rows["screen"] == screen) & (rows["phenotype"] == phenotype) & (rows["centred"] == centred)]
    whole = rows["order"] == ALL_ORDERS
    mixed = rows["split"].isin(rows.loc[whole, "split"])
    rows = rows[whole | ~mixed | (rows["method"] == "literature")]
    rank = rows["method"].map(list(METHODS).index).astype(np.int64)
    ranked = rows.assign(rank=rank).sort_values(
        ["rank", "split", "order"], ascending=[True, True, False], kind="stable"
    )
    return ranked.drop_duplicates(["method", "split"]).drop(columns="rank")
