"""Sentences that follow from the numbers: a word such as "beats" is written only where the interval supports it."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import wasserstein_distance

from pipeline_lib.evaluation.ceilings.noise_ceiling import Ceiling, ceiling_of
from pipeline_lib.evaluation.metrics.scores import leading_metric
from pipeline_lib.evaluation.tables.differences import Verdict
from pipeline_lib.reporting.names import METRICS, assay_name, in_order, split_phrase

Answer = Literal["yes", "no", "open"]


@dataclass(frozen=True)
class Finding:
    """One finding: the question it answers, its sentence, and what the page colours it by."""

    question: str
    sentence: str
    verdict: Answer


def number(value: float) -> str:
    """Return a number with three decimals, or a dash where there is none; zero has no sign."""
    return f"{round(value, 3) + 0.0:.3f}" if np.isfinite(value) else "–"


def interval(row: pd.Series) -> str:
    """Return ``0.612 (0.570 to 0.655)``."""
    if not (np.isfinite(row["low"]) and np.isfinite(row["high"])):
        return number(row["value"])
    return f"{number(row['value'])} ({number(row['low'])} to {number(row['high'])})"


_SMALLEST_WRITTEN = 0.0005
"""What three decimals show as zero is smaller."""

VERBS: dict[Verdict, str] = {
    "win": "beats",
    "loss": "falls short of",
    "level": "shows no significant difference from",
    "undetermined": "has too few queries or genes to be compared with",
}
"""The sentence of each verdict on a model and its reference."""

COLOURS: dict[Verdict, Answer] = {"win": "yes", "loss": "no", "level": "open", "undetermined": "open"}


def seeds_in_words(ours: int, theirs: int) -> str:
    """Return what a difference rests on: ``3 seeds each, paired`` or ``3 seeds against 1``."""
    if ours == theirs:
        return "1 seed each" if ours == 1 else f"{ours} seeds each, paired"
    return f"{ours} seed{'s' * (ours != 1)} against {theirs}"


def detectable_in_words(row: Mapping[Hashable, Any] | pd.Series) -> str:
    """Return what a comparison without a significant difference would have found; empty for any other."""
    if row["verdict"] != "level" or not np.isfinite(row["detectable"]):
        return ""
    size = (
        number(row["detectable"])
        if row["detectable"] >= _SMALLEST_WRITTEN
        else f"less than {number(2 * _SMALLEST_WRITTEN)}"
    )
    return f"; a true difference of {size} would have been found four times in five"


def model_findings(
    leaderboard: pd.DataFrame, differences: pd.DataFrame, model: str, assay: tuple[str, str]
) -> list[Finding]:
    """Say on every split how the model stands to the best baseline of an assay (screen, phenotype)."""
    screen, phenotype = assay
    metric = leading_metric(phenotype)
    rows = differences[
        (differences["model"] == model)
        & (differences["screen"] == screen)
        & (differences["phenotype"] == phenotype)
        & (differences["metric"] == metric)
        & (differences["role"] == "best_baseline")
    ]
    if rows.empty:
        return [Finding("How good?", _nothing_to_compare(leaderboard, model, screen, phenotype), "open")]
    found = []
    places = {split: place for place, split in enumerate(in_order(rows["split"]))}
    for _, row in rows.sort_values("split", key=lambda split: split.map(places)).iterrows():
        scores = leaderboard[
            (leaderboard["split"] == row["split"])
            & (leaderboard["screen"] == screen)
            & (leaderboard["phenotype"] == phenotype)
            & (leaderboard["metric"] == metric)
        ].set_index("model")
        ours, theirs = scores.loc[model], scores.loc[row["reference"]]
        seeds = seeds_in_words(row["seeds"], row["reference_seeds"])
        found.append(
            Finding(
                f"{assay_name(screen, phenotype)}, {split_phrase(str(row['split']))}",
                f"{model} {VERBS[row['verdict']]} {row['reference']}, the best baseline: {METRICS[metric]} "
                f"{interval(ours)} against {interval(theirs)}; paired difference {interval(row)}, "
                f"q = {number(row['q_value'])}, {seeds}, n = {int(row['n']):,}"
                f"{detectable_in_words(row)}.",
                COLOURS[row["verdict"]],
            )
        )
    return found


def _nothing_to_compare(leaderboard: pd.DataFrame, model: str, screen: str, phenotype: str) -> str:
    """Say why no baseline stands beside the model on the leading assay."""
    metric = leading_metric(phenotype)
    rows = leaderboard[(leaderboard["screen"] == screen) & (leaderboard["phenotype"] == phenotype)]
    if model not in set(rows["model"]):
        return f"{model} was not fitted in this run."
    values = rows.loc[(rows["model"] == model) & (rows["metric"] == metric), "value"]
    if values.notna().any():
        return f"No baseline was fitted beside {model} on one split of this run."
    tested = int(rows["n"].max())
    why = "with and without a call" if phenotype == "call" else "that differ"
    return (
        f"{assay_name(screen, phenotype)}: the test fold has {tested:,} genotype{'s' * (tested != 1)}, and "
        f"{METRICS[metric]} needs several {why}, so no model can be compared with another."
    )


def ceiling_finding(leaderboard: pd.DataFrame, ceilings: pd.DataFrame, model: str, assay: tuple[str, str]) -> Finding:
    """Say how far the model is from what the noise of an assay (screen, phenotype) allows."""
    screen, phenotype = assay
    scores = leaderboard[
        (leaderboard["model"] == model)
        & (leaderboard["screen"] == screen)
        & (leaderboard["phenotype"] == phenotype)
        & (leaderboard["metric"] == "pearson")
        & leaderboard["value"].notna()
    ]
    splits = in_order(scores["split"])
    split = splits[0] if splits else ""
    question, name = "How near the noise ceiling?", assay_name(screen, phenotype)
    best = ceiling_of(ceilings, screen, phenotype, split)
    if not best.known:
        return Finding(question, f"{name} has no known noise ceiling: {why_unknown(best)}.", "open")
    ceiling = ceiling_in_words(best)
    if not splits:
        return Finding(question, f"The noise ceiling of {name} is {ceiling}.", "open")
    row = scores[scores["split"] == split].iloc[0]
    reached = (
        f"On the {split_phrase(split)} {model} reaches Pearson {number(row['value'])}; the noise ceiling is {ceiling}"
    )
    if row["value"] > best.value and best.bound != "lower bound":
        return Finding(question, f"{reached}, which is less: what that estimate assumes does not hold here.", "open")
    if best.bound == "lower bound":
        return Finding(question, f"{reached}. What is left to gain is at least the distance to it.", "open")
    share = f"{row['value'] / best.value:.0%} of what a perfect model could show against one released score"
    return Finding(question, f"{reached}: {share}.", "open")


AT_BOUND = {"upper bound": "at most ", "lower bound": "at least "}
"""What a ceiling that is a bound has before its value."""


def why_unknown(best: Ceiling) -> str:
    """Return why a ceiling has no value, as a clause."""
    method = best.method.replace("_", " ")
    reasons = {
        "none": "nothing estimates it",
        "contradicted": f"by {method} the noise would exceed the whole spread of the values",
        "uncertain": f"the interval of the estimate by {method} reaches down to 0",
    }
    return reasons[best.bound]


def ceiling_in_words(best: Ceiling) -> str:
    """Return a ceiling with its interval, what it was estimated by, what it bounds and for which rows it stands."""
    row = pd.Series({"value": best.value, "low": best.low, "high": best.high})
    kind = AT_BOUND.get(best.bound, "")
    by = {
        "truth": "the simulated truth",
        "literature": "a published correlation of replicates",
        "reported_sd": f"the reported SDs of {best.rows:,} rows",
    }.get(best.method, f"{best.method.replace('_', ' ')} in {best.rows:,} rows")
    own = ", for those rows and not for the whole screen" if best.scope == "repeated" else ""
    why = ", as real differences between alleles count as noise" if best.method == "alleles" else ""
    return f"{kind}{interval(row)} (by {by}{own}{why})"


def above_ceiling_sentences(board: pd.DataFrame) -> list[str]:
    """Name the comparisons in which the model agrees with the test fold better than its noise allows.

    Parameters
    ----------
    board
        Rows of ``evaluation/scoreboard.parquet``.
    """
    return [
        f"{assay_name(row['screen'], row['phenotype'])}, {split_phrase(row['split'])}: {row['model']} reaches "
        f"{number(row['value'])} ({number(row['value_low'])} to {number(row['value_high'])}), above the noise ceiling "
        f"of {number(row['ceiling'])} ({row['ceiling_bound']}). It predicts errors that test rows share with training "
        "rows, such as those of a query's control screens, rows of the test fold were trained on, or what the ceiling "
        "assumes does not hold."
        for row in board[board["above_ceiling"] & (board["ceiling_method"] != "truth")].to_dict("records")
    ]


_NAMED = 3
"""Models that a sentence names before it counts the rest."""


def beyond_truth_sentences(leaderboard: pd.DataFrame, ceilings: pd.DataFrame) -> list[str]:
    """Say which models agree with a simulated screen better than its own truth does.

    Scores share their control crosses with training: a lookup of the query learns their error on the random split, a
    model that reads the controls on every split.
    """
    scores = leaderboard[leaderboard["metric"] == "pearson"]
    sentences = []
    for (screen, phenotype), assay in scores.groupby(["screen", "phenotype"], sort=False):
        parts = []
        for split in in_order(assay["split"]):
            best = ceiling_of(ceilings, str(screen), str(phenotype), split)
            rows = assay[assay["split"] == split]
            if best.bound != "exact" or not (above := rows[rows["low"] > best.value]).size:
                continue
            named = above.sort_values("value", ascending=False).head(_NAMED)
            models = ", ".join(f"{row.model} ({row.value:.3f})" for row in named.itertuples())
            others = f" and {len(above) - _NAMED} more" if len(above) > _NAMED else ""
            parts.append(f"{split_phrase(split)} {best.value:.3f}, above it {models}{others}")
        if parts:
            sentences.append(
                f"{assay_name(str(screen), str(phenotype))}: Pearson correlation of the noise-free truth with the "
                f"released scores: {'; '.join(parts)}. Models above it predict errors that scores share with "
                "training, such as those of control crosses, and no biology."
            )
    return sentences


def conservative_p_sentences(p_values: pd.DataFrame) -> list[str]:
    """Say whose P-values crowd near 1, more than true nulls alone would: their share of true nulls is unknown.

    Parameters
    ----------
    p_values
        `pipeline_lib.evaluation.tables.schemas.P_VALUES`; the rows "pi0_at_lambda" are not cut at 1.
    """
    half = p_values[(p_values["quantity"] == "pi0_at_lambda") & (p_values["detail"] == "0.50")]
    crowded = half[half["low"].fillna(half["value"]) > 1].sort_values(["screen", "order"])
    if crowded.empty:
        return []
    named = "; ".join(
        f"{assay_name(str(row.screen), str(row.phenotype))}, {row.order} genes: {row.value:.2f} times"
        for row in crowded.itertuples()
    )
    sentence = (
        "Were every genotype a true null, half of the two-sided P-values would lie above 0.5. More than that do here "
        f"({named} as many), so these P-values are conservative: π₀ is cut at 1 and is no estimate of the share of "
        "true nulls, and counts of discoveries err on the low side."
    )
    return [sentence]


_SAMPLE = 20_000
"""Quantiles at which two distributions are compared at most."""


@dataclass(frozen=True)
class Cost:
    """Root mean squared error and Wasserstein distance, in SD of the measured values."""

    rmse: float
    wasserstein: float


@dataclass(frozen=True)
class Stretch:
    """Predictions and measurements in standard units.

    Attributes
    ----------
    measured, predicted
        float64 [n], mean 0 and SD 1.
    pearson
        Their correlation, which no stretching changes.
    own
        SD of the predictions as they are, in SD of the measurements.
    """

    measured: NDArray[np.float64]
    predicted: NDArray[np.float64]
    pearson: float
    own: float

    def at(self, spread: float) -> Cost:
        """Return the cost of the predictions at an SD of `spread` (measurements: 1).

        With both means taken off, the mean squared error is s^2 - 2 r s + 1, least at s = r.
        """
        squared = spread**2 - 2 * self.pearson * spread + 1
        distance = wasserstein_distance(_thin(self.measured), spread * _thin(self.predicted))
        return Cost(float(np.sqrt(max(squared, 0.0))), float(distance))


def stretched(measured: NDArray[np.float64], predicted: NDArray[np.float64]) -> Stretch | None:
    """Put measurements and predictions [n] into standard units; None where one of them does not vary."""
    measured_sd, predicted_sd = float(measured.std()), float(predicted.std())
    if not (measured_sd > 0 and predicted_sd > 0):
        return None
    x, y = (measured - measured.mean()) / measured_sd, (predicted - predicted.mean()) / predicted_sd
    return Stretch(x, y, float(np.mean(x * y)), predicted_sd / measured_sd)


def _thin(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(values) <= _SAMPLE:
        return values
    return np.asarray(np.quantile(values, (np.arange(_SAMPLE) + 0.5) / _SAMPLE))


_FEWEST = 10
BETTER_LOOK, FREE, NOTHING = "better look, greater error", "costs nothing", "buys nothing"


def spread_trades(table: pd.DataFrame) -> pd.DataFrame:
    """Return what the full spread of predictions does on every assay.

    Parameters
    ----------
    table
        screen, phenotype, value, prediction of the test fold.

    Returns
    -------
    pandas.DataFrame
        screen, phenotype, n, pearson, predicted_sd (in SD of the measurements), rmse, rmse_full, wasserstein,
        wasserstein_full (all in SD of the measurements; full: stretched to the measured SD), full_spread (its worth).
    """
    rows = []
    for (screen, phenotype), part in table.groupby(["screen", "phenotype"]):
        if phenotype == "call" or len(part) < _FEWEST:
            continue
        curve = stretched(part["value"].to_numpy(), part["prediction"].to_numpy())
        if curve is None:
            continue
        own, full = curve.at(curve.own), curve.at(1.0)
        rows.append(
            {
                "screen": screen,
                "phenotype": phenotype,
                "n": len(part),
                "pearson": curve.pearson,
                "predicted_sd": curve.own,
                "rmse": own.rmse,
                "rmse_full": full.rmse,
                "wasserstein": own.wasserstein,
                "wasserstein_full": full.wasserstein,
                "full_spread": _worth(own, full),
            }
        )
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _worth(own: Cost, full: Cost) -> str:
    if full.rmse <= own.rmse:
        return FREE
    return BETTER_LOOK if full.wasserstein < own.wasserstein else NOTHING


_COLUMNS = (
    "screen",
    "phenotype",
    "n",
    "pearson",
    "predicted_sd",
    "rmse",
    "rmse_full",
    "wasserstein",
    "wasserstein_full",
    "full_spread",
)

_WORTH = {
    BETTER_LOOK: "the distribution looks better and every single prediction is worse on average, so no divergence is "
    "added",
    FREE: "these predictions were too narrow, and a wider spread costs nothing",
    NOTHING: "the wider spread buys nothing",
}


def spread_sentences(trades: pd.DataFrame, model: str, leading: tuple[str, str]) -> list[str]:
    """Say what stretching the model's own predictions does on the leading assay, and count the others.

    Parameters
    ----------
    trades
        What `spread_trades` returns.
    model
        Whose predictions these are.
    leading
        Screen and phenotype that the report leads with.
    """
    if trades.empty:
        return ["No assay of this run has enough tested values to discuss."]
    is_leading = (trades["screen"] == leading[0]) & (trades["phenotype"] == leading[1])
    displayed = trades[is_leading] if is_leading.any() else trades.iloc[:1]
    row = displayed.iloc[0]
    others = trades.drop(index=displayed.index)["full_spread"]
    sentence = (
        f"{assay_name(str(row['screen']), str(row['phenotype']))}: predictions of {model} have "
        f"{row['predicted_sd']:.2f} of the measured SD at a Pearson correlation of {row['pearson']:.3f}. Stretched to "
        f"the full SD, Pearson stays {row['pearson']:.3f}, the root mean squared error goes from {row['rmse']:.3f} to "
        f"{row['rmse_full']:.3f} SD and the Wasserstein distance between predicted and measured values from "
        f"{row['wasserstein']:.3f} to {row['wasserstein_full']:.3f} SD: {_WORTH[str(row['full_spread'])]}."
    )
    if others.empty:
        return [sentence]
    counts = ", ".join(f"{worth}: {number}" for worth, number in others.value_counts().items())
    return [sentence, f"What the full spread does on the {len(others)} other assays, as the table has it: {counts}."]
