"""The headline as a drawing: every screen, phenotype and split, the model beside the best baseline and the ceiling."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pipeline_lib.evaluation.tables.scoreboard import counts_sentence
from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure
from pipeline_lib.reporting.names import assay_name, in_order, split_phrase

_TITLE = "Every comparison with the best baseline"
_TALLEST_SCOREBOARD = 10.0
"""Inches that the figure may be high."""
_COLOURS = {"win": style.CLP, "level": style.QUIET, "loss": style.RIVAL, "undetermined": style.QUIET}


def draw_scoreboard(board: pd.DataFrame) -> Drawn:
    """Draw one line a screen, phenotype and split: values on the left, the paired difference on the right.

    Parameters
    ----------
    board
        Rows of ``evaluation/scoreboard.parquet``.
    """
    if board.empty:
        return empty_figure("scoreboard", _TITLE, counts_sentence(board), style.ONE_COLUMN)
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
    handles, labels = values.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5)
    called = " (AP: average precision, which has no ceiling)" if (board["metric"] != "pearson").any() else ""
    caption = (
        f"Left, the score on the test fold{called}; right, the paired difference between {model} and the baseline that "
        "is best on the validation fold: blue better, orange worse (whole interval on one side of zero, q < 0.05 over "
        "all lines), grey no significant difference, hollow too few queries or genes; arrows point beyond the axis. "
        "Intervals: bootstrap over queries and arrays, or genes."
    )
    alternative = f"Forest plot with a line for every screen, phenotype and split. {counts_sentence(board)}"
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
    lower = rows["ceiling_bound"] == "lower bound"
    for chosen, marker, label in ((~lower, "|", "noise ceiling"), (lower, ">", "noise ceiling, lower bound")):
        if rows.loc[chosen, "ceiling"].notna().any():
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
        colour = _COLOURS[str(line["verdict"])]
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
