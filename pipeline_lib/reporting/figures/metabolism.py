"""The stoichiometric incidence by subsystem, and where Gibbs energies are known."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm

from pipeline_lib.artefacts.flux_balance import ENERGY_UNIT
from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure

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
    y = np.arange(len(names))
    # Dots: a bar has no foot on a logarithmic axis.
    right.plot(largest["reactions"], y, "o", color=style.BASELINE, label="reactions")
    ruled = largest["reactions_with_rule"].where(largest["reactions_with_rule"] > 0)
    right.plot(ruled, y, "o", color=style.CLP, label="with a gene rule")
    right.grid(axis="y", linewidth=0.3)
    right.set(title="Reactions", xlabel="number of reactions")
    style.plain_logarithm(right.xaxis)
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower right", ncols=2)
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
