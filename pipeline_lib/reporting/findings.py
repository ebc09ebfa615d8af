"""Sentences that follow from the numbers: a word such as "beats" is written only where the interval says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline_lib.config.screens import POOLED
from pipeline_lib.reporting.ceilings import standing_ceilings
from pipeline_lib.reporting.figures.leaderboard import leading_assay, leading_metric
from pipeline_lib.reporting.names import METRICS, assay_name, in_order, split_phrase


@dataclass(frozen=True)
class Finding:
    """One finding: the question it answers, its sentence, and how firm it is.

    Attributes
    ----------
    verdict
        'yes', 'no' or 'open'; what the page colours it by.
    """

    question: str
    sentence: str
    verdict: str


def number(value: float) -> str:
    """Return a number with three decimals, or a dash where there is none."""
    return f"{value:.3f}" if np.isfinite(value) else "–"


def interval(row: pd.Series) -> str:
    """Return ``0.612 (0.570 to 0.655)``."""
    if not (np.isfinite(row["low"]) and np.isfinite(row["high"])):
        return number(row["value"])
    return f"{number(row['value'])} ({number(row['low'])} to {number(row['high'])})"


def compare(row: pd.Series) -> tuple[str, str]:
    """Return the verb and the verdict of a paired difference.

    A model *beats* another only where the whole interval of the paired difference is on the better side of zero.
    """
    low, high = row["low"], row["high"]
    if row["lower_is_better"]:
        low, high = -high, -low
    if not (np.isfinite(low) and np.isfinite(high)):
        return "cannot be told from", "open"
    if low > 0:
        return "beats", "yes"
    if high < 0:
        return "falls short of", "no"
    return "cannot be told from", "open"


def model_findings(leaderboard: pd.DataFrame, differences: pd.DataFrame, model: str) -> list[Finding]:
    """Say on every split how the model stands to the best baseline of the leading assay."""
    screen, phenotype = leading_assay(leaderboard)
    metric = leading_metric(phenotype)
    rows = differences[
        (differences["model"] == model) & (differences["screen"] == screen) & (differences["phenotype"] == phenotype)
        & (differences["metric"] == metric) & (differences["role"] == "best_baseline")
    ]  # fmt: skip
    if rows.empty:
        return [Finding("How good?", _nothing_to_compare(leaderboard, model, screen, phenotype), "open")]
    found = []
    places = {split: place for place, split in enumerate(in_order(rows["split"]))}
    for _, row in rows.sort_values("split", key=lambda split: split.map(places)).iterrows():
        verb, verdict = compare(row)
        scores = leaderboard[
            (leaderboard["split"] == row["split"]) & (leaderboard["screen"] == screen)
            & (leaderboard["phenotype"] == phenotype) & (leaderboard["metric"] == metric)
        ].set_index("model")  # fmt: skip
        ours, theirs = scores.loc[model], scores.loc[row["reference"]]
        found.append(
            Finding(
                f"{assay_name(screen, phenotype)}, {split_phrase(str(row['split']))}",
                f"{model} {verb} {row['reference']}, the best baseline: {METRICS[metric]} {interval(ours)} against "
                f"{interval(theirs)}; paired difference {interval(row)}, n = {int(row['n']):,}.",
                verdict,
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


def ceiling_finding(leaderboard: pd.DataFrame, ceilings: pd.DataFrame, model: str) -> Finding:
    """Say how far the model is from what the noise of the leading assay allows."""
    screen, phenotype = leading_assay(leaderboard)
    rows = standing_ceilings(ceilings)
    rows = rows[(rows["screen"] == screen) & (rows["phenotype"] == phenotype) & ~rows["centred"]]
    rows = rows[rows["method"] != "truth"]
    question = "How near the noise ceiling?"
    if rows.empty:
        return Finding(question, f"{assay_name(screen, phenotype)} gives no estimate of its noise ceiling.", "open")
    # The estimate that rests on most rows of all orders together, where there is one.
    row = rows.sort_values(["order", "n"], ascending=[False, True]).iloc[-1]
    ceiling = f"{interval(row.rename({'ceiling': 'value'}))} (told from {row['method'].replace('_', ' ')})"
    scores = leaderboard[
        (leaderboard["model"] == model) & (leaderboard["split"] == "random") & (leaderboard["screen"] == screen)
        & (leaderboard["phenotype"] == phenotype) & (leaderboard["metric"] == "pearson")
    ]  # fmt: skip
    if scores.empty or not np.isfinite(scores["value"].iloc[0]):
        return Finding(question, f"The noise ceiling of {assay_name(screen, phenotype)} is {ceiling}.", "open")
    value = float(scores["value"].iloc[0])
    reached = f"On the random split {model} reaches Pearson {number(value)}; the noise ceiling is put at {ceiling}"
    if value > row["ceiling"]:
        return Finding(question, f"{reached}, which is less: what that estimate assumes does not hold here.", "open")
    share = f"{value / row['ceiling']:.0%} of what a perfect model could show against one released score"
    return Finding(question, f"{reached}: {share}.", "open")


def beyond_truth_sentences(leaderboard: pd.DataFrame, ceilings: pd.DataFrame) -> list[str]:
    """Say which models agree with a simulated screen better than its own truth does.

    Every score of a query shares its control screens, so on a random split a lookup of the query learns their error.
    """
    truth = ceilings[(ceilings["method"] == "truth") & ~ceilings["centred"]]
    truth = truth.sort_values("order").drop_duplicates(["screen", "phenotype"])
    scores = leaderboard[(leaderboard["metric"] == "pearson") & (leaderboard["split"] == "random")]
    pairs = scores.merge(truth[["screen", "phenotype", "ceiling"]], on=["screen", "phenotype"])
    sentences = []
    for (screen, phenotype), rows in pairs[pairs["low"] > pairs["ceiling"]].groupby(["screen", "phenotype"]):
        best = rows.sort_values("value", ascending=False)
        models = ", ".join(f"{row.model} ({row.value:.3f})" for row in best.itertuples())
        sentences.append(
            f"{assay_name(str(screen), str(phenotype))}, random split: the noise-free truth itself agrees with the "
            f"released scores at Pearson {best['ceiling'].iloc[0]:.3f}. Above it stand {models}: they predict errors "
            "that scores share with training, such as those of a query's control screens, and no biology."
        )
    return sentences


def conservative_p_sentences(p_values: pd.DataFrame) -> list[str]:
    """Say whose P-values crowd near 1, more than true nulls alone would: of these no share of nulls can be told.

    Parameters
    ----------
    p_values
        `pipeline_lib.evaluation.schemas.P_VALUES`; the rows "pi0_at_lambda" are not cut at 1.
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
        f"({named} as many), so these P-values are conservative: π₀ is cut at 1 and says nothing of the share of true "
        "nulls, and counts of discoveries err on the low side."
    )
    return [sentence]


