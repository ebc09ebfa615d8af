"""One page a screen: what its P-values are, and whether predicted interactions foretell them; pairs beside triples."""

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from scipy import stats

from pipeline_lib.config.evaluation import P_VALUE_PAGE
from pipeline_lib.config.screen_readers import ScreenScores
from pipeline_lib.evaluation.p_values.predicted import MINIMUM_HITS, MINIMUM_ROWS, NEGATIVE, SIZE, headline
from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure
from pipeline_lib.reporting.names import ORDERS, in_order, screen_name, split_name, split_phrase, unit
from pipeline_lib.reporting.p_value_answers import answer
from pipeline_lib.reporting.style import LABEL, height, name_ticks, significance

NOMINAL = 0.05
_LABELLED = {"measured": 4, "missed": 3, "unconfirmed": 3}
_QUERIES_DRAWN = 60
_FEWEST_OF_A_QUERY = 30
_NAMED_QUERIES = 3
_LABEL_HEIGHT = 0.07
"""Height of a query's name as a share of the axis."""
_TICKS = 5
_HIGHEST_END = 4
"""Where intervals of shares are cut, in units of the highest share."""
_QUANTITY = {
    ("interaction", 2): "ε",
    ("interaction", 3): "τ",
    ("raw_interaction", 2): "raw ε",
    ("raw_interaction", 3): "raw ε",
}


@dataclass(frozen=True)
class PValueTables:
    """What pages are drawn from, by their names in `pipeline_lib.config.evaluation.ARTEFACTS` without ``p_value_``."""

    histogram: pd.DataFrame
    quantiles: pd.DataFrame
    queries: pd.DataFrame
    points: pd.DataFrame
    hits: pd.DataFrame
    deciles: pd.DataFrame
    correlations: pd.DataFrame


@dataclass(frozen=True)
class Part:
    """One order of a screen: its phenotype, the split that is shown and the assay that was predicted (or neither)."""

    screen: str
    order: int
    phenotype: str
    split: str
    source: str
    p_of: str

    def of(self, table: pd.DataFrame, model: str | None = None) -> pd.DataFrame:
        """Return the rows of a table that are about this part, and of a model's predictions of it."""
        keys: dict[str, object] = {"screen": self.screen, "order": self.order, "phenotype": self.phenotype}
        if "source" in table.columns:
            keys |= {"split": self.split, "source": self.source}
        if model is not None:
            keys["model"] = model
        wanted = np.logical_and.reduce([(table[name] == value).to_numpy(bool) for name, value in keys.items()])
        return table.iloc[np.flatnonzero(wanted)]

    @property
    def tested(self) -> str:
        """The quantity that the P-values test."""
        return _QUANTITY.get((self.p_of, self.order), self.p_of)

    def predicted(self, scores: Mapping[str, ScreenScores]) -> str:
        """Return the quantity that was predicted, with its unit, and its screen where it is another."""
        screen, _, kind = self.source.rpartition(" ")
        quantity = f"predicted {unit(screen, kind, scores)}"
        return quantity if screen == self.screen else f"{quantity}\nof {screen_name(screen)}"


def draw_histogram(axis: Axes, part: Part, tables: PValueTables) -> None:
    """Draw P-values as released and two-sided, each beside what nulls give."""
    bars = part.of(tables.histogram)
    draw_sides(axis, bars)
    n = int(bars.loc[bars["sides"] == "two-sided", "count"].sum())
    axis.set(
        title=f"{ORDERS[part.order]}, P of {part.tested}, n = {n:,}",
        xlabel="P-value",
        ylabel="density",
    )
    # Room for the legend above the highest bar: one column of it fits a panel of any width.
    axis.set_ylim(0, 1.9 * float(bars[["density", "nulls"]].to_numpy().max()))
    axis.legend(loc="upper right", handlelength=1.2, borderaxespad=0.2, labelspacing=0.2)


