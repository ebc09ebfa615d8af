"""Precision and recall of called interactions."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes

from pipeline_lib.config.screens import POOLED
from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure
from pipeline_lib.reporting.names import assay_name, in_order, panel_title, split_name

_RIVALS = 3
_LEGEND = 0.13
"""Height of a line of the legend, in units of precision."""
_RECALLS = (0, 0.2, 0.4, 0.6, 0.8, 1)
_SPLITS = ("random", "query_disjoint")
"""Gaps of queries that were measured, and queries that were not."""


def draw_precision_recall(curves: pd.DataFrame, leaderboard: pd.DataFrame, model: str) -> Drawn:
    """Draw the model and its best rivals on every assay with calls, beside the prevalence.

    Parameters
    ----------
    curves
        `pipeline_lib.evaluation.tables.schemas.PRECISION_RECALL`.
    leaderboard
        For the average precision, by which rivals are chosen.
    model
        The model that the report is about.
    """
    title = "Precision and recall of called interactions"
    curves = curves[curves["screen"] != POOLED]
    splits = [split for split in _SPLITS if (curves["split"] == split).any()] or in_order(curves["split"])[:1]
    rows = curves[curves["split"].isin(splits)]
    assays = sorted(set(zip(rows["screen"], rows["phenotype"], strict=True)))
    if not assays:
        return empty_figure(
            "precision_recall", title, "No screen of this run has called interactions.", style.ONE_COLUMN
        )
    columns = min(3, len(assays))
    lines = -(-len(assays) // columns)
    size = (style.ONE_COLUMN * 1.3 if columns == 1 else style.TWO_COLUMNS, 2.6 * lines * len(splits))
    figure, axes = plt.subplots(lines * len(splits), columns, figsize=size, squeeze=False)
    for panel in axes.flat:
        panel.axis("off")
    words = []
    for block, split in enumerate(splits):
        for place, assay in enumerate(assays):
            keys = ["split", "screen", "phenotype"]
            one, scores = (table[(table[keys] == [split, *assay]).all(axis=1)] for table in (rows, leaderboard))
            if one.empty:
                continue
            panel = axes[block * lines + place // columns, place % columns]
            panel.axis("on")
            _draw_curves(panel, one, scores, model)
            first = one.iloc[0]
            counted = f"{int(first['positives']):,} calls of {int(first['n']):,}"
            panel.set_title(f"{panel_title(*assay)}\n{split_name(split)}\n{counted}")
            words.append(
                f"{assay_name(*assay)}, {split_name(split)}: {int(first['positives']):,} calls of "
                f"n = {int(first['n']):,}, prevalence {first['prevalence']:.3f}"
            )
    return Drawn(
        "precision_recall",
        figure,
        title,
        f"Test fold: {model} with its bootstrap interval and the {_RIVALS} others with the highest average precision "
        "(in brackets). Dotted: the prevalence, which is the precision of a guess.",
        f"Precision by recall. {'; '.join(words)}.",
    )


def _draw_curves(panel: Axes, curves: pd.DataFrame, scores: pd.DataFrame, model: str) -> None:
    """Draw the model and its best rivals on one assay and split."""
    ranked = scores[scores["metric"] == "average_precision"].set_index("model")["value"].sort_values(ascending=False)
    rivals = [name for name in ranked.index if not str(name).startswith(model)][:_RIVALS]
    drawn = [name for name in (model, *rivals) if name in set(curves["model"])]
    for position, name in enumerate(drawn):
        part = curves[curves["model"] == name].sort_values("recall")
        colour = style.CLP if name == model else (style.RIVAL, style.BASELINE, style.PALETTE[4])[(position - 1) % 3]
        score = f" ({ranked[name]:.2f})" if name in ranked.index else ""
        panel.plot(part["recall"], part["precision"], color=colour, label=f"{name}{score}")
        if name == model:
            panel.fill_between(part["recall"], part["low"], part["high"], color=colour, alpha=0.18, linewidth=0)
    panel.axhline(curves["prevalence"].iloc[0], color=style.INK, linestyle=":", linewidth=0.8)
    # Room for the legend above the curves, which may be anywhere below 1.
    panel.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1 + _LEGEND * (len(drawn) + 0.3)))
    panel.set_yticks(_RECALLS)
    panel.legend(loc="upper right", borderaxespad=0.2, labelspacing=0.25)
