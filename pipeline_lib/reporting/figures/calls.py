"""Precision and recall of called interactions."""

import matplotlib.pyplot as plt
import pandas as pd

from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure
from pipeline_lib.reporting.names import assay_name, panel_title, split_phrase

_RIVALS = 3


def draw_precision_recall(curves: pd.DataFrame, leaderboard: pd.DataFrame, model: str) -> Drawn:
    """Draw the model and its best rivals on every assay with calls, beside the prevalence.

    Parameters
    ----------
    curves
        `pipeline_lib.evaluation.schemas.PRECISION_RECALL`.
    leaderboard
        For the average precision, by which rivals are chosen.
    model
        The model that the report is about.
    """
    title = "Precision and recall of called interactions"
    split = "random" if (curves["split"] == "random").any() else next(iter(curves["split"]), "")
    rows = curves[curves["split"] == split]
    assays = sorted(set(zip(rows["screen"], rows["phenotype"], strict=True)))
    assays = [assay for assay in assays if assay[0] != "pooled"]
    if not assays:
        return empty_figure(
            "precision_recall", title, "No screen of this run has called interactions.", style.ONE_COLUMN
        )
    columns = min(3, len(assays))
    lines = -(-len(assays) // columns)
    width = style.ONE_COLUMN * 1.3 if columns == 1 else style.TWO_COLUMNS
    figure, axes = plt.subplots(lines, columns, figsize=(width, 2.6 * lines), squeeze=False)
    words = []
    for panel, (screen, phenotype) in zip(axes.flat, assays, strict=False):
        of_assay = rows[(rows["screen"] == screen) & (rows["phenotype"] == phenotype)]
        scores = leaderboard[
            (leaderboard["split"] == split) & (leaderboard["screen"] == screen)
            & (leaderboard["phenotype"] == phenotype) & (leaderboard["metric"] == "average_precision")
        ].set_index("model")["value"].sort_values(ascending=False)  # fmt: skip
        rivals = [name for name in scores.index if not name.startswith(model)][:_RIVALS]
        for position, name in enumerate([name for name in (model, *rivals) if name in set(of_assay["model"])]):
            part = of_assay[of_assay["model"] == name].sort_values("recall")
            colour = style.CLP if name == model else (style.RIVAL, style.BASELINE, style.PALETTE[4])[(position - 1) % 3]
            score = f" ({scores[name]:.2f})" if name in scores.index else ""
            panel.plot(part["recall"], part["precision"], color=colour, label=f"{name}{score}")
            if name == model:
                panel.fill_between(part["recall"], part["low"], part["high"], color=colour, alpha=0.18, linewidth=0)
        first = of_assay.iloc[0]
        panel.axhline(first["prevalence"], color=style.INK, linestyle=":", linewidth=0.8)
        panel.set(xlabel="recall", ylabel="precision", title=panel_title(screen, phenotype), xlim=(0, 1), ylim=(0, 1))
        panel.legend(loc="upper right")
        words.append(
            f"{assay_name(screen, phenotype)}: {int(first['positives']):,} calls of n = {int(first['n']):,}, "
            f"prevalence {first['prevalence']:.3f}"
        )
    for panel in axes.flat[len(assays) :]:
        panel.axis("off")
    return Drawn(
        "precision_recall", figure, title,
        f"Test fold of the {split_phrase(split)}: {model} with its bootstrap interval and the {_RIVALS} others "
        "with the highest average precision (in brackets). Dotted: the prevalence, which is the precision of a guess. "
        f"{'; '.join(words)}.",
        f"Precision by recall. {'; '.join(words)}.",
    )  # fmt: skip