@dataclass(frozen=True)
class Soundness:
    """Whether the checks of the network hold, and what they are, as the part of a sentence."""

    holds: bool
    words: str


NO_NETWORK = Soundness(True, "")
"""Of a run without the cell latent perturbation model."""


def network_soundness(overfit: Mapping[str, Any], walk_through: Mapping[str, Any]) -> Soundness:
    """Sum up the overfit check and the walk-through of the cell latent perturbation model."""
    held = sum(check["held"] for check in walk_through["checks"])
    invariants = len(walk_through["checks"])
    learned = (
        f"{overfit['model']} overfits {overfit['observations']} observations (Pearson {overfit['pearson']:.3f})"
        if overfit["passed"] is not None
        else f"the overfit check was left out: {overfit['left_out']}"
    )
    return Soundness(
        held == invariants and overfit["passed"] is not False,
        f"{held} of {invariants} invariants of the model hold on a real batch; {learned}; ",
    )


def trust_finding(leakage: pd.DataFrame, rejected: pd.DataFrame, network: Soundness) -> Finding:
    """Say what was checked before any number was believed."""
    checks = int(leakage["promised"].sum()) if len(leakage) else 0
    passed = int((leakage["promised"] & leakage["holds"]).sum()) if len(leakage) else 0
    return Finding(
        "Can I trust it?",
        f"{passed} of {checks} leakage checks pass (no genotype, query or gene in two folds where the split keeps "
        f"them apart); {network.words}"
        f"{len(rejected):,} rows of the upstream files were rejected, each with a reason. Intervals: bootstrap over "
        "queries or genes.",
        "yes" if passed == checks and network.holds else "no",
    )


def family_sentences(family: pd.DataFrame, reference: str) -> list[str]:
    """Compare the variants of one family with a reference: in words on the leading assay, in numbers elsewhere.

    Parameters
    ----------
    family
        Paired differences between the variants and `reference`.
    reference
        The model that each variant is compared with.
    """
    rows = family[(family["screen"] != POOLED) & (family["metric"] == family["phenotype"].map(leading_metric))]
    if rows.empty:
        return [f"This run compares no such model with {reference}."]
    screen, phenotype = leading_assay(rows)
    leading = (rows["screen"] == screen) & (rows["phenotype"] == phenotype)
    of_split = {str(split): part for split, part in rows[leading].groupby("split")}
    sentences = [
        f"{assay_name(screen, phenotype)}, {split_phrase(split)}, difference in "
        f"{METRICS[leading_metric(phenotype)]}: {_by_verdict(of_split[split], reference)}."
        for split in in_order(of_split)
    ]
    others = rows[~leading]
    if len(others):
        verdicts = [compare(row)[1] for _, row in others.iterrows()]
        better, worse = verdicts.count("yes"), verdicts.count("no")
        sentences.append(
            f"On the other assays {better} of {len(others)} differences lie above zero with their whole interval and "
            f"{worse} below; the table lists them."
        )
    return sentences


def _turned(row: pd.Series) -> pd.Series:
    """Return the difference seen from the other side."""
    return pd.Series({"value": -row["value"], "low": -row["high"], "high": -row["low"]})


def _by_verdict(rows: pd.DataFrame, reference: str) -> str:
    """Return the variants that beat the reference, those that fall short, and those that neither can be said of."""
    verbs = {
        name: [row for _, row in rows.iterrows() if compare(row)[0] == name]
        for name in ("beats", "falls short of", "cannot be told from")
    }
    parts = [
        f"{row['model']} {verb} {reference} by {interval(row if verb == 'beats' else _turned(row))}"
        for verb in ("beats", "falls short of")
        for row in verbs[verb]
    ]
    level = verbs["cannot be told from"]
    if level:
        names = ", ".join(str(row["model"]) for row in level)
        values = [row["value"] for row in level]
        span = number(values[0]) if len(values) == 1 else f"{number(min(values))} to {number(max(values))}"
        parts.append(f"{names} cannot be told from {reference} ({span})")
    return "; ".join(parts)
