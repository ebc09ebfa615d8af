"""P-values of the screens and their called interactions: how many, how well models rank them."""

from collections.abc import Mapping
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pipeline_lib.config.screen_readers import ScreenScores
from pipeline_lib.config.screens import POOLED
from pipeline_lib.evaluation.p_values.nulls import CRITERIA, Criterion, criterion_of
from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure
from pipeline_lib.reporting.figures.leaderboard import colours_in_words, forest
from pipeline_lib.reporting.figures.p_value_page import by_size, draw_density, draw_sides, first_decile
from pipeline_lib.reporting.names import (
    METRICS,
    ORDERS,
    PHENOTYPES,
    assay_name,
    in_order,
    panel_title,
    screen_name,
    split_name,
    split_phrase,
    unit,
)
from pipeline_lib.reporting.style import LABEL, height, significance

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


_RANKING = ("average_precision", "precision_at_10_within_query")
_UNSEEN_QUERIES = "query_disjoint"
"""A lab follows predictions of queries that it has not screened yet."""


def draw_called_ranking(leaderboard: pd.DataFrame) -> Drawn:
    """Draw every model that scores the called interactions, with unseen queries where the run has them.

    Published calls are shown where a screen has them, else those that thresholds make of the largest screen.
    """
    name, title = "called_ranking", "Who finds called interactions?"
    rows = leaderboard[leaderboard["metric"].isin(_RANKING) & (leaderboard["screen"] != POOLED)]
    rows = rows[rows["phenotype"] == "call"] if (rows["phenotype"] == "call").any() else rows
    if rows.empty:
        return empty_figure(name, title, "No screen of this run has called interactions.", style.ONE_COLUMN)
    splits = in_order(rows["split"])
    split = _UNSEEN_QUERIES if _UNSEEN_QUERIES in splits else splits[0]
    rows = rows[rows["split"] == split]
    largest = rows.loc[rows["n"].idxmax()]
    screen, phenotype = str(largest["screen"]), str(largest["phenotype"])
    assay = (leaderboard["screen"] == screen) & (leaderboard["phenotype"] == phenotype)
    rows = rows[assay.loc[rows.index]]
    guess = leaderboard[assay & (leaderboard["split"] == split) & (leaderboard["metric"] == "prevalence")]["value"]
    height = 0.8 + 0.125 * rows["model"].nunique()
    metrics = [metric for metric in _RANKING if (rows["metric"] == metric).any()]
    figure, axes = plt.subplots(1, len(metrics), figsize=(style.TWO_COLUMNS, height), squeeze=False)
    for panel, metric in zip(axes.flat, metrics, strict=True):
        part = rows[rows["metric"] == metric]
        forest(panel, part)
        panel.set(xlabel=f"{METRICS[metric]} (clusters: {int(part['groups'].max()):,})")
        if len(guess):
            panel.axvline(guess.max(), color=style.INK, linestyle=":", linewidth=0.8)
    n = int(rows["n"].max())
    return Drawn(
        name,
        figure,
        f"{title} {assay_name(screen, phenotype)}",
        f"Test fold of the {split_phrase(split)}, n = {n:,}. Average precision is over the whole fold; precision at 10 "
        "a query is the mean over queries of the share of calls among the ten genotypes predicted strongest. Models "
        "that say the same of every genotype of a query get its share of calls, as a guess would. Dotted: the "
        "prevalence. Bars are bootstrap intervals over queries and arrays, or genes. "
        f"{colours_in_words(rows['model'])}.",
        "Forest plots of average precision and of precision at 10 a query for every model.",
    )


_OF_CRITERION: dict[Criterion, str] = {
    "threshold": style.CLP,
    "p_value": style.BASELINE,
    "false_discovery_rate": style.RIVAL,
}


def draw_discoveries(p_values: pd.DataFrame) -> Drawn:
    """Draw the discoveries of every screen and order: at published thresholds, at P < 0.05, and at q < 0.05.

    Parameters
    ----------
    p_values
        `pipeline_lib.evaluation.tables.schemas.P_VALUES`.
    """
    name, title = "discoveries", "Discoveries by the rule that calls them"
    rows = p_values[(p_values["quantity"] == "discoveries") & p_values["order"].isin(ORDERS)]
    keys = rows[["order", "screen", "phenotype"]].drop_duplicates().sort_values(["order", "screen"])
    panels = [(int(order), str(screen), str(phenotype)) for order, screen, phenotype in keys.itertuples(index=False)]
    if not panels:
        return empty_figure(name, title, "No screen of this run reports P-values.", style.ONE_COLUMN)
    rules = sorted(set(rows["detail"]), key=lambda rule: (CRITERIA.index(criterion_of(rule)), rule))
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
            colour = _OF_CRITERION[criterion_of(rules[at])]
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


