"""Predicted against measured, skill by split, and what becomes of every triple of a metabolic model's genes."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.stats import pearsonr, spearmanr

from pipeline_lib.config.screen_readers import ScreenScores
from pipeline_lib.config.screens import POOLED
from pipeline_lib.evaluation.ceilings.noise_ceiling import ceiling_of
from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure
from pipeline_lib.reporting.names import assay_name, in_order, panel_title, split_name, split_phrase, unit
from pipeline_lib.reporting.run_folder import Job, reported_jobs, tested

_DISPLAYED = ("interaction", "fitness", "raw_interaction")
_FEWEST = 10
"""Tested rows that a scatter is drawn of."""


def draw_correlation(
    observations: pd.DataFrame, jobs: list[Job], model: str, scores: Mapping[str, ScreenScores]
) -> Drawn:
    """Draw a hexbin of predicted against measured values for every assay of the test fold.

    Parameters
    ----------
    observations
        `pipeline_lib.artefacts.schemas.OBSERVATIONS`.
    jobs
        The run's fitted models.
    model
        Whose predictions to draw, on the easiest split that it ran on; several seeds are averaged.
    scores
        How the scores of each screen are to be read.
    """
    chosen = reported_jobs(jobs, model)
    if not chosen:
        why = f"This run has no predictions of {model}."
        return empty_figure("correlation", f"Predicted against measured ({model})", why, style.ONE_COLUMN)
    split = chosen[0].split
    title = f"Predicted against measured ({model}, {split_name(split)})"
    table = tested(chosen, observations)
    table = table[table["phenotype"].isin(_DISPLAYED)]
    assays = [(key, part) for key, part in table.groupby(["screen", "phenotype"]) if len(part) >= _FEWEST]
    if not assays:
        why = f"No screen has {_FEWEST} tested scores on the {split_phrase(split)}; calls are ranked instead."
        return empty_figure("correlation", title, why, style.ONE_COLUMN)
    columns = min(3, len(assays))
    rows = -(-len(assays) // columns)
    width = style.ONE_COLUMN if columns == 1 else style.TWO_COLUMNS
    figure, axes = plt.subplots(rows, columns, figsize=(width, rows * width / columns * 0.95), squeeze=False)
    words = []
    for panel, ((screen, phenotype), part) in zip(axes.flat, assays, strict=False):
        words.append(_hexbin(panel, part, str(screen), str(phenotype), scores))
    for panel in axes.flat[len(assays) :]:
        panel.axis("off")
    seeds = f"mean of {len(chosen)} seeds" if len(chosen) > 1 else "one seed"
    return Drawn(
        "correlation",
        figure,
        title,
        f"Test fold of the {split_phrase(split)}, {seeds}; colour is the number of observations (logarithmic); on the "
        "line prediction equals measurement; values beyond the 0.1 and 99.9 percent quantiles are not drawn.",
        f"Scatter density of predicted against measured values. {'; '.join(words)}.",
    )


def _hexbin(axes: Axes, part: pd.DataFrame, screen: str, phenotype: str, scores: Mapping[str, ScreenScores]) -> str:
    measured, predicted = part["value"].to_numpy(), part["prediction"].to_numpy()
    spread = predicted.std() > 0 and measured.std() > 0
    pearson = pearsonr(measured, predicted).statistic if spread else 0.0
    spearman = spearmanr(measured, predicted).statistic if spread else 0.0
    # One range for both: predictions that are too narrow, or off, are seen to be.
    low, high = np.quantile(np.concatenate([measured, predicted]), [0.001, 0.999])
    high = max(high, low + 1e-6)
    axes.hexbin(
        measured,
        predicted,
        gridsize=45,
        bins="log",
        cmap=style.DENSITY,
        mincnt=1,
        linewidths=0.1,
        extent=(low, high, low, high),
        rasterized=True,
    )
    style.equal_axes(axes, low, high)
    axes.plot([low, high], [low, high], color=style.RIVAL, linewidth=0.8)
    quantity = unit(screen, phenotype, scores)
    axes.set(xlabel=f"measured {quantity}", ylabel=f"predicted {quantity}", title=panel_title(screen, phenotype))
    axes.text(
        0.03,
        0.97,
        f"r = {pearson:.2f}\nρ = {spearman:.2f}\nn = {len(part):,}",
        transform=axes.transAxes,
        va="top",
        bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1.5},
    )
    return f"{assay_name(screen, phenotype)}: Pearson {pearson:.3f}, Spearman {spearman:.3f}, n = {len(part):,}"


def draw_by_split(leaderboard: pd.DataFrame, ceilings: pd.DataFrame, model: str) -> Drawn:
    """Draw the model's Pearson correlation on every split beside the best baseline and the noise ceiling."""
    rows = leaderboard[(leaderboard["metric"] == "pearson") & leaderboard["phenotype"].isin(_DISPLAYED)]
    rows = rows[rows["screen"] != POOLED]
    assays = sorted(set(zip(rows["screen"], rows["phenotype"], strict=True)))
    title = f"Skill by split: {model} and the best other model"
    if not assays:
        return empty_figure(
            "correlation_by_split",
            title,
            "No model was scored by a correlation: this run has calls alone.",
            style.ONE_COLUMN,
        )
    columns = min(3, len(assays))
    lines = -(-len(assays) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(style.TWO_COLUMNS, 2.0 * lines), squeeze=False, sharex=True)
    splits = in_order(rows["split"])
    for panel, (screen, phenotype) in zip(axes.flat, assays, strict=False):
        of_assay = rows[(rows["screen"] == screen) & (rows["phenotype"] == phenotype)]
        _bars(panel, of_assay, model, splits)
        _ceilings(panel, ceilings, screen, phenotype, splits)
        panel.set_title(panel_title(screen, phenotype))
    for panel in axes.flat[len(assays) :]:
        panel.axis("off")
    style.legend_below(figure, axes.flat[0].get_legend_handles_labels(), 3)
    return Drawn(
        "correlation_by_split",
        figure,
        title,
        "Pearson correlation on the test fold with its bootstrap interval over queries and arrays, or genes. The best "
        "other model has the highest value on that split and assay, ablations left out; the dashed line is the noise "
        "ceiling, dotted where it is a lower bound, dashed and dotted where an upper one.",
        f"Bars of {model} and the best other model for every split and assay.",
    )