def draw_sides(axis: Axes, bars: pd.DataFrame) -> None:
    """Draw two-sided P-values filled and released ones as an outline; dashed, the density that true nulls give.

    Parameters
    ----------
    axis
        Panel.
    bars
        Rows of `pipeline_lib.evaluation.tables.schemas.P_HISTOGRAM` of one assay and order.
    """
    for sides, colour, filled in (("two-sided", style.CLP, True), ("released", style.RIVAL, False)):
        one = bars[bars["sides"] == sides].sort_values("left")
        if len(one):
            edges = np.append(one["left"], one["right"].iloc[-1])
            axis.stairs(one["density"], edges, color=colour, fill=filled, alpha=0.75 if filled else 1, label=sides)
            dashes = style.INK if filled else colour
            axis.stairs(one["nulls"], edges, color=dashes, linestyle="--", linewidth=0.8, label=f"nulls, {sides}")


def draw_quantiles(axis: Axes, part: Part, tables: PValueTables) -> None:
    """Draw observed against expected quantiles, a line a query."""
    rows = part.of(tables.quantiles)
    queries = part.of(tables.queries)
    drawn = queries[queries["query"] != ""].sort_values("n", ascending=False).head(_QUERIES_DRAWN)["query"]
    for name, one in rows[rows["query"].isin([*drawn, ""])].groupby("query"):
        whole = name == ""
        axis.plot(
            significance(one["expected"]),
            height(significance(one["observed"])),
            linewidth=1.6 if whole else 0.4,
            color=style.CLP if whole else style.QUIET,
            alpha=1 if whole else 0.5,
            zorder=2 + whole,
        )
    end = float(significance(rows["expected"]).max())
    axis.plot([0, end], [0, end], color=style.INK, linestyle="--", linewidth=0.8, zorder=4)
    whole = queries[queries["query"] == ""]
    inflation = f"inflation {whole['inflation'].iloc[0]:.2f}; " if len(whole) else ""
    name_ticks(axis.yaxis, axis.get_ylim()[1])
    axis.set(xlabel=f"expected {LABEL}", ylabel=f"observed {LABEL}", title=f"{inflation}grey: {len(drawn)} queries")


def draw_against_prediction(
    axis: Axes,
    part: Part,
    tables: PValueTables,
    model: str,
    names: Mapping[str, str],
    scores: Mapping[str, ScreenScores],
) -> None:
    """Draw P-values against predictions, with the genes of what stands out."""
    rows = part.of(tables.points, model)
    found = significance(rows["p_value"])
    hits = part.of(tables.hits, model).drop_duplicates("genes")
    labelled = pd.concat([hits[hits["kind"] == kind].nsmallest(n, "rank") for kind, n in _LABELLED.items()])
    labelled = labelled.assign(y=height(significance(labelled["p_value"])))
    # A line from the right-hand point of two of one height would cross the other's, were it the lower one.
    labelled = labelled.sort_values(["y", "prediction"], ascending=False)
    low, high = rows["prediction"].quantile([0.001, 0.999])
    low, high = min(low, labelled["prediction"].min()), max(high, labelled["prediction"].max(), low + 1e-6)
    top = max(float(height(found.quantile(0.999))), labelled["y"].max(), 1.4) * 1.05
    draw_density(axis, rows["prediction"], found, (low, high, 0, top))
    axis.axhline(-np.log10(NOMINAL), color=style.RIVAL, linewidth=0.7)
    for place, row in enumerate(labelled.itertuples()):
        colour = style.CLP if row.kind == "measured" else style.RIVAL
        text = " ".join(names.get(gene) or gene for gene in str(row.genes).split("+"))
        axis.annotate(
            text,
            (row.prediction, row.y),
            (1.03, 1 - (place + 0.5) / len(labelled)),
            textcoords="axes fraction",
            fontsize=5,
            color=colour,
            va="center",
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.3, "alpha": 0.7},
        )
    axis.xaxis.set_major_locator(MaxNLocator(_TICKS))
    axis.set(
        xlabel=part.predicted(scores),
        ylabel=LABEL,
        title=f"{model}, {split_name(part.split)}, n = {len(rows):,}",
    )


