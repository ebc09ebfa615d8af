"""What becomes of every triple of a metabolic model's genes, and where no pair foretells the interaction."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure

_LARGEST = 24
_FATES = {
    "with_a_lethal_single": "one of the genes is lethal alone",
    "with_a_lethal_pair": "a pair of the genes is lethal",
    "lethal_beyond_their_pairs": "lethal, every pair viable",
    "interacting": "|τ| > 1e-6, above rounding",
    "interacting_above_0.001": "|τ| > 0.001",
    "interacting_above_0.02": "|τ| > 0.02",
    "interacting_above_0.08": "|τ| > 0.08, as screens call",
    "negative": "τ < -1e-6",
    "positive": "τ > 1e-6",
    "without_a_digenic_interaction": "|τ| > 1e-6, every |ε| below",
    "failed": "the solver gave up",
}


def draw_trigenic(counts: Mapping[str, int], subsystems: pd.DataFrame) -> Drawn:
    """Draw the fate of all triples and the subsystems of those that no pair foretells.

    Parameters
    ----------
    counts
        What ``metabolism all-triples`` counted.
    subsystems
        Interacting triples with a gene of each subsystem (subsystem, genes, large, large_unforetold).
    """
    title = "Trigenic interactions of the metabolic model"
    by_size = subsystems.sort_values(["large_unforetold", "large"], ascending=False, kind="stable")
    largest = by_size[by_size["large"] > 0].head(_LARGEST).iloc[::-1]
    if largest.empty:
        why = f"None of {counts['triples']:,} triples interacts by more than 0.08 of the wild type's growth."
        return empty_figure("trigenic_interactions", title, why, style.ONE_COLUMN)
    height = 1.0 + 0.15 * max(len(largest), len(_FATES))
    figure, (left, right) = plt.subplots(1, 2, figsize=(style.TWO_COLUMNS, height), width_ratios=(1, 1.1))
    fates = {label: counts[name] for name, label in reversed(_FATES.items()) if counts.get(name)}
    # Dots: a bar has no foot on a logarithmic axis.
    left.plot(list(fates.values()), list(fates), "o", color=style.BASELINE)
    for place, count in enumerate(fates.values()):
        left.annotate(f"{count:,}", (count, place), (4, 0), textcoords="offset points", va="center", fontsize=6)
    left.set(xscale="log", xlabel="triples of genes", title=f"Of {counts['triples']:,} triples")
    left.set_xlim(right=1e5 * max(fates.values()))
    y = np.arange(len(largest))
    right.plot(largest["large"], y, "o", color=style.BASELINE, label="|τ| > 0.08")
    without = largest["large_unforetold"].where(largest["large_unforetold"] > 0)
    right.plot(without, y, "o", color=style.CLP, label="of them with no digenic interaction")
    right.grid(axis="y", linewidth=0.3)
    right.set_yticks(y, [f"{row.subsystem} ({row.genes})" for row in largest.itertuples()])
    right.set(xscale="log", xlabel="triples with a gene of the subsystem", title="By subsystem (genes)")
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower right", ncols=2)
    programs = counts["linear_programs_singles_and_pairs"] + counts["linear_programs_triples"]
    return Drawn(
        "trigenic_interactions",
        figure,
        title,
        f"Growth of all {counts['triples']:,} triple deletions of {counts['genes']:,} genes by flux balance analysis, "
        f"exact, from {programs:,} linear programs. Left, what becomes of them (one triple can be in several). "
        f"Right, triples with |τ| > 0.08 of the wild type's growth by subsystem, the {len(largest)} with most that no "
        "digenic interaction foretells; a triple counts for every subsystem that one of its genes serves.",
        f"Dots: {counts['interacting']:,} triples interact above rounding, "
        f"{counts['interacting_above_0.08']:,} by more than 0.08; {counts['without_a_digenic_interaction']:,} have no "
        "digenic interaction among their genes.",
    )
