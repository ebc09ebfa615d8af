"""The screens' P-values and whether predictions foretell them; noise ceilings, calls, calibration and subgroups."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from pipeline_lib.config.evaluation import P_VALUE_PAGE
from pipeline_lib.config.screen_readers import ScreenScores
from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.evaluation.folds import rule_in_words, true_rule_in_words
from pipeline_lib.evaluation.p_values.predicted import MINIMUM_HITS, headline
from pipeline_lib.reporting.chart import Axis, Chart, Grid, GridCell, Point, SignificanceAxis, mark, scale_around_zero
from pipeline_lib.reporting.figures.p_value_page import drawn_parts
from pipeline_lib.reporting.findings import conservative_p_sentences, interval
from pipeline_lib.reporting.html import HtmlTable, Section, html_table
from pipeline_lib.reporting.names import (
    GeneNames,
    assay_name,
    in_order,
    order_name,
    screen_name,
    split_name,
    split_phrase,
)
from pipeline_lib.reporting.p_value_answers import agreement_verdict, answer
from pipeline_lib.reporting.run_folder import RunFolder
from pipeline_lib.reporting.style import LABEL, significance

_HONEST = "the whole simulated error, so that a twentieth of the true nulls has P < 0.05"
_NAIVE = "the spread of each cross's own colonies alone, so that more than a twentieth of the true nulls has P < 0.05"
_QUERIES = 300
"""Queries that the page lists, those with the greatest share of hits first."""
_LABELLED = {"measured": 3, "missed": 1}
"""Points of a kind that are named on a chart, those of the first ranks."""
_FEWEST = 30
"""P-values of a query that its share of hits is drawn of."""
_MEANINGS: Mapping[Any, str] = {
    "win": "a small P is predicted",
    "level": "no significant difference from chance, or by one measure of two",
    "loss": "a small P where none is predicted",
    "undetermined": f"too few queries, or fewer than {MINIMUM_HITS} P < 0.05",
}
_CHARTS = (
    "Point at a dot for its genes. Of what stands out, the smallest P-values and strongest predictions are blue, hits "
    "that are predicted to be none and predictions with P > 0.5 orange."
)
_BY_SIZE = (
    "A two-sided P-value is small for an interaction of either sign, so whether a small P is predicted is asked of the "
    "size of the predicted interaction (rows spearman_size and enrichment_size of the table). How negative it is, the "
    "one-tailed question, stands beside it (spearman, enrichment); of predicted calls, which are of negative "
    "interactions, it is the only one."
)
_KINDS = {
    "measured": "smallest P",
    "missed": "hit, predicted to be none",
    "unconfirmed": "predicted, P > 0.5",
    "predicted": "strongest prediction",
}


def p_values(run: RunFolder) -> Section:
    """Return the section on the screens' P-values."""
    key, title = "p-value-screens", "Do predictions foretell P-values?"
    table = run.table("p_values")
    if table.empty:
        return Section(key, "P-values", absent="no screen of this run has P-values.")
    one_sided = (
        "One-sided P-values (at most 0.5) are doubled before histograms, the share of true nulls π₀ (Storey and "
        "Tibshirani 2003) and q-values; calls use them by the rule of their screen. A small P-value is evidence that "
        "an interaction is not zero, not that it is large."
    )
    of_raw = (
        "The trigenic screens release the P-value of the raw interaction, so it stands beside the adjusted score that "
        "it calls."
    )
    made = [name for name, scores in run.scores.items() if not scores.p_values_released]
    trigenic = any(reader.startswith(("kuzmin", "torchcell")) for reader in run.publications)
    agreement, queries = run.table("p_value_correlations"), run.table("p_value_queries")
    genes = run.gene_names
    charts = [
        *query_charts(queries, genes),
        *hit_charts(run.table("p_value_hits"), agreement, run.model, genes, run.scores),
    ]
    return Section(
        key,
        title,
        [
            one_sided,
            *([of_raw] if trigenic else []),
            *(f"{name} releases no P-values: those here are made of its scores and SDs." for name in made),
            *([_BY_SIZE] if len(agreement) else []),
            *conservative_p_sentences(table),
            *simulated_p_sentences(run.screens, run.configuration.get("simulation", {})),
            *([_CHARTS] if charts else []),
        ],
        [figure for figure in run.figures("p_values") if not figure.name.startswith(P_VALUE_PAGE)],
        [
            html_table(
                "p_value_correlations",
                "Predicted interactions and measured P-values",
                agreement,
                filters={"model": run.model, "split": "", "screen": "", "quantity": ""},
            ),
            html_table(
                "p_value_queries",
                "Hits by query",
                queries.sort_values("hit_rate", ascending=False).head(_QUERIES),
                filters={"screen": ""},
            ),
            html_table("p_values", "P-value diagnostics", table, filters={"screen": "", "quantity": ""}),
        ],
        grids=agreement_grids(agreement, run.model),
        charts=charts,
    )