_NO_P = "No screen of this run reports P-values."
_MOST_TICKS = 4

Panel = tuple[str, str, int, str]
"""screen, phenotype, order, and the assay that was predicted (empty where nothing was)."""


def _panels(frame: pd.DataFrame) -> list[Panel]:
    known = frame[frame["order"].isin(ORDERS)]
    known = known if "source" in known else known.assign(source="")
    keys = known[["screen", "phenotype", "order", "source"]].drop_duplicates()
    ordered = keys.sort_values(["order", "screen", "phenotype", "source"])
    return [(str(s), str(p), int(o), str(source)) for s, p, o, source in ordered.itertuples(index=False)]


def _of(frame: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    screen, phenotype, order, source = panel
    rows = (frame["screen"] == screen) & (frame["phenotype"] == phenotype) & (frame["order"] == order)
    return frame[rows & (frame["source"] == source)] if source else frame[rows]


def _label(panel: Panel) -> str:
    """Return the panel's name; where another screen's interaction is predicted, with that screen."""
    screen, _, order, source = panel
    predicted = source.rsplit(" ", 1)[0]
    other = f"\npredicted as {screen_name(predicted)}" if predicted not in ("", screen) else ""
    return f"{screen_name(screen)}, {ORDERS[order]}{other}"


def draw_histograms(histogram: pd.DataFrame, p_values: pd.DataFrame) -> Drawn:
    """Draw the two-sided P-values of every screen and order, with Storey's share of true nulls."""
    title = "P-values of the screens"
    panels = _panels(histogram)
    if not panels:
        return empty_figure("p_value_histograms", title, _NO_P, style.ONE_COLUMN)
    columns = min(3, len(panels))
    lines = -(-len(panels) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(style.TWO_COLUMNS, 1.8 * lines), squeeze=False)
    words = []
    for axis, panel in zip(axes.flat, panels, strict=False):
        part = _of(histogram, panel)
        draw_sides(axis, part)
        nulls = _of(p_values, panel)
        nulls = nulls[nulls["quantity"] == "pi0"]
        n = int(part.loc[part["sides"] == "two-sided", "count"].sum())
        share = ""
        if len(nulls):
            row = nulls.iloc[0]
            axis.axhline(row["value"], color=style.INK, linestyle=":", linewidth=0.8)
            share = f", π₀ = {row['value']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
        label = _label(panel)
        axis.set(title=f"{label}\nn = {n:,}{share}", xlabel="P-value", ylabel="density")
        words.append(f"{label}: n = {n:,}{share}")
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    drawn = [axis.get_legend_handles_labels() for axis in axes.flat]
    handles = {label: handle for found, labels in drawn for handle, label in zip(found, labels, strict=True)}
    style.legend_below(figure, (list(handles.values()), list(handles)), 4)
    return Drawn(
        "p_value_histograms",
        figure,
        title,
        "Histograms of P-values as released (outline; a screen without released P-values has none) and two-sided "
        "(filled); those that were released one-sided, at most 0.5, are doubled. Dashed: the density of true nulls, "
        "1, and 2 up to 0.5 as released one-sided. Dotted: Storey's share of true nulls π₀, with its range over λ.",
        f"Histograms of P-values. {'; '.join(words)}.",
    )


def draw_deciles(deciles: pd.DataFrame, model: str) -> Drawn:
    """Draw the share of significant rows by decile of the size of the predicted interaction."""
    title = f"Significant measurements by predicted interaction ({model})"
    # Without a P < 0.05 there is no share of them to compare.
    rows = by_size(deciles[(deciles["model"] == model) & (deciles["base_rate"] > 0)])
    panels = _panels(rows)
    if not panels:
        return empty_figure("p_value_deciles", title, f"{model} predicts no genotype with P < 0.05.", style.ONE_COLUMN)
    columns = min(3, len(panels))
    lines = -(-len(panels) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(style.TWO_COLUMNS, 1.9 * lines), squeeze=False)
    colours = dict(zip(in_order(rows["split"]), cycle(style.PALETTE), strict=False))
    displayed = {}
    for axis, panel in zip(axes.flat, panels, strict=False):
        part = _of(rows, panel)
        for name, one in part.groupby("split", sort=False):
            split = str(name)
            one = one.sort_values("decile")  # noqa: PLW2901
            colour = colours[split]
            error = np.nan_to_num(np.abs([one["hit_rate"] - one["hit_low"], one["hit_high"] - one["hit_rate"]]))
            displayed[split] = axis.errorbar(
                one["decile"], one["hit_rate"], yerr=error, fmt="o-", color=colour, elinewidth=0.7
            )
            axis.axhline(one["base_rate"].iloc[0], color=colour, linestyle=":", linewidth=0.8)
        axis.set(
            title=f"{_label(panel)}\nn = {part.groupby('split')['n'].sum().max():,}",
            xlabel=f"decile of prediction (1: {first_decile(part)})",
            ylabel="share with P < 0.05",
        )
        axis.set_xticks(range(1, 11))
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    splits = in_order(displayed)
    handles, labels = [displayed[split] for split in splits], [split_name(split) for split in splits]
    style.legend_below(figure, (handles, labels), 5)
    return Drawn(
        "p_value_deciles",
        figure,
        title,
        "Share of test genotypes whose measured two-sided P-value is below 0.05, by decile of the size of the "
        "predicted interaction, of either sign (of predicted calls: by how likely the call is), with bootstrap "
        "intervals over queries; dotted: the share over all deciles. A flat line means that the prediction does not "
        "inform on significance. Predictions for another screen stand beside those of the screen itself.",
        "Lines of hit rate by decile of the predicted interaction.",
    )


def draw_against_prediction(points: pd.DataFrame, model: str, scores: Mapping[str, ScreenScores]) -> Drawn:
    """Draw measured P-values against predicted interactions (hexbin), and the volcano of the measurement itself."""
    title = f"Measured P-values against predicted interactions ({model})"
    rows = points[points["model"] == model]
    split = in_order(rows["split"])[0] if len(rows) else ""
    rows = rows[rows["split"] == split]
    panels = _panels(rows)
    if not panels:
        why = f"{model} predicts no genotype with a P-value."
        return empty_figure("p_value_against_prediction", title, why, style.ONE_COLUMN)
    columns = min(3, len(panels))
    lines = -(-len(panels) // columns)
    figure, axes = plt.subplots(2 * lines, columns, figsize=(style.TWO_COLUMNS, 3.8 * lines), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    words = []
    for position, panel in enumerate(panels):
        part = _of(rows, panel)
        found = significance(part["p_value"])
        top = 1.02 * max(float(height(found.quantile(0.999))), 1.4)
        predicted, kind = panel[3].rsplit(" ", 1)
        drawn = (
            ("prediction", f"predicted {unit(predicted, kind, scores)}"),
            ("value", f"measured {unit(panel[0], panel[1], scores)}"),
        )
        for below, (name, axis_label) in enumerate(drawn):
            axis = axes[2 * (position // columns) + below, position % columns]
            low, high = part[name].quantile([0.002, 0.998])
            extent = (low, max(high, low + 1e-6), 0, top)
            axis.axis("on")
            draw_density(axis, part[name], found, extent)
            axis.axhline(-np.log10(0.05), color=style.RIVAL, linewidth=0.7)
            axis.xaxis.set_major_locator(MaxNLocator(_MOST_TICKS))
            axis.set(xlabel=axis_label, ylabel=LABEL, title="" if below else _label(panel))
        words.append(f"{_label(panel)}: n = {len(part):,}".replace("\n", ", "))
    return Drawn(
        "p_value_against_prediction",
        figure,
        title,
        "Above, measured two-sided P-values against the predicted interaction of the same test genotype "
        f"({split_phrase(split)}); below, the volcano of the measurement itself. The line is P = 0.05; the "
        "smallest thousandth of P-values is not drawn. The axis of P is logarithmic above 10.",
        f"Density of P-values against predictions, and volcano plots. {'; '.join(words)}.",
    )