def draw_deciles(axis: Axes, part: Part, tables: PValueTables, model: str) -> None:
    """Draw the share of hits by decile of the prediction, beside the base rate; by size, and negative ones first."""
    rows = part.of(tables.deciles, model).sort_values("decile")
    leading = by_size(rows)
    bounds = np.nan_to_num(
        np.abs([leading["hit_rate"] - leading["hit_low"], leading["hit_high"] - leading["hit_rate"]])
    )
    axis.bar(
        leading["decile"],
        leading["hit_rate"],
        yerr=bounds,
        color=style.CLP,
        width=0.75,
        error_kw={"elinewidth": 0.7, "ecolor": style.INK},
    )
    negative = rows[rows["ranked_by"] == NEGATIVE]
    if (leading["ranked_by"] == SIZE).all():
        axis.plot(negative["decile"], negative["hit_rate"], "o", color=style.INK, fillstyle="none", markersize=3)
    axis.axhline(leading["base_rate"].iloc[0], color=style.RIVAL, linestyle=":", linewidth=1)
    # The interval of a share over few clusters would leave no height for the shares.
    axis.set_ylim(0, min(axis.get_ylim()[1], _HIGHEST_END * rows["hit_rate"].max()))
    first = headline(part.of(tables.correlations, model)).set_index("quantity").loc["enrichment"]
    test = f", P = {first['p_value']:.2g}" if np.isfinite(first["p_value"]) else ""
    axis.set(
        xlabel=f"decile of prediction (1: {first_decile(leading)})",
        ylabel="share P < 0.05",
        xticks=range(1, 11),
        title=f"first decile {first['value']:.2f} × base rate{test}",
    )


def by_size(deciles: pd.DataFrame) -> pd.DataFrame:
    """Return the deciles of the size of predicted interactions; predicted calls have those of negative ones alone.

    Parameters
    ----------
    deciles
        Rows of `pipeline_lib.evaluation.tables.schemas.P_VALUE_DECILES`.
    """
    return deciles[(deciles["ranked_by"] == SIZE) | deciles["source"].str.endswith(" call")]


def first_decile(deciles: pd.DataFrame) -> str:
    """Return what the first of these deciles holds."""
    return "largest" if (deciles["ranked_by"] == SIZE).any() else "most negative"


def draw_models(axis: Axes, part: Part, tables: PValueTables, model: str, beside: Mapping[str, str]) -> None:
    """Draw the correlation of predictions and P-values, model by model; hollow where negative ones count as strongest.

    A model that predicts the same for every genotype has none.
    """
    rows = part.of(tables.correlations)
    leading, negative = (
        table[table["quantity"] == "spearman"].set_index("model").dropna(subset="value")
        for table in (headline(rows), rows)
    )
    displayed = {name: label for name, label in ({model: model} | dict(beside)).items() if name in set(rows["model"])}
    for place, (name, label) in enumerate(displayed.items()):
        colour = style.CLP if name == model else style.BASELINE
        if name in leading.index:
            row = leading.loc[name]
            axis.plot(negative["value"].loc[name], place, "o", color=colour, fillstyle="none")
            axis.plot(row["value"], place, "o", color=colour)
            if np.isfinite([row["low"], row["high"]]).all():
                axis.plot([row["low"], row["high"]], [place, place], color=colour)
        else:
            axis.text(0, place, " not applicable", fontsize=5.5, va="center")
        displayed[name] = label if label == name else f"{label}\n({name})"
    axis.axvline(0, color=style.INK, linewidth=0.6)
    axis.set_yticks(range(len(displayed)), list(displayed.values()), fontsize=5.5)
    axis.set_ylim(len(displayed) - 0.5, -0.5)
    axis.xaxis.set_major_locator(MaxNLocator(_TICKS))
    axis.set(xlabel="Spearman with −log₁₀ P")