def p_value_pages(run: RunFolder) -> Section:
    """Return every panel of each screen's P-values, for who wants them all."""
    pages = [figure for figure in run.figures("p_values") if figure.name.startswith(P_VALUE_PAGE)]
    title = "Every panel, screen by screen"
    if not pages:
        return Section("p-value-pages", title, absent="no screen of this run has P-values.")
    return Section("p-value-pages", title, figures=pages, folded=True)


def agreement_grids(agreement: pd.DataFrame, model: str) -> list[Grid]:
    """Return the grid of whether a small P-value is predicted, by screen and split; none where nothing is predicted.

    Parameters
    ----------
    agreement
        `pipeline_lib.evaluation.tables.schemas.P_VALUE_CORRELATIONS`.
    model
        The model that the report is about.
    """
    rows = headline(agreement[agreement["model"] == model]).dropna(subset="value")
    if rows.empty:
        return []
    spearman = rows[rows["quantity"] == "spearman"]
    scale = scale_around_zero(spearman[["low", "value", "high"]].to_numpy(float).ravel(), f"Spearman with {LABEL}")
    splits = in_order(rows["split"])
    lines = []
    for (screen, order, source), part in rows.groupby(["screen", "order", "source"]):
        predicted = assay_name(*str(source).rsplit(" ", 1))
        own = str(source).rpartition(" ")[0] == screen
        name = f"{screen_name(str(screen))}, {order_name(order)}{'' if own else f', by {predicted}'}"
        cells: dict[str, GridCell] = {}
        for split in splits:
            one = part[part["split"] == split]
            value = one[one["quantity"] == "spearman"]
            if value.empty:
                continue
            row = value.iloc[0]
            words = f"{name}, {split_phrase(split)}, P against the prediction of {predicted}: {answer(one)}."
            marks = mark(scale, "model", interval(row), row["value"], row["low"], row["high"])
            cells[split_name(split)] = GridCell(float(row["value"]), agreement_verdict(one), tuple(marks), words)
        lines.append((name, cells))
    grid = Grid(
        "p-values",
        f"Are small P-values predicted by {model}?",
        "Spearman correlation of the size of predicted interactions (of predicted calls: of how likely one is) with "
        "−log₁₀ P, with its bootstrap interval over queries. A verdict needs the interval clear of 0 and P < 0.05, the "
        f"same for more P < 0.05 than the base rate in the first decile, and {MINIMUM_HITS} of them in the test fold.",
        [split_name(split) for split in splits],
        lines,
        scale,
        {"model": "Spearman correlation with its interval"},
        meanings=_MEANINGS,
    )
    return [grid]


def query_charts(queries: pd.DataFrame, genes: GeneNames) -> list[Chart]:
    """Return one chart a screen and order of the share of hits of its queries, each named where it is pointed at.

    Parameters
    ----------
    queries
        `pipeline_lib.evaluation.tables.schemas.P_VALUE_QUERIES`.
    genes
        Standard names.
    """
    charts: list[Chart] = []
    for (screen, phenotype, order), part in queries.groupby(["screen", "phenotype", "order"]):
        rows = part[(part["query"] != "") & (part["n"] >= _FEWEST)].sort_values("hit_rate").head(_QUERIES)
        if rows.empty:
            continue
        whole = part.loc[part["query"] == "", "hit_rate"]
        counts = zip(*(rows[name].tolist() for name in ("query", "hits", "n", "hit_rate")), strict=True)
        points = [
            Point(place, 100 * rate, "model", f"{_of_query(query, genes)}: {hits:,} of {n:,} with P < 0.05")
            for place, (query, hits, n, rate) in enumerate(counts, start=1)
        ]
        base = 100 * float(whole.iloc[0]) if len(whole) else float("nan")
        charts.append(
            Chart(
                f"queries-{len(charts)}",
                f"Hits by query: {assay_name(str(screen), str(phenotype))}, {order_name(order)}",
                f"{len(rows):,} queries with at least {_FEWEST} P-values; line: all of them.",
                Axis.over([point.x for point in points], "query, by its share of hits", from_zero=True),
                Axis.over([point.y for point in points], "P < 0.05 (%)", from_zero=True),
                points,
                base,
                f"all queries: {base:.1f} %",
            )
        )
    return charts