def _bars(axes: Axes, rows: pd.DataFrame, model: str, splits: list[str]) -> None:
    ours = rows[rows["model"] == model].set_index("split")
    others = rows[~rows["model"].str.startswith("clp")].sort_values("value", ascending=False)
    best = others.drop_duplicates("split").set_index("split")
    for offset, table, colour, label in ((-0.17, ours, style.CLP, model), (0.17, best, style.BASELINE, "best other")):
        present = [split for split in splits if split in table.index]
        x = np.array([splits.index(split) for split in present]) + offset
        part = table.loc[present]
        error = np.abs(np.vstack([part["value"] - part["low"], part["high"] - part["value"]]))
        axes.bar(x, part["value"], width=0.3, color=colour, label=label)
        axes.errorbar(x, part["value"], yerr=np.nan_to_num(error), fmt="none", ecolor=style.INK, elinewidth=0.7)
    axes.set_xticks(range(len(splits)), [split_name(split) for split in splits], rotation=30, ha="right")
    axes.axhline(0, color=style.INK, linewidth=0.5)
    axes.set_ylabel("Pearson")


def _ceilings(axes: Axes, ceilings: pd.DataFrame, screen: str, phenotype: str, splits: list[str]) -> None:
    label = "noise ceiling"
    for place, split in enumerate(splits):
        best = ceiling_of(ceilings, screen, phenotype, split)
        if best.known:
            axes.plot(
                [place - 0.4, place + 0.4],
                [best.value] * 2,
                color=style.CEILING,
                linewidth=0.9,
                label=label,
                linestyle={"lower bound": ":", "upper bound": "-."}.get(best.bound, "--"),
            )
            label = "_"


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
    labels = ("|τ| > 0.08", "of them with no digenic interaction")
    style.dots_of_parts(right, largest["large"], largest["large_unforetold"], labels)
    right.set_yticks(range(len(largest)), [f"{row.subsystem} ({row.genes})" for row in largest.itertuples()])
    right.set(xscale="log", xlabel="triples with a gene of the subsystem", title="By subsystem (genes)")
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
