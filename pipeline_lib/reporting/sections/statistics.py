"""P-values, noise ceilings, calls, calibration and subgroups."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pipeline_lib.config.screens import SIMULATED, ScreenSettings
from pipeline_lib.evaluation.calls import rule_in_words, true_rule_in_words
from pipeline_lib.reporting.figures.p_value_page import answer
from pipeline_lib.reporting.findings import above_ceiling_sentences, beyond_truth_sentences, conservative_p_sentences
from pipeline_lib.reporting.html import Section
from pipeline_lib.reporting.html_table import HtmlTable, html_table
from pipeline_lib.reporting.names import ORDERS, assay_name, in_order, screen_name, split_phrase
from pipeline_lib.reporting.run_folder import RunFolder

_HONEST = "the whole simulated error, so that a twentieth of the true nulls has P < 0.05"
_NAIVE = "the spread of each cross's own colonies alone, so that more than a twentieth of the true nulls has P < 0.05"
_QUERIES = 300
"""Queries that the page lists, those with the greatest share of hits first."""


def p_values(run: RunFolder) -> Section:
    """Return the section on the screens' P-values."""
    table, title = run.table("p_values"), "P-values"
    if table.empty:
        return Section("p-values", title, absent="no screen of this run has P-values.")
    one_sided = (
        "One-sided P-values (at most 0.5) are doubled before histograms, the share of true nulls π₀ (Storey and "
        "Tibshirani 2003) and q-values; calls use them by the rule of their screen. A P-value says that an interaction "
        "is not zero; it does not say that it is large."
    )
    of_raw = (
        "The trigenic screens release the P-value of the raw interaction, so it stands beside the adjusted score that "
        "it calls."
    )
    trigenic = any(reader.startswith(("kuzmin", "torchcell")) for reader in run.publications)
    agreement = run.table("p_value_correlations")
    queries = run.table("p_value_queries")
    return Section(
        "p-values",
        title,
        [
            one_sided,
            *([of_raw] if trigenic else []),
            *conservative_p_sentences(table),
            *simulated_p_sentences(run.screens, run.configuration.get("simulation", {})),
            *predicted_p_sentences(agreement, run.model),
        ],
        run.figures("p_values"),
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
        missing=run.missing("p_values"),
    )


def predicted_p_sentences(agreement: pd.DataFrame, model: str) -> list[str]:
    """Answer for every screen and split whether a small P-value is predicted at all.

    Parameters
    ----------
    agreement
        `pipeline_lib.evaluation.schemas.P_VALUE_CORRELATIONS`.
    model
        The model that the report is about.
    """
    rows = agreement[agreement["model"] == model]
    sentences = []
    keys = rows[["screen", "order", "source"]].drop_duplicates().sort_values(["screen", "order", "source"])
    for screen, order, source in keys.itertuples(index=False):
        part = rows[(rows["screen"] == screen) & (rows["order"] == order) & (rows["source"] == source)]
        by_split = [
            f"{split_phrase(split)}: {answer(part[part['split'] == split])}" for split in in_order(part["split"])
        ]
        predicted = assay_name(*str(source).rsplit(" ", 1))
        sentences.append(
            f"{screen_name(str(screen))}, {ORDERS.get(order, 'single')}, P against the prediction of {predicted}: "
            f"{'; '.join(by_split)}."
        )
    return sentences


def simulated_p_sentences(screens: Mapping[str, ScreenSettings], simulation: Mapping[str, Any]) -> list[str]:
    """Say what the P-values of simulated screens rest on."""
    sentences = []
    for name, screen in screens.items():
        simulated = {
            file.removeprefix(SIMULATED).partition("/")[0]
            for file in screen.files.values()
            if file.startswith(SIMULATED)
        }
        naive = any(simulation.get(one, {}).get("p_values") == "naive" for one in simulated)
        if simulated:
            rests = _NAIVE if naive else _HONEST
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
    return Section(
        "calls", "Called interactions",
        [
            *rules,
            ("Average precision stands beside the prevalence, which is what guessing gets. "
            "Precision at 10 a query is the mean, over queries with a call and more than ten test rows, of the share "
            "of calls among the ten rows predicted strongest.")
            if ranked
            else ("No test fold holds a call beside other genotypes, so nothing can be ranked: the table has the "
            "prevalence alone."),
        ],
        run.figures("calls"),
        [
            *_dango_table(run),
            html_table("calls", "Ranking of called interactions", wide.dropna(axis=1, how="all"),
                       filters={"model": "", "split": "random", "screen": ""}),
        ],
        missing=run.missing("calls"),
    )  # fmt: skip


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
    if screen.is_simulated:
        return f"{name}: simulated, so calls follow the truth: called is a {true_rule_in_words(rule, 'negative')}."
    source = "as published" if screen.calls is None else "as its configuration states"
    return f"{name}: a negative interaction is called where {rule_in_words(rule, 'negative')}, {source}."


def _no_rule(name: str, screen: ScreenSettings) -> str:
    """Return what calls are in a screen whose scores are called by no rule."""
    if screen.reader == "kuzmin2018_calls":
        return "a call is a published one"
    if screen.reader != "table":
        return "nothing is called, for its publication calls nothing in these files"
    if screen.phenotype == "call":
        return "a call is a label of the table (1: called)"
    if screen.phenotype == "fitness":
        return "fitness has no calls"
    return (
        f"nothing is called, for no threshold is stated (screens.{name}.calls), so metrics that need calls are left out"
    )


def ceilings(run: RunFolder) -> Section:
    """Return noise ceilings, calibration and subgroups."""
    calibration, subgroups = (_compared(run, table) for table in ("calibration", "subgroups"))
    whole = calibration[calibration["quantity"].isin(["slope", "spread_ratio", "rmse", "calibration_error"])]
    whole = whole.drop(columns=["position"])
    return Section(
        "ceilings", "Noise ceilings, calibration, subgroups",
        [
            ("The noise ceiling is the best Pearson correlation that any prediction can have with one released score: "
            "the square root of its reliability, which a replicate correlation estimates."),
            *above_ceiling_sentences(run.scoreboard),
            *beyond_truth_sentences(run.leaderboard, run.table("noise_ceiling")),
            (f"The tables of calibration and subgroups hold {run.model} and the baselines that are best somewhere; "
            "evaluation/calibration.parquet and evaluation/subgroups.parquet hold every model."),
        ],
        [*run.figures("ceilings"), *run.figures("leaderboard", "subgroups")],
        [
            html_table("noise_ceilings", "Noise ceilings and their assumptions", run.table("noise_ceiling"),
                       filters={"screen": "", "split": "all"}),
            html_table("calibration", "Calibration", whole,
                       filters={"model": run.model, "split": "random", "screen": "", "quantity": ""}),
            html_table("subgroups", "Skill within subgroups", subgroups,
                       filters={"model": run.model, "split": "random", "screen": "", "subgroup": ""}),
        ],
        missing=[*run.missing("ceilings"), *run.missing("leaderboard", "subgroups")],
    )  # fmt: skip


def _compared(run: RunFolder, artefact: str) -> pd.DataFrame:
    table = run.table(artefact)
    return table[table["model"].isin(run.compared)]