def draw_hits_of_queries(axis: Axes, part: Part, tables: PValueTables, names: Mapping[str, str]) -> None:
    """Draw the share of hits of every query with the binomial band of the base rate, the foremost queries named."""
    table = part.of(tables.queries)
    rows = table[(table["query"] != "") & (table["n"] >= _FEWEST_OF_A_QUERY)].sort_values("hit_rate")
    whole = table[table["query"] == ""]
    if not len(rows):
        axis.axis("off")
        axis.text(0.5, 0.5, f"no query has {_FEWEST_OF_A_QUERY} P-values", ha="center")
        return
    base = float(whole["hit_rate"].iloc[0])
    place = np.arange(len(rows))
    low, high = (stats.binom.ppf(tail, rows["n"], base) / rows["n"] for tail in (0.025, 0.975))
    axis.fill_between(place, low, high, color=style.QUIET, alpha=0.3, linewidth=0, step="mid")
    axis.plot(place, rows["hit_rate"], ".", color=style.CLP, markersize=2.5)
    axis.axhline(base, color=style.RIVAL, linestyle=":", linewidth=1)
    line = _LABEL_HEIGHT * max(float(rows["hit_rate"].max()), base)
    free = np.inf
    rate = rows["hit_rate"].to_numpy(np.float64)
    for at, query in reversed(list(zip(place, rows["query"], strict=True))[-_NAMED_QUERIES:]):
        genes = str(query).partition("_")[0].split("+")
        text = "+".join(names.get(gene) or gene for gene in genes)
        height = min(rate[at], free)
        free = height - line
        axis.text(at - 0.015 * len(rows), height, text, ha="right", va="center", fontsize=5)
    axis.set_xlim(-0.8 - 0.15 * len(rows), len(rows) - 0.2)
    axis.set(xlabel=f"{len(rows)} queries, by share of hits", ylabel="share P < 0.05")


def draw_density(
    axis: Axes, values: pd.Series, found: "pd.Series[float]", extent: tuple[float, float, float, float]
) -> None:
    """Draw how many genotypes lie where, on a logarithmic scale, significance against values.

    What lies beyond the extent is left out, not put in a pile at the edge.

    Parameters
    ----------
    axis
        Panel.
    values
        Predicted or measured interactions.
    found
        Minus log10 of their P-values.
    extent
        Left, right, bottom, top, the last two as heights of `pipeline_lib.reporting.style`.
    """
    left, right, _, top = extent
    heights = height(found)
    displayed = (heights <= top) & values.between(left, right).to_numpy()
    axis.hexbin(
        values[displayed],
        heights[displayed],
        gridsize=(34, 12),
        bins="log",
        cmap=style.DENSITY,
        mincnt=1,
        linewidths=0.1,
        extent=extent,
        rasterized=True,
    )
    name_ticks(axis.yaxis, top)


_ROWS = 6


def rivals(part: Part, differences: pd.DataFrame, model: str) -> dict[str, str]:
    """Return the models beside which a part's P-values are predicted, and what each is called.

    The best baseline is that of the drawn split and the predicted phenotype; a raw interaction that no split tests is
    made up of predicted interactions, else of predicted fitness.
    """
    screen, _, kind = part.source.rpartition(" ")
    best = differences[
        (differences["role"] == "best_baseline")
        & (differences["model"] == model)
        & (differences["split"] == part.split)
        & (differences["screen"] == screen)
    ].drop_duplicates("phenotype")
    references = best.set_index("phenotype")["reference"]
    predicted = (kind, "interaction", "fitness") if kind == "raw_interaction" else (kind,)
    chosen = [str(references[phenotype]) for phenotype in predicted if phenotype in references.index][:1]
    others = {"profile_predictor": "profile predictor", "fba": "flux balance"}
    return dict.fromkeys(chosen, "best baseline") | {name: others[name] for name in others if name not in chosen}


