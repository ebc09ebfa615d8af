"""What the screens hold: values, genes, overlap."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pipeline_lib.config.calls import ScreenScores
from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure
from pipeline_lib.reporting.names import PHENOTYPES, panel_title, screen_name, unit

_DELETIONS = {1: "single", 2: "double", 3: "triple"}
"""Mutants by their number of deleted genes."""


def _draw_values(
    observations: pd.DataFrame, name: str, title: str, phenotypes: tuple[str, ...], scores: Mapping[str, ScreenScores]
) -> Drawn:
    rows = observations[observations["phenotype"].isin(phenotypes)]
    assays = [(key, part) for key, part in rows.groupby(["screen", "phenotype"])]
    if not assays:
        return empty_figure(name, title, f"No screen of this run measures {phenotypes[0]}.", style.ONE_COLUMN)
    columns = min(3, len(assays))
    lines = -(-len(assays) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(style.TWO_COLUMNS, 1.75 * lines), squeeze=False)
    for axis, ((screen, phenotype), part) in zip(axes.flat, assays, strict=False):
        low, high = part["value"].quantile([0.001, 0.999])
        bins = np.linspace(low, max(high, low + 1e-6), 60)
        for order, colour in zip(_DELETIONS, style.PALETTE, strict=False):
            values = part.loc[part["order"] == order, "value"]
            if len(values):
                label = f"{_DELETIONS[order]} (n = {len(values):,})"
                axis.hist(values, bins=bins, histtype="step", color=colour, linewidth=1.1, label=label)
        heading, values_of = panel_title(str(screen), str(phenotype)), unit(str(screen), str(phenotype), scores)
        axis.set(title=heading, xlabel=values_of, ylabel="observations")
        style.plain_logarithm(axis.yaxis)
        # Room for the legend above the tallest bin: a line of it takes an eighth of the panel.
        legend = 0.06 + 0.125 * part["order"].nunique()
        tallest = axis.get_ylim()[1]
        axis.set_ylim(0.7, 0.7 * (tallest / 0.7) ** (1 / (1 - legend)))
        axis.legend(loc="upper left", ncols=1)
    for axis in axes.flat[len(assays) :]:
        axis.axis("off")
    kind = PHENOTYPES[phenotypes[0]]
    return Drawn(
        name,
        figure,
        title,
        f"Distribution of {kind} values of single, double and triple mutants (n = {len(rows):,}); values beyond "
        "the 0.1 and 99.9 percent quantiles are not drawn.",
        f"Histograms of {kind} values by screen.",
    )


def draw_scores(observations: pd.DataFrame, scores: Mapping[str, ScreenScores]) -> Drawn:
    """Draw the distributions of interaction scores."""
    phenotypes = ("interaction", "raw_interaction")
    return _draw_values(observations, "score_distributions", "Interaction scores", phenotypes, scores)


def draw_fitness(observations: pd.DataFrame, scores: Mapping[str, ScreenScores]) -> Drawn:
    """Draw the distributions of fitness values."""
    return _draw_values(observations, "fitness_distributions", "Fitness", ("fitness",), scores)


def draw_gene_usage(observations: pd.DataFrame) -> Drawn:
    """Draw how many observations each gene and each query takes part in."""
    counts = {
        "gene": {
            str(screen): part["genes"].explode().value_counts() for screen, part in observations.groupby("screen")
        },
        "query": {str(screen): part["query"].value_counts() for screen, part in observations.groupby("screen")},
    }
    # A screen without named queries has no panel of them.
    drawn = [unit for unit, of_screens in counts.items() if any(map(len, of_screens.values()))]
    figure, axes = plt.subplots(1, len(drawn), figsize=(style.TWO_COLUMNS, 2.3), squeeze=False)
    for member, axis in zip(drawn, axes[0], strict=True):
        for position, (name, of_screen) in enumerate(counts[member].items()):
            if len(of_screen):
                again, colour = divmod(position, len(style.PALETTE))
                look = {"color": style.PALETTE[colour], "linestyle": "--" if again else "-"}
                axis.plot(np.arange(1, len(of_screen) + 1), of_screen, label=name, **look)
        axis.set(xlabel=f"{member} (by rank)", ylabel="observations", title=f"Observations per {member}")
        style.plain_logarithm(axis.xaxis)
        style.plain_logarithm(axis.yaxis)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    what = " and ".join({"gene": "gene", "query": "query strain"}[member] for member in drawn)
    return Drawn(
        "gene_usage",
        figure,
        f"Use of {'genes and queries' if len(drawn) > 1 else 'genes'}",
        f"Observations that each {what} takes part in, by rank. Rows of one query or gene are not independent, which "
        "is why intervals resample queries or genes and not rows.",
        f"Rank plots of observations by {what}.",
    )


def draw_overlap(observations: pd.DataFrame) -> Drawn:
    """Draw the share of genes that every two screens have in common."""
    genes = {str(screen): set(part["genes"].explode()) for screen, part in observations.groupby("screen")}
    names = list(genes)
    if len(names) < 2:
        why = "This run has one screen: there is nothing to share."
        return empty_figure("screen_overlap", "Overlap of screens", why, style.ONE_COLUMN)
    shared = np.array([[len(genes[a] & genes[b]) / len(genes[a] | genes[b]) for b in names] for a in names])
    size = max(style.ONE_COLUMN * 0.8, 0.55 * len(names) + 1.2)
    figure, axis = plt.subplots(figsize=(min(size, style.TWO_COLUMNS), min(size, style.TWO_COLUMNS) * 0.85))
    axis.imshow(shared, cmap="Blues", vmin=0, vmax=1)
    for row in range(len(names)):
        for column in range(len(names)):
            colour = "white" if shared[row, column] > 0.55 else style.INK
            axis.text(column, row, f"{shared[row, column]:.2f}", ha="center", va="center", color=colour)
    labels = [screen_name(name) for name in names]
    axis.set_xticks(range(len(names)), labels, rotation=35, ha="right")
    axis.set_yticks(range(len(names)), labels)
    return Drawn(
        "screen_overlap",
        figure,
        "Overlap of screens",
        "Genes that two screens share, as a fraction of the genes of either (Jaccard index).",
        "Matrix of the share of genes that every two screens have in common.",
    )
