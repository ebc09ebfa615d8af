"""P-values, noise ceilings, calls, calibration and subgroups."""

import pandas as pd

from pipeline_lib.reporting.findings import beyond_truth_sentences, conservative_p_sentences
from pipeline_lib.reporting.html import Section
from pipeline_lib.reporting.html_table import html_table
from pipeline_lib.reporting.run_folder import RunFolder


def p_values(run: RunFolder) -> Section:
    """Return the section on the screens' P-values."""
    table = run.table("p_values")
    return Section(
        "p-values", "P-values",
        [
            ("The trigenic papers release one-sided P-values (at most 0.5) that belong to the raw interaction, so they "
            "are doubled before histograms, the share of true nulls π₀ (Storey and Tibshirani 2003) and q-values. A "
            "P-value says that an interaction is not zero; it does not say that it is large."),
            *conservative_p_sentences(table),
        ],
        run.figures("p_values"),
        [html_table("p_values", "P-value diagnostics", table, filters={"screen": "", "quantity": ""})],
    )  # fmt: skip


def calls(run: RunFolder) -> Section:
    """Return precision and recall of called interactions."""
    board = run.leaderboard
    metrics = ["average_precision", "prevalence", "auroc", "precision_at_100", "precision_at_10_within_query"]
    board = board[board["metric"].isin(metrics)]
    keys = ["model", "split", "screen", "phenotype"]
    wide = board.pivot_table(index=keys, columns="metric", values="value", sort=False).reset_index()
    wide = wide.sort_values([*keys[1:], "average_precision"], ascending=False) if len(wide) else wide
    return Section(
        "calls", "Called interactions",
        [
            ("A call is a published one (Kuzmin 2018), or a score and P-value beyond the published threshold "
            "(ε or τ below -0.08 with P below 0.05; S-score at most -2.5). Calls are rare, so average precision stands "
            "beside the prevalence, which is what guessing gets. Precision at 10 a query is the mean, over queries "
            "with a call and more than ten test rows, of the share of calls among the ten rows predicted strongest."),
        ],
        run.figures("calls"),
        [
            html_table("calls", "Ranking of called interactions", wide,
                       filters={"model": "", "split": "random", "screen": ""}),
        ],
    )  # fmt: skip


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
            *beyond_truth_sentences(run.leaderboard, run.table("noise_ceiling")),
            (f"The tables of calibration and subgroups hold {run.model} and the baselines that are best somewhere; "
            "evaluation/calibration.parquet and evaluation/subgroups.parquet hold every model."),
        ],
        [*run.figures("ceilings"), *run.figures("leaderboard", "subgroups")],
        [
            html_table("noise_ceilings", "Noise ceilings and their assumptions", run.table("noise_ceiling"),
                       filters={"screen": ""}),
            html_table("calibration", "Calibration", whole,
                       filters={"model": run.model, "split": "random", "screen": "", "quantity": ""}),
            html_table("subgroups", "Skill within subgroups", subgroups,
                       filters={"model": run.model, "split": "random", "screen": "", "subgroup": ""}),
        ],
    )  # fmt: skip


def _compared(run: RunFolder, artefact: str) -> pd.DataFrame:
    table = run.table(artefact)
    return table[table["model"].isin(run.compared)]
