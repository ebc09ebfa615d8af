"""Noise ceilings, calls, calibration and subgroups."""

import pandas as pd

from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.evaluation.calls import rule_in_words, true_rule_in_words
from pipeline_lib.reporting.html import Section
from pipeline_lib.reporting.html_table import HtmlTable, html_table
from pipeline_lib.reporting.run_folder import RunFolder

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
    if screen.is_simulated:
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