def draw_page(
    screen: str,
    tables: PValueTables,
    model: str,
    differences: pd.DataFrame,
    names: Mapping[str, str],
    scores: Mapping[str, ScreenScores],
) -> Drawn:
    """Draw the page of one screen.

    Parameters
    ----------
    screen
        Its name.
    tables
        The tables of P-values of the run.
    model
        The model that the report is about.
    differences
        `pipeline_lib.evaluation.tables.schemas.DIFFERENCES`, which name the best baselines.
    names
        Standard by systematic gene name.
    scores
        How the scores of each screen are to be read, by its name.
    """
    title = f"P-values of {screen_name(screen)} against predicted interactions"
    parts = parts_of(screen, tables, model)
    if not parts:
        return empty_figure(
            f"{P_VALUE_PAGE}{screen}", title, f"{screen} has no P-values of pairs or triples.", style.ONE_COLUMN
        )
    width = style.TWO_COLUMNS if len(parts) > 1 else 0.62 * style.TWO_COLUMNS
    figure, axes = plt.subplots(_ROWS, len(parts), figsize=(width, 1.7 * _ROWS), squeeze=False)
    words = []
    for column, part in enumerate(parts):
        top = axes[:, column]
        draw_histogram(top[0], part, tables)
        draw_quantiles(top[1], part, tables)
        draw_hits_of_queries(top[5], part, tables, names)
        if part.source:
            draw_against_prediction(top[2], part, tables, model, names, scores)
            draw_deciles(top[3], part, tables, model)
            draw_models(top[4], part, tables, model, rivals(part, differences, model))
            found = answer(part.of(tables.correlations, model))
            words.append(f"{ORDERS[part.order]} ({split_phrase(part.split)}, test fold): {found}")
        else:
            for axis in top[2:5]:
                axis.axis("off")
                axis.text(0.5, 0.5, f"no test fold holds {MINIMUM_ROWS} predictions\nand a P < 0.05", ha="center")
            words.append(f"{ORDERS[part.order]}: no test fold holds {MINIMUM_ROWS} predictions of it and a P < 0.05")
    released = screen not in scores or scores[screen].p_values_released
    sides = "two-sided and as released" if released else "two-sided, made of scores and SDs as none were released"
    caption = (
        f"From above: P-values, {sides}, with the density of true nulls (dashed); observed against expected quantiles "
        f"by query (logarithmic above 10, as below); P-values against the prediction of {model}, labelled: "
        "smallest P (blue), hits in the half predicted least negative and strong predictions with P > 0.5 (orange); "
        "share with two-sided P < 0.05 by decile of the size of the predicted interaction, with the base rate and "
        "bootstrap intervals, cut at the edge (circles: by decile from the most negative prediction on); Spearman of "
        "that size with −log₁₀ P beside other models (circles: of how negative it is); share of hits of every query "
        "with the binomial 95% band of the base rate. Predicted calls are of negative interactions alone. "
        f"{'; '.join(words)}."
    )
    return Drawn(f"{P_VALUE_PAGE}{screen}", figure, title, caption, f"Panels of P-values. {'; '.join(words)}.")


def parts_of(screen: str, tables: PValueTables, model: str) -> list[Part]:
    """Return the orders of a screen that have P-values, each with the phenotype, split and source that are drawn."""
    parts = []
    released = tables.histogram[(tables.histogram["screen"] == screen) & (tables.histogram["sides"] == "two-sided")]
    for order in (order for order in ORDERS if order in set(released["order"])):
        drawn = drawn_parts(screen, order, tables.correlations, model)
        if drawn:
            parts.append(drawn[0])
        else:
            bars = released[released["order"] == order]
            counts = bars.groupby(["phenotype", "p_of"], as_index=False)["count"].sum()
            largest = counts.loc[counts["count"].idxmax()]
            parts.append(Part(screen, order, str(largest["phenotype"]), "", "", str(largest["p_of"])))
    return parts


def drawn_parts(screen: str, order: int, correlations: pd.DataFrame, model: str) -> list[Part]:
    """Return what can be drawn of a screen and order, the first choice first: what has a P below 0.05 in its test fold.

    Predictions of the screen itself come before those of another; then splits with clusters and hits enough for a
    verdict, the easiest question first, before those with fewer, the most hits first; then sources with the most rows.
    """
    of_model = (correlations["screen"] == screen) & (correlations["order"] == order) & (correlations["model"] == model)
    rows = correlations[of_model & (correlations["hits"] > 0)].drop_duplicates(["phenotype", "split", "source"])
    if rows.empty:
        return []
    splits = in_order(rows["split"])
    ranked = rows.assign(
        other=rows["source"].str.rpartition(" ")[0] != screen,
        open=rows["low"].isna() | (rows["hits"] < MINIMUM_HITS),
        few=-rows["hits"].clip(upper=MINIMUM_HITS),
        place=rows["split"].map(splits.index),
        fewer=-rows["n"],
    ).sort_values(["other", "open", "few", "place", "fewer"], kind="stable")
    names = ("phenotype", "split", "source", "p_of")
    return [Part(screen, order, *map(str, values)) for values in ranked[list(names)].itertuples(index=False)]