def _of_query(query: str, genes: GeneNames) -> str:
    """Return a query's genes by name; a strain's suffix is no part of them."""
    return " + ".join(genes.label(gene) for gene in query.partition("_")[0].split("+"))


def hit_charts(
    hits: pd.DataFrame, agreement: pd.DataFrame, model: str, genes: GeneNames, scores: Mapping[str, ScreenScores]
) -> list[Chart]:
    """Return one chart a screen and order of what stands out: P-values against predictions, each genotype named.

    Parameters
    ----------
    hits
        `pipeline_lib.evaluation.tables.schemas.P_VALUE_HITS`.
    agreement
        `pipeline_lib.evaluation.tables.schemas.P_VALUE_CORRELATIONS`, by which split and source are chosen.
    model
        The model that the report is about.
    genes
        Standard names.
    scores
        How the scores of each screen are to be read, by its name.
    """
    charts: list[Chart] = []
    for screen, order in hits[["screen", "order"]].drop_duplicates().sort_values(["screen", "order"]).to_numpy():
        drawn = drawn_parts(screen, order, agreement, model)
        if not drawn:
            continue
        part = drawn[0].of(hits, model).drop_duplicates("genes")
        points = list(_hit_points(part, genes))
        charts.append(
            Chart(
                f"hits-{len(charts)}",
                f"What stands out: {screen_name(str(screen))}, {order_name(order)}",
                f"{split_phrase(drawn[0].split).capitalize()}, test fold; the line is P = 0.05.",
                Axis.over([point.x for point in points], " ".join(drawn[0].predicted(scores).split())),
                SignificanceAxis.up_to(max(point.y for point in points)),
                points,
                float(-np.log10(0.05)),
                "P = 0.05",
            )
        )
    return charts


def _hit_points(hits: pd.DataFrame, genes: GeneNames) -> Iterable[Point]:
    columns = ("genes", "kind", "rank", "prediction", "value", "p_value")
    hits = hits.assign(significance=significance(hits["p_value"]))
    rows = zip(*(hits[name].tolist() for name in (*columns, "significance")), strict=True)
    of_fitness = "fitness " if (hits["phenotype"] == "fitness").all() else ""
    for members, kind, rank, predicted, measured, p, found in rows:
        named = [genes.label(gene) for gene in members.split("+")]
        short = " ".join(map(genes.short, members.split("+")))
        yield Point(
            predicted,
            found,
            "model" if kind in ("measured", "predicted") else "rival",
            f"{' + '.join(named)}: predicted {predicted:.3g}, measured {of_fitness}{measured:.3g}, P = {p:.2g} "
            f"({_KINDS[kind]})",
            short if rank <= _LABELLED.get(kind, 0) else "",
        )


def simulated_p_sentences(screens: Mapping[str, ScreenSettings], simulation: Mapping[str, Any]) -> list[str]:
    """Say what the P-values of simulated screens rest on."""
    sentences = []
    for name, screen in screens.items():
        if screen.simulation:
            rests = _NAIVE if simulation.get(screen.simulation, {}).get("p_values") == "naive" else _HONEST
            sentences.append(f"{name}: simulated P-values rest on {rests}; its calls follow the noise-free truth.")
    return sentences


_RANKING = ["average_precision", "prevalence", "auroc", "precision_at_100", "precision_at_10_within_query"]


