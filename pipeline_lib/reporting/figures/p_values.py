"""P-values of the screens, and what predicted interactions say about them."""

from collections.abc import Mapping
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from pipeline_lib.config.calls import ScreenScores
from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure
from pipeline_lib.reporting.figures.p_value_panels import draw_density
from pipeline_lib.reporting.names import ORDERS, in_order, screen_name, split_name, split_phrase, unit
from pipeline_lib.reporting.significance import LABEL, height, significance

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
        for sides, colour, filled in (("two-sided", style.CLP, True), ("released", style.RIVAL, False)):
            bars = part[part["sides"] == sides].sort_values("left")
            if len(bars):
                edges = np.append(bars["left"], bars["right"].iloc[-1])
                axis.stairs(bars["density"], edges, color=colour, fill=filled, alpha=0.75 if filled else 1, label=sides)
        nulls = _of(p_values, panel)
        nulls = nulls[nulls["quantity"] == "pi0"]
        n = int(part.loc[part["sides"] == "two-sided", "count"].sum())
        share = ""
        if len(nulls):
            row = nulls.iloc[0]
            axis.axhline(row["value"], color=style.INK, linestyle="--", linewidth=0.8)
            share = f", π₀ = {row['value']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
        label = _label(panel)
        axis.set(title=f"{label}\nn = {n:,}{share}", xlabel="P-value", ylabel="density")
        words.append(f"{label}: n = {n:,}{share}")
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    figure.legend(*axes.flat[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return Drawn(
        "p_value_histograms",
        figure,
        title,
        "Histograms of P-values as released (outline) and two-sided (filled); those that were released "
        "one-sided, at most 0.5, are doubled. Density 1 is what true nulls give; the dashed line is Storey's "
        "share of true nulls π₀, with its range over λ.",
        f"Histograms of P-values. {'; '.join(words)}.",
    )


def draw_deciles(deciles: pd.DataFrame, model: str) -> Drawn:
    """Draw the share of significant rows by decile of the predicted interaction."""
    title = f"Significant measurements by predicted interaction ({model})"
    rows = deciles[deciles["model"] == model]
    panels = _panels(rows)
    if not panels:
        return empty_figure("p_value_deciles", title, f"{model} predicts no genotype with a P-value.", style.ONE_COLUMN)
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
            xlabel="decile of prediction (1: most negative)",
            ylabel="share with P < 0.05",
        )
        axis.set_xticks(range(1, 11))
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    splits = in_order(displayed)
    handles, labels = [displayed[split] for split in splits], [split_name(split) for split in splits]
    figure.legend(handles, labels, loc="outside lower center", ncols=5)
    return Drawn(
        "p_value_deciles",
        figure,
        title,
        "Share of test genotypes whose measured two-sided P-value is below 0.05, by decile of the predicted "
        "interaction, with bootstrap intervals over queries; dotted: the share over all deciles. A flat line means "
        "that the prediction does not inform on significance. Where a screen has P-values but no interaction scores, "
        "predictions for another screen stand in.",
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
