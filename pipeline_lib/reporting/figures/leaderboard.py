"""Every model beside every other: forests of skill, of paired differences, of ablations."""

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pipeline_lib.config.cell import kind_and_repeat
from pipeline_lib.config.screens import POOLED
from pipeline_lib.evaluation.ceilings.choice import ceiling_of
from pipeline_lib.evaluation.metrics.scores import leading_metric
from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure
from pipeline_lib.reporting.figures.forest import colours_in_words, forest
from pipeline_lib.reporting.names import (
    METRICS,
    assay_name,
    in_order,
    panel_title,
    split_name,
    split_phrase,
)

_LEAST_SUBGROUP = 30
"""Genotypes that a correlation is drawn for; that of two is 1 or -1 whatever the model."""
_TALLEST = 10.2
"""Inches that a figure may be high: a page with its margins."""
LEADING = ("interaction", "raw_interaction", "fitness", "call")


def leading_assay(leaderboard: pd.DataFrame) -> tuple[str, str]:
    """Return the assay that the report leads with: the interaction screen with most tested rows."""
    # Pooled draws count an observation many times, which says nothing of a screen's size.
    draw_known = np.array([kind_and_repeat(split)[1] is not None for split in leaderboard["split"]], dtype=bool)
    single = leaderboard[draw_known]
    rows = single[single["screen"] != POOLED]
    for phenotype in LEADING:
        part = rows[(rows["phenotype"] == phenotype) & (rows["screen"] != "simulated")]
        part = part if len(part) else rows[rows["phenotype"] == phenotype]
        if len(part):
            return str(part.loc[part["n"].idxmax(), "screen"]), phenotype
    return "", ""