def calls(run: RunFolder) -> Section:
    """Return precision and recall of called interactions."""
    board = run.leaderboard[run.leaderboard["metric"].isin(_RANKING)]
    rules = [call_sentence(name, screen) for name, screen in run.screens.items()]
    if board.empty:
        return Section("calls", "Called interactions", absent=" ".join(rules))
    keys = ["model", "split", "screen", "phenotype"]
    wide = board.pivot_table(index=keys, columns="metric", values="value", sort=False, dropna=False).reset_index()
    # A test fold with calls alone, or with none, has a prevalence and no ranking.
    wide = wide.reindex(columns=[*keys, *_RANKING]).dropna(subset=_RANKING, how="all")
    wide = wide.sort_values([*keys[1:], "average_precision"], ascending=False)
    ranked = wide["average_precision"].notna().any()
    how = (
        "Average precision stands beside the prevalence, which is what guessing gets. Precision at 10 a query is the "
        "mean, over queries with a call and more than ten test rows, of the share of calls among the ten rows "
        "predicted strongest."
        if ranked
        else "No test fold holds a call beside other genotypes, so nothing can be ranked: the table has the "
        "prevalence alone."
    )
    return Section(
        "calls",
        "Called interactions",
        [*rules, how],
        run.figures("calls"),
        [
            *_dango_table(run),
            html_table(
                "calls",
                "Ranking of called interactions",
                wide.dropna(axis=1, how="all"),
                filters={"model": "", "split": "random", "screen": ""},
            ),
        ],
        folded=True,
    )


def _dango_table(run: RunFolder) -> list[HtmlTable]:
    """Return the scoring of DANGO's paper, where a screen has trigenic scores."""
    table = run.table("dango_scoring")
    title = (
        "For comparison with the paper of DANGO alone: called where τ < −0.05 whatever the P-value, as many other "
        "triples as called ones; a guess has 0.5"
    )
    return [html_table("dango_scoring", title, table, filters={"split": "", "screen": ""})] if len(table) else []


def call_sentence(name: str, screen: ScreenSettings) -> str:
    """Say which interactions of a screen count as called, or why none does."""
    rule = screen.scores.calls
    if rule is None:
        return f"{name}: {_no_rule(name, screen)}."
    if screen.simulation:
        return f"{name}: simulated, so calls follow the truth: called is a {true_rule_in_words(rule, 'negative')}."
    source = "as published" if screen.calls is None else "as its configuration states"
    return f"{name}: a negative interaction is called where {rule_in_words(rule, 'negative')}, {source}."


def _no_rule(name: str, screen: ScreenSettings) -> str:
    """Return what calls are in a screen whose scores are called by no rule."""
    if screen.reader == "kuzmin2018_calls":
        return "a call is a published one"
    if screen.reader != "table":
        return "nothing is called: its files hold no published calls"
    if screen.phenotype == "call":
        return "a call is a label of the table (1: called)"
    if screen.phenotype == "fitness":
        return "fitness has no calls"
    return (
        f"nothing is called, for no threshold is stated (screens.{name}.calls), so metrics that need calls are left out"
    )


def ceilings(run: RunFolder) -> Section:
    """Return the noise ceilings of the screens, and where the skill of the model lies."""
    about = (
        "The noise ceiling is the best Pearson correlation that any prediction can have with one released score: the "
        "square root of its reliability, which a replicate correlation estimates."
    )
    return Section(
        "ceilings",
        "How good could it be?",
        [about],
        [*run.figures("ceilings", "noise_ceilings"), *run.figures("leaderboard", "subgroups")],
        [
            html_table(
                "noise_ceilings",
                "Noise ceilings and their assumptions",
                run.table("noise_ceiling"),
                filters={"screen": "", "split": "all"},
            ),
            html_table(
                "subgroups",
                "Skill within subgroups",
                _compared(run, "subgroups"),
                filters={"model": run.model, "split": "random", "screen": "", "subgroup": ""},
            ),
        ],
        folded=True,
    )


def calibration(run: RunFolder) -> Section:
    """Return whether the spread of predictions can be trusted."""
    figures = run.figures("ceilings", "calibration")
    table = _compared(run, "calibration")
    whole = table[table["quantity"].isin(["slope", "spread_ratio", "rmse", "calibration_error"])]
    if not figures and whole.empty:
        return Section("calibration", "Calibration", absent=f"no calibration of {run.model} in this run.")
    about = (
        f"The table holds {run.model} and the baselines that are best somewhere; evaluation/calibration.parquet holds "
        "every model."
    )
    chosen = {"model": run.model, "split": "random", "screen": "", "quantity": ""}
    displayed = html_table("calibration", "Calibration", whole.drop(columns=["position"]), filters=chosen)
    return Section("calibration", "Calibration", [about], figures, [displayed], folded=True)


def _compared(run: RunFolder, artefact: str) -> pd.DataFrame:
    table = run.table(artefact)
    return table[table["model"].isin(run.compared)]
