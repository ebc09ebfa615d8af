"""Sentences that follow from the numbers: a word such as "beats" is written only where the interval says so."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline_lib.reporting.figures.leaderboard import leading_assay, leading_metric
from pipeline_lib.reporting.names import METRICS, assay_name, is_clp, split_name


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
    found = []
    for _, row in rows.iterrows():
        verb, verdict = compare(row)
        scores = leaderboard[
            (leaderboard["split"] == row["split"]) & (leaderboard["screen"] == screen)
            & (leaderboard["phenotype"] == phenotype) & (leaderboard["metric"] == metric)
        ].set_index("model")  # fmt: skip
        ours, theirs = scores.loc[model], scores.loc[row["reference"]]
        found.append(
            Finding(
                split_name(str(row["split"])),
                f"{model} {verb} {row['reference']}, the best baseline: {METRICS[metric]} {interval(ours)} against "
                f"{interval(theirs)}; paired difference {interval(row)}, n = {int(row['n']):,}.",
                verdict,
            )
        )
    return found


def ceiling_finding(leaderboard: pd.DataFrame, ceilings: pd.DataFrame, model: str) -> Finding:
    """Say how far the model is from what the noise of the leading assay allows."""
    screen, phenotype = leading_assay(leaderboard)
    rows = ceilings[(ceilings["screen"] == screen) & (ceilings["phenotype"] == phenotype) & ~ceilings["centred"]]
    rows = rows[rows["ceiling"].notna() & (rows["method"] != "truth") & (rows["scope"] == "screen")]
    question = "How near the noise ceiling?"
    if rows.empty:
        return Finding(question, f"{assay_name(screen, phenotype)} gives no estimate of its noise.", "open")
    row = rows.sort_values("n").iloc[-1]
    ceiling = f"{row['ceiling']:.3f} ({row['method'].replace('_', ' ')})"
    scores = leaderboard[
        (leaderboard["model"] == model) & (leaderboard["split"] == "random") & (leaderboard["screen"] == screen)
        & (leaderboard["phenotype"] == phenotype) & (leaderboard["metric"] == "pearson")
    ]  # fmt: skip
    if scores.empty:
        return Finding(question, f"The noise ceiling of {assay_name(screen, phenotype)} is {ceiling}.", "open")
    value = float(scores["value"].iloc[0])
    return Finding(
        question,
        f"On the random split {model} reaches {number(value)} of at most {ceiling}: "
        f"{value / row['ceiling']:.0%} of what a perfect model could show against one released score.",
        "open",
    )


def trust_finding(leakage: pd.DataFrame, rejected: pd.DataFrame, overfit_pearson: float | None) -> Finding:
    """Say what was checked before any number was believed."""
    broken = int((~leakage["holds"]).sum()) if len(leakage) else 0
    promises = int(leakage["promised"].sum()) if len(leakage) else 0
    learned = (
        f"the model learns 16 observations by heart (Pearson {overfit_pearson:.3f})"
        if overfit_pearson is not None
        else "no overfit check ran"
    )
    return Finding(
        "Can I trust it?",
        f"{promises - broken} of {promises} promises of the splits hold; {len(rejected):,} rows of the upstream files "
        f"were rejected, each with a reason; {learned}. Every interval is a bootstrap over queries or genes.",
        "yes" if promises and not broken and overfit_pearson is not None else "open",
    )


def family_sentences(leaderboard: pd.DataFrame, differences: pd.DataFrame, reference: str, prefix: str) -> list[str]:
    """Compare the variants of one family with its plain form, pairwise where differences were computed."""
    rows = differences[
        (differences["reference"] == reference) & (differences["role"] == "reference")
        & differences["model"].str.startswith(prefix) & (differences["screen"] != "pooled")
    ]  # fmt: skip
    rows = rows[rows["metric"] == rows["phenotype"].map(leading_metric)]
    sentences = []
    for _, row in rows.iterrows():
        verb, _ = compare(row)
        sentences.append(
            f"{row['model']} {verb} {reference} on {assay_name(row['screen'], row['phenotype'])} "
            f"({split_name(row['split'])}): difference {interval(row)}."
        )
    if not sentences and not leaderboard["model"].map(is_clp).any():
        sentences.append("This run has no such models.")
    return sentences
