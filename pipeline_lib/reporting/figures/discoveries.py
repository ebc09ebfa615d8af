"""How many interactions a screen discovers, by the rule that calls them."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure
from pipeline_lib.reporting.names import ORDERS, PHENOTYPES, screen_name


def draw_discoveries(p_values: pd.DataFrame) -> Drawn:
    """Draw the discoveries of every screen and order: at published thresholds, at P < 0.05, and at q < 0.05.

    Parameters
    ----------
    p_values
        `pipeline_lib.evaluation.p_values.schemas.P_VALUES`.
    """
    name, title = "discoveries", "Discoveries by the rule that calls them"
    rows = p_values[(p_values["quantity"] == "discoveries") & p_values["order"].isin(ORDERS)]
    keys = rows[["order", "screen", "phenotype"]].drop_duplicates().sort_values(["order", "screen"])
    panels = [(int(order), str(screen), str(phenotype)) for order, screen, phenotype in keys.itertuples(index=False)]
    if not panels:
        return empty_figure(name, title, "No screen of this run reports P-values.", style.ONE_COLUMN)
    rules = list(dict.fromkeys(sorted(rows["detail"], key=_place)))
    columns = min(3, len(panels))
    lines = -(-len(panels) // columns)
    size = (style.TWO_COLUMNS, lines * (0.75 + 0.16 * len(rules)))
    figure, axes = plt.subplots(lines, columns, figsize=size, squeeze=False, sharey=True)
    for axis, (order, screen, phenotype) in zip(axes.flat, panels, strict=False):
        part = rows[(rows["order"] == order) & (rows["screen"] == screen) & (rows["phenotype"] == phenotype)]
        part = part.set_index("detail").reindex(rules)
        known = np.flatnonzero(part["value"].notna())
        counts = part["value"].to_numpy()[known]
        bounds = np.nan_to_num(np.abs(part[["low", "high"]].to_numpy()[known].T - counts))
        # Dots: a bar has no foot on a logarithmic axis.
        for at, count, below, above in zip(known, counts, *bounds, strict=True):
            colour = _colour(rules[at])
            axis.errorbar(count, at, xerr=[[below], [above]], fmt="o", color=colour, elinewidth=0.9)
        furthest = np.maximum(counts + bounds[1], 1)
        for at, count, end in zip(known, counts, furthest, strict=True):
            axis.annotate(f"{count:,.0f}", (end, at), (4, 0), textcoords="offset points", va="center", fontsize=6)
        axis.set_xscale("symlog", linthresh=1)
        axis.set_xlim(0, furthest.max() * 60)
        axis.set_yticks(range(len(rules)), rules)
        axis.set_ylim(len(rules) - 0.4, -0.6)
        label = f"{screen_name(screen)}, {ORDERS[order]}"
        counted = f"{PHENOTYPES.get(phenotype, phenotype)}, n = {int(part['n'].max()):,}"
        axis.set(title=f"{label}\n{counted}", xlabel="genotypes called")
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    return Drawn(
        name,
        figure,
        title,
        "Number of genotypes called, of all n with a P-value (logarithmic above 1). Blue: beyond the published "
        "thresholds of value and P-value; grey: P-value alone; orange: false discovery rate below 0.05 after Benjamini "
        "and Hochberg, and after Benjamini and Yekutieli, which holds under any dependence. Lines: bootstrap "
        "intervals over queries. P-values as released are one-sided where they end at 0.5.",
        "Dots of the number of discoveries by screen, order and rule.",
    )


def _place(rule: str) -> tuple[int, str]:
    return ("value" not in rule) + 2 * rule.startswith("q"), rule


def _colour(rule: str) -> str:
    if rule.startswith("q"):
        return style.RIVAL
    return style.CLP if rule.startswith("value") else style.BASELINE
