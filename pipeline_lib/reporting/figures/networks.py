"""Degrees of the gene networks and how much they share."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure

_SHARED = "shared_with_"
_NONE = "This run has no gene networks."


def draw_degrees(edges: pd.DataFrame) -> Drawn:
    """Draw the complementary cumulative degree distribution of every network."""
    if edges.empty:
        return empty_figure("network_degrees", "Degrees of the networks", _NONE, style.ONE_COLUMN)
    figure, axis = plt.subplots(figsize=(style.ONE_COLUMN, 2.6))
    for position, (network, part) in enumerate(edges.groupby("network")):
        degree = np.bincount(part[["source", "target"]].to_numpy().ravel())
        degree = np.sort(degree[degree > 0])
        share = 1 - np.arange(len(degree)) / len(degree)
        axis.plot(
            degree,
            share,
            color=style.PALETTE[position % len(style.PALETTE)],
            label=str(network),
            linestyle="-" if position < len(style.PALETTE) else "--",
        )
    axis.set(xlabel="degree", ylabel="share of genes with at least this degree")
    style.plain_logarithm(axis.xaxis)
    style.plain_logarithm(axis.yaxis)
    figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return Drawn(
        "network_degrees",
        figure,
        "Degrees of the networks",
        f"Share of each network's genes with at least a given number of neighbours ({len(edges):,} edges in all).",
        "Cumulative degree distributions of the gene networks.",
    )


def draw_network_overlap(summary: pd.DataFrame) -> Drawn:
    """Draw the share of one network's edges that another has too."""
    if summary.empty:
        return empty_figure("network_overlap", "Overlap of the networks", _NONE, style.ONE_COLUMN)
    names = summary["network"].tolist()
    shared = summary[[f"{_SHARED}{name}" for name in names]].to_numpy(float)
    figure, axis = plt.subplots(figsize=(style.ONE_COLUMN * 1.15, style.ONE_COLUMN))
    axis.imshow(shared, cmap="Blues", vmin=0, vmax=1)
    for row in range(len(names)):
        for column in range(len(names)):
            colour = "white" if shared[row, column] > 0.55 else style.INK
            axis.text(column, row, f"{shared[row, column]:.2f}", ha="center", va="center", color=colour, fontsize=5.5)
    axis.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axis.set_yticks(range(len(names)), names)
    return Drawn(
        "network_overlap",
        figure,
        "Overlap of the networks",
        "Share of the row network's edges that the column network has too.",
        "Matrix of the share of edges that networks have in common.",
    )
