"""Every model beside every other: the headline, forests of skill, of paired differences, of ablations."""

from collections.abc import Callable, Collection, Iterable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pipeline_lib.config.screens import POOLED
from pipeline_lib.config.training import kind_and_repeat
from pipeline_lib.evaluation.ceilings.noise_ceiling import Ceiling, ceiling_of
from pipeline_lib.evaluation.metrics.scores import leading_metric
from pipeline_lib.evaluation.tables.differences import Verdict
from pipeline_lib.evaluation.tables.scoreboard import counts_sentence
from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure
from pipeline_lib.reporting.names import (
    METRICS,
    assay_name,
    in_order,
    is_clp,
    is_dango,
    panel_title,
    split_name,
    split_phrase,
)


def colours_in_words(models: Iterable[str]) -> str:
    """Return what each colour of a forest stands for, of the models that are in it."""
    names = set(models)
    kinds = {
        "blue: the cell latent perturbation model and its ablations": any(map(is_clp, names)),
        "orange: DANGO": any(map(is_dango, names)),
        "grey: baselines": any(not is_clp(model) and not is_dango(model) for model in names),
    }
    words = "; ".join(kind for kind, there in kinds.items() if there)
    return words[:1].upper() + words[1:]


def forest(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw a forest on `axes`.

    Parameters
    ----------
    axes
        Where to draw.
    rows
        model, value, low, high; NaN bounds draw no interval.
    """
    rows = rows.sort_values("value")
    y = np.arange(len(rows))
    low = np.nan_to_num((rows["value"] - rows["low"]).to_numpy()).clip(min=0)
    high = np.nan_to_num((rows["high"] - rows["value"]).to_numpy()).clip(min=0)
    for position, (model, value, below, above) in enumerate(zip(rows["model"], rows["value"], low, high, strict=True)):
        axes.errorbar(value, position, xerr=[[below], [above]], fmt="o", color=_colour(model), elinewidth=0.9)
    axes.set_yticks(y, rows["model"])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.axvline(0, color=style.INK, linewidth=0.5)


def _colour(model: str) -> str:
    return style.CLP if is_clp(model) else style.RIVAL if is_dango(model) else style.BASELINE


_LEAST_SUBGROUP = 30
"""Genotypes that a correlation is drawn for; that of two is 1 or -1 whatever the model."""
_TALLEST = 10.2
"""Inches that a figure may be high: a page with its margins."""
LEADING = ("interaction", "raw_interaction", "fitness", "call")


def leading_assay(leaderboard: pd.DataFrame, simulated: Collection[str]) -> tuple[str, str]:
    """Return the assay that the report leads with: the interaction screen with most tested rows, measured if any is.

    Parameters
    ----------
    leaderboard
        Scores or differences of models.
    simulated
        Screens whose cells were simulated.
    """
    # Pooled repeats count an observation many times, which is not the size of a screen.
    repeat_known = np.array([kind_and_repeat(split)[1] is not None for split in leaderboard["split"]], dtype=bool)
    single = leaderboard[repeat_known]
    rows = single[single["screen"] != POOLED]
    for phenotype in LEADING:
        part = rows[(rows["phenotype"] == phenotype) & ~rows["screen"].isin(simulated)]
        part = part if len(part) else rows[rows["phenotype"] == phenotype]
        if len(part):
            return str(part.loc[part["n"].idxmax(), "screen"]), phenotype
    return "", ""


def draw_leaderboard(leaderboard: pd.DataFrame, ceilings: pd.DataFrame, simulated: Collection[str]) -> Drawn:
    """Draw the leading assay's leaderboard, one panel a split, with the noise ceiling."""
    screen, phenotype = leading_assay(leaderboard, simulated)
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
        best = ceiling_of(ceilings, screen, phenotype, split) if metric == "pearson" else Ceiling()
        if best.known:
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
        f"over queries and arrays, or genes, never over rows. {colours_in_words(rows['model'])}{ceiling}.",
        "Forest plot of every model on every split.",
    )


def draw_differences(differences: pd.DataFrame, simulated: Collection[str]) -> Drawn:
    """Draw each model's paired difference to the best baseline on the leading assay."""
    screen, phenotype = leading_assay(differences, simulated)
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
    style.legend_below(figure, axes.flat[0].get_legend_handles_labels(), len(kinds))
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
    style.legend_below(figure, axes.flat[0].get_legend_handles_labels(), 5)
    return Drawn(name, figure, title, caption, f"Dots with intervals: {title}.")


_TITLE = "Every comparison with the best baseline"
_TALLEST_SCOREBOARD = 10.0
"""Inches that the figure may be high."""

_COLOURS: dict[Verdict, str] = {
    "win": style.CLP,
    "level": style.QUIET,
    "loss": style.RIVAL,
    "undetermined": style.QUIET,
}


