"""What a run is made of: the screens, the gene networks, the metabolic model."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm

from pipeline_lib.artefacts.schemas import ENERGY_UNIT
from pipeline_lib.config.screen_readers import ScreenScores
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
    style.legend_below(figure, axes[0, 0].get_legend_handles_labels(), 4)
    what = " and ".join({"gene": "gene", "query": "query strain"}[member] for member in drawn)
    return Drawn(
        "gene_usage",
        figure,
        f"Use of {'genes and queries' if len(drawn) > 1 else 'genes'}",
        f"Observations that each {what} takes part in, by rank. Rows of one query or gene are not independent, which "
        "is why intervals resample queries and arrays, or genes, and not rows.",
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
    style.legend_below(figure, axis.get_legend_handles_labels(), 2)
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


_LARGEST = 24


def draw_incidence(subsystems: pd.DataFrame, links: pd.DataFrame) -> Drawn:
    """Draw which subsystems share metabolites, and the size of each.

    Parameters
    ----------
    subsystems
        One row a subsystem (subsystem, reactions, metabolites, own_metabolites, reactions_with_rule, ...).
    links
        Metabolites shared by every two subsystems (first, second, metabolites).
    """
    if len(subsystems) < 2:
        return _draw_totals(subsystems)
    largest = subsystems.sort_values("reactions", ascending=False).head(_LARGEST)
    names = largest["subsystem"].tolist()
    first, second, shared = links.columns[:3]
    table = links.pivot_table(index=first, columns=second, values=shared, fill_value=0)
    matrix = table.reindex(index=names, columns=names, fill_value=0).to_numpy(float)
    matrix = np.maximum(matrix, matrix.T)
    np.fill_diagonal(matrix, largest["metabolites"])
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(style.TWO_COLUMNS, 1.2 + 0.19 * len(names)), width_ratios=(1.5, 1), sharey=True
    )
    image = left.imshow(np.where(matrix > 0, matrix, np.nan), cmap="viridis", norm=LogNorm(), aspect="auto")
    left.set_yticks(range(len(names)), [_short(name) for name in names])
    left.set_xticks(range(len(names)), [_short(name) for name in names], rotation=90, fontsize=5)
    left.set_title("Metabolites in common")
    figure.colorbar(image, ax=left, shrink=0.6, label="metabolites")
    ruled = largest["reactions_with_rule"]
    style.dots_of_parts(right, largest["reactions"], ruled, ("reactions", "with a gene rule"))
    right.set(title="Reactions", xlabel="number of reactions")
    style.plain_logarithm(right.xaxis)
    total = int(subsystems["reactions"].sum())
    return Drawn(
        "incidence_by_subsystem",
        figure,
        "Stoichiometric incidence by subsystem",
        f"The {len(names)} largest of {len(subsystems)} subsystems ({total:,} reactions in all). Left, metabolites "
        "that two subsystems have in common (diagonal: all metabolites of one; logarithmic colour); right, reactions "
        "and how many of them have a gene rule, so that a deletion can reach them.",
        "Matrix of metabolites shared between subsystems, and dots of reactions by subsystem.",
    )


def _draw_totals(subsystems: pd.DataFrame) -> Drawn:
    """Draw the counts of a model that names no subsystems."""
    counts = {
        "incidences": "nonzero coefficients",
        "metabolites": "metabolites",
        "reactions": "reactions",
        "reversible": "reversible reactions",
        "reactions_with_rule": "reactions with a gene rule",
        "genes": "genes",
    }
    totals = subsystems[list(counts)].sum()
    figure, axis = plt.subplots(figsize=(style.ONE_COLUMN * 1.3, 1.6))
    bars = axis.barh(list(counts.values()), totals, color=style.CLP)
    axis.bar_label(bars, [f"{int(total):,}" for total in totals], padding=2, fontsize=6.5)
    axis.invert_yaxis()
    axis.set(xlabel="count", xlim=(0, totals.max() * 1.15))
    words = ", ".join(f"{int(totals[name]):,} {label}" for name, label in counts.items())
    return Drawn(
        "incidence_by_subsystem",
        figure,
        "Stoichiometric incidence",
        f"The metabolic model names no subsystems. In all: {words}.",
        f"Bars: {words}.",
    )


def draw_energy_coverage(subsystems: pd.DataFrame, energies: pd.DataFrame) -> Drawn:
    """Draw the share of reactions with a known Gibbs energy, and how consistent the energies are."""
    if not subsystems["delta_g_known"].sum():
        why = "No Gibbs energies are configured for this model."
        return empty_figure("energy_coverage", "Gibbs energies", why, style.ONE_COLUMN)
    largest = subsystems.sort_values("reactions", ascending=False).head(_LARGEST).iloc[::-1]
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(style.TWO_COLUMNS, 1.0 + 0.15 * len(largest)), width_ratios=(1.2, 1)
    )
    left.barh([_short(name) for name in largest["subsystem"]], largest["delta_g_coverage"], color=style.CLP)
    left.set(xlim=(0, 1), xlabel="share of reactions with a known Gibbs energy", title="Coverage")
    residual = energies["residual"].dropna()
    limit = float(residual.abs().quantile(0.98)) if len(residual) else 1.0
    bins = np.linspace(-limit, limit, 80)
    right.hist(residual, bins=bins, histtype="step", color=style.BASELINE, label="as listed")
    without = energies["residual_without_protons"].dropna()
    right.hist(without, bins=bins, histtype="step", color=style.RIVAL, label="protons left out")
    right.set(
        xlabel=f"listed less computed Gibbs energy ({ENERGY_UNIT})",
        ylabel="reactions",
        yscale="log",
        title="Consistency",
    )
    right.legend()
    return Drawn(
        "energy_coverage",
        figure,
        "Gibbs energies",
        f"Left, coverage in the {len(largest)} largest subsystems. Right, the listed energy of a reaction less the sum "
        f"of its metabolites' energies times stoichiometry, where all are known (n = {len(residual):,}), in "
        f"{ENERGY_UNIT}; those beyond the 98 percent quantile are not drawn.",
        "Bars of coverage by subsystem and a histogram of residuals.",
    )


def _short(name: str) -> str:
    return name if len(name) <= 34 else f"{name[:33]}…"