def draw_leaderboard(leaderboard: pd.DataFrame, ceilings: pd.DataFrame) -> Drawn:
    """Draw the leading assay's leaderboard, one panel a split, with the noise ceiling."""
    screen, phenotype = leading_assay(leaderboard)
    metric = leading_metric(phenotype)
    rows = leaderboard[
        (leaderboard["screen"] == screen) & (leaderboard["phenotype"] == phenotype) & (leaderboard["metric"] == metric)
    ]
    splits = in_order(rows["split"])
    title = f"Leaderboard: {assay_name(screen, phenotype)}"
    if not splits:
        return empty_figure("leaderboard", title, "The leaderboard is empty.", style.ONE_COLUMN)
    columns = min(2, len(splits))
    lines = -(-len(splits) // columns)
    tallest = rows.groupby("split")["model"].nunique().max()
    figure, axes = plt.subplots(
        lines, columns, figsize=(style.TWO_COLUMNS, lines * (0.7 + 0.125 * tallest)), squeeze=False
    )
    bounds = set()
    for panel, split in zip(axes.flat, splits, strict=False):
        forest(panel, rows[rows["split"] == split])
        panel.set(title=split_name(split), xlabel=METRICS[metric])
        best = ceiling_of(ceilings, screen, phenotype, split) if metric == "pearson" else None
        if best is not None:
            bounds.add(best.bound)
            panel.axvline(best.value, color=style.CEILING, linestyle="--", linewidth=0.9)
    for panel in axes.flat[len(splits) :]:
        panel.axis("off")
    n = int(rows["n"].max())
    kinds = " or ".join(sorted("its lower bound" if bound == "lower bound" else bound for bound in bounds))
    ceiling = f"; dashed green: the noise ceiling ({kinds})" if bounds else ""
    return Drawn(
        "leaderboard",
        figure,
        title,
        f"{METRICS[metric]} on the test fold (up to n = {n:,}), the best model on top. Bars are bootstrap intervals "
        f"over queries or genes, never over rows. {colours_in_words(rows['model'])}{ceiling}.",
        "Forest plot of every model on every split.",
    )


def draw_differences(differences: pd.DataFrame) -> Drawn:
    """Draw each model's paired difference to the best baseline on the leading assay."""
    screen, phenotype = leading_assay(differences)
    metric = leading_metric(phenotype)
    rows = differences[
        (differences["screen"] == screen)
        & (differences["phenotype"] == phenotype)
        & (differences["metric"] == metric)
        & (differences["role"] == "best_baseline")
    ]
    splits = in_order(rows["split"])
    title = f"Paired differences to the best baseline: {assay_name(screen, phenotype)}"
    if not splits:
        return empty_figure("differences", title, "There is no baseline to compare with.", style.ONE_COLUMN)
    columns = min(2, len(splits))
    lines = -(-len(splits) // columns)
    tallest = rows.groupby("split")["model"].nunique().max()
    figure, axes = plt.subplots(
        lines, columns, figsize=(style.TWO_COLUMNS, lines * (0.7 + 0.125 * tallest)), squeeze=False
    )
    for panel, split in zip(axes.flat, splits, strict=False):
        part = rows[rows["split"] == split]
        # The best baseline itself is held against the next best one, which is another comparison.
        reference = part["reference"].mode().iloc[0]
        forest(panel, part[part["reference"] == reference])
        panel.set(title=f"{split_name(split)}\nagainst {reference}", xlabel=f"difference in {METRICS[metric]}")
    for panel in axes.flat[len(splits) :]:
        panel.axis("off")
    return Drawn(
        "differences",
        figure,
        title,
        "Model less best baseline (chosen on the validation fold), paired on the same bootstrap resamples of queries "
        "and arrays, or genes, and on the seeds that both have. A model beats the baseline where its whole interval is "
        "right of zero and q < 0.05.",
        "Forest plot of paired differences to the best baseline on every split.",
    )


def draw_subgroups(subgroups: pd.DataFrame, model: str) -> Drawn:
    """Draw the model's skill within subgroups of genotypes."""
    rows = subgroups[
        (subgroups["model"] == model)
        & (subgroups["metric"] == "pearson")
        & (subgroups["phenotype"] != "call")
        & (subgroups["n"] >= _LEAST_SUBGROUP)
    ]
    title = f"Where the skill of {model} lies"
    if rows.empty:
        return empty_figure("subgroups", title, "No subgroup has enough observations.", style.ONE_COLUMN)
    kinds = [kind for kind in ("metabolic", "essential", "order", "degree") if kind in set(rows["subgroup"])]
    width = style.ONE_COLUMN if len(kinds) == 1 else style.TWO_COLUMNS
    figure, axes = plt.subplots(1, len(kinds), figsize=(width, 2.4), sharey=True, squeeze=False)
    screens = sorted(set(zip(rows["screen"], rows["phenotype"], strict=True)))
    first = in_order(rows["split"])[0]
    for panel, kind in zip(axes.flat, kinds, strict=True):
        part = rows[(rows["subgroup"] == kind) & (rows["split"] == first)]
        levels = [
            level
            for level in ("all", "some", "none", "1", "2", "3", "low", "middle", "high")
            if level in set(part["level"])
        ]
        for position, assay in enumerate(screens):
            one = (
                part[(part["screen"] == assay[0]) & (part["phenotype"] == assay[1])].set_index("level").reindex(levels)
            )
            x = np.arange(len(levels)) + (position - (len(screens) - 1) / 2) * 0.12
            error = np.nan_to_num(np.abs([one["value"] - one["low"], one["high"] - one["value"]]))
            panel.errorbar(
                x,
                one["value"],
                yerr=error,
                fmt="o",
                elinewidth=0.8,
                label=assay_name(*assay),
                color=style.PALETTE[position % len(style.PALETTE)],
            )
        panel.set_xticks(range(len(levels)), levels)
        panel.set(title=_SUBGROUPS[kind], ylabel="Pearson" if panel is axes.flat[0] else "")
        panel.axhline(0, color=style.INK, linewidth=0.5)
    figure.legend(*axes.flat[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(kinds))
    return Drawn(
        "subgroups",
        figure,
        title,
        f"Pearson correlation of {model} within subgroups of at least {_LEAST_SUBGROUP} test genotypes "
        f"({split_phrase(first)}), with bootstrap intervals. Metabolic and essential: whether all, some or none of the "
        "deleted genes are; degree: terciles of the genotype's least connected gene in the networks.",
        "Dots with intervals of the correlation by subgroup.",
    )


_SUBGROUPS = {
    "metabolic": "Metabolic genes",
    "essential": "Essential genes",
    "order": "Number of deletions",
    "degree": "Degree in networks",
}


def draw_family(leaderboard: pd.DataFrame, name: str, title: str, caption: str, chosen: Callable[[str], bool]) -> Drawn:
    """Draw one family of models on the splits it ran on, one panel an assay with a known leading metric."""
    rows = leaderboard[leaderboard["model"].map(chosen) & (leaderboard["screen"] != POOLED)]
    rows = rows[rows["metric"] == rows["phenotype"].map(leading_metric)]
    rows = rows[rows.groupby(["split", "screen", "phenotype"])["model"].transform("nunique") > 1]
    assays = sorted(set(zip(rows["screen"], rows["phenotype"], strict=True)))
    if not assays:
        return empty_figure(name, title, "This run has fewer than two such models on one split.", style.ONE_COLUMN)
    columns = min(3, len(assays))
    lines = -(-len(assays) // columns)
    models = sorted(rows["model"].unique(), key=lambda model: (len(model), model))
    height = min(lines * (0.95 + 0.22 * len(models)), _TALLEST)
    figure, axes = plt.subplots(lines, columns, figsize=(style.TWO_COLUMNS, height), squeeze=False, sharey=True)
    splits = in_order(rows["split"])
    for panel, (screen, phenotype) in zip(axes.flat, assays, strict=False):
        for position, split in enumerate(splits):
            part = rows[(rows["screen"] == screen) & (rows["phenotype"] == phenotype) & (rows["split"] == split)]
            part = part.set_index("model").reindex(models)
            y = np.arange(len(models)) + (position - (len(splits) - 1) / 2) * 0.16
            error = np.nan_to_num(np.abs([part["value"] - part["low"], part["high"] - part["value"]]))
            panel.errorbar(
                part["value"],
                y,
                xerr=error,
                fmt="o",
                elinewidth=0.8,
                label=split_name(split),
                color=style.PALETTE[position % len(style.PALETTE)],
            )
        panel.set_yticks(range(len(models)), models)
        panel.set_ylim(len(models) - 0.5, -0.5)
        panel.set(title=panel_title(screen, phenotype), xlabel=METRICS[leading_metric(phenotype)])
        panel.axvline(0, color=style.INK, linewidth=0.5)
    for panel in axes.flat[len(assays) :]:
        panel.axis("off")
    figure.legend(*axes.flat[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    return Drawn(name, figure, title, caption, f"Dots with intervals: {title}.")