def draw_scoreboard(board: pd.DataFrame) -> Drawn:
    """Draw one line a screen, phenotype and split: values on the left, the paired difference on the right.

    Parameters
    ----------
    board
        Rows of ``evaluation/scoreboard.parquet``.
    """
    if board.empty:
        return empty_figure("scoreboard", _TITLE, counts_sentence(board, ()), style.ONE_COLUMN)
    model = str(board["model"].iloc[0])
    lines = _lines(board)
    height = min(1.0 + 0.19 * len(lines), _TALLEST_SCOREBOARD)
    figure, (values, differences) = plt.subplots(
        1, 2, figsize=(style.TWO_COLUMNS, height), sharey=True, width_ratios=(1.25, 1)
    )
    _draw_values(values, lines, model)
    _draw_differences(differences, lines)
    y = [place for place, _ in enumerate(lines)]
    values.set_yticks(y, [line if isinstance(line, str) else _label(line) for line in lines])
    for tick, line in zip(values.get_yticklabels(), lines, strict=True):
        if isinstance(line, str):
            tick.set_fontweight("bold")
    values.tick_params(axis="y", length=0)
    values.set_ylim(len(lines) - 0.4, -0.6)
    style.legend_below(figure, values.get_legend_handles_labels(), 3)
    called = " (AP: average precision, which has no ceiling)" if (board["metric"] != "pearson").any() else ""
    caption = (
        f"Left, the score on the test fold{called}; right, the paired difference between {model} and the baseline that "
        "is best on the validation fold: blue better, orange worse (whole interval on one side of zero, q < 0.05 over "
        "all lines), grey no significant difference, hollow too few queries or genes; arrows point beyond the axis. "
        "Intervals: bootstrap over queries and arrays, or genes."
    )
    alternative = "Forest plot with a line for every screen, phenotype and split."
    return Drawn("scoreboard", figure, _TITLE, caption, alternative)


def _lines(board: pd.DataFrame) -> list[pd.Series | str]:
    """Return the lines from the top: the name of a split, then its assays from the best difference to the worst."""
    lines: list[pd.Series | str] = []
    for split in in_order(board["split"]):
        phrase = split_phrase(split)
        lines.append(phrase[:1].upper() + phrase[1:])
        part = board[board["split"] == split].sort_values("difference", ascending=False, na_position="last")
        lines += [row for _, row in part.iterrows()]
    return lines


def _label(row: pd.Series) -> str:
    metric = " (AP)" if row["metric"] == "average_precision" else ""
    return f"{assay_name(str(row['screen']), str(row['phenotype']))}{metric}"


def _draw_values(axes: Axes, lines: list[pd.Series | str], model: str) -> None:
    known = [(place, line) for place, line in enumerate(lines) if not isinstance(line, str)]
    y, rows = np.array([place for place, _ in known], dtype=float), pd.DataFrame([line for _, line in known])
    for name, offset, colour, label in (
        ("baseline", 0.17, style.BASELINE, "best baseline"),
        ("value", -0.17, style.CLP, model),
    ):
        value = rows["value" if name == "value" else f"{name}_value"]
        error = np.abs(np.vstack([value - rows[f"{name}_low"], rows[f"{name}_high"] - value]))
        axes.errorbar(value, y + offset, xerr=np.nan_to_num(error), fmt="o", color=colour, elinewidth=0.9, label=label)
    if rows["fba"].notna().any():
        axes.plot(rows["fba"], y, "x", color=style.PALETTE[3], markersize=4, label="flux balance analysis")
    for bounds, marker, label in (
        (("exact", "estimate"), "|", "noise ceiling"),
        (("lower bound",), ">", "noise ceiling, lower bound"),
        (("upper bound",), "<", "noise ceiling, upper bound"),
    ):
        chosen = rows["ceiling_bound"].isin(bounds).to_numpy()
        if chosen.any():
            axes.plot(
                rows.loc[chosen, "ceiling"],
                y[chosen],
                marker,
                color=style.CEILING,
                markersize=8 if marker == "|" else 5,
                markeredgewidth=1.6,
                markerfacecolor="none",
                label=label,
            )
    axes.axvline(0, color=style.INK, linewidth=0.5)
    low = rows[["value_low", "baseline_low", "value", "baseline_value", "fba"]].min().min()
    axes.set_xlim(max(min(low, 0.0) - 0.03, -1.0), 1.03)
    metrics = "Pearson" if (rows["metric"] == "pearson").all() else "Pearson, or average precision (AP)"
    axes.set(title="Test fold", xlabel=metrics)


def _draw_differences(axes: Axes, lines: list[pd.Series | str]) -> None:
    rows = [(place, line) for place, line in enumerate(lines) if not isinstance(line, str)]
    bounds = np.array([[line["difference"], line["low"], line["high"]] for _, line in rows], dtype=float)
    finite = np.abs(bounds[np.isfinite(bounds)])
    # A handful of queries makes an interval that would press all others together.
    limit = max(0.05, 1.15 * float(np.quantile(finite, 0.8))) if len(finite) else 0.05
    for place, line in rows:
        colour = _COLOURS[line["verdict"]]
        low, high = np.clip(line[["low", "high"]].astype(float), -limit, limit)
        if np.isfinite([low, high]).all():
            axes.plot([low, high], [place, place], color=colour, linewidth=0.9)
            for bound, end, marker in ((line["low"], -limit, "<"), (line["high"], limit, ">")):
                if abs(bound) > limit and np.sign(bound) == np.sign(end):
                    axes.plot(end, place, marker, color=colour, markersize=3)
        if abs(line["difference"]) > limit:
            end = np.sign(line["difference"])
            axes.plot(end * limit, place, ">" if end > 0 else "<", color=colour, markersize=6)
        elif np.isfinite(line["difference"]):
            face = "none" if line["verdict"] == "undetermined" else colour
            axes.plot(line["difference"], place, "o", color=colour, markerfacecolor=face)
        axes.annotate(
            str(line["baseline"]),
            (1.02, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=5.5,
            color=style.QUIET,
            annotation_clip=False,
        )
    axes.axvline(0, color=style.INK, linewidth=0.6)
    axes.set_xlim(-1.05 * limit, 1.05 * limit)
    axes.tick_params(axis="y", length=0)
    axes.set(title="Difference from the best baseline", xlabel="paired difference (named: the baseline)")
