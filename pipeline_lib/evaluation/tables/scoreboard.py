"""The headline: every screen, phenotype and split once, the report's model against the best baseline."""

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pandas as pd

from pipeline_lib.config.screens import POOLED
from pipeline_lib.config.training import kind_and_repeat, pooled_name
from pipeline_lib.evaluation.ceilings.noise_ceiling import Ceiling, ceiling_of
from pipeline_lib.evaluation.metrics.scores import leading_metric
from pipeline_lib.evaluation.tables.differences import BEST_BASELINE, q_values, rank_models, verdict

CONTROLS = ("mean", "screen_mean", "query_mean", "array_mean", "two_way")
"""What a model scores that knows no gene: constants, means of screens, and main effects of query and array."""

FBA = "fba"


def scoreboard_rows(
    leaderboard: pd.DataFrame, differences: pd.DataFrame, ceilings: pd.DataFrame, model: str
) -> list[dict[str, Any]]:
    """Return rows of `pipeline_lib.evaluation.tables.schemas.SCOREBOARD`, from tables that are made already.

    Parameters
    ----------
    leaderboard, differences, ceilings
        Rows of ``leaderboard.parquet``, ``differences.parquet`` and ``noise_ceiling.parquet``.
    model
        The model that the report is about.
    """
    compared = differences[
        (differences["role"] == BEST_BASELINE)
        & (differences["model"] == model)
        & (differences["screen"] != POOLED)
        & (differences["metric"] == differences["phenotype"].map(leading_metric))
    ]
    keys = list(compared[["screen", "phenotype", "split"]].itertuples(index=False, name=None))
    pooled = [(screen, phenotype, pooled_name(kind_and_repeat(split)[0])) for screen, phenotype, split in keys]
    repeated = [whole in keys and whole != key for key, whole in zip(keys, pooled, strict=True)]
    compared = compared[~np.array(repeated, dtype=bool)]
    compared = compared.sort_values(["screen", "phenotype", "split"], kind="stable")
    family = q_values(compared["p_value"].to_numpy(np.float64))
    return list(_rows(compared, family, leaderboard, ceilings, model))


def _rows(
    compared: pd.DataFrame, family: np.ndarray, leaderboard: pd.DataFrame, ceilings: pd.DataFrame, model: str
) -> Iterator[dict[str, Any]]:
    for row, q_value in zip(compared.to_dict("records"), family.tolist(), strict=True):
        screen, phenotype, split, metric = (row[name] for name in ("screen", "phenotype", "split", "metric"))
        scores = leaderboard[
            (leaderboard["screen"] == screen)
            & (leaderboard["phenotype"] == phenotype)
            & (leaderboard["split"] == split)
            & (leaderboard["metric"] == metric)
        ].set_index("model")
        ours, theirs = scores.loc[model], scores.loc[row["reference"]]
        # Noise bounds a correlation; no ceiling of an average precision is known.
        best = ceiling_of(ceilings, screen, phenotype, split) if metric == "pearson" else Ceiling()
        control = _best_control(leaderboard, scores, (screen, phenotype), split)
        start = float(scores.loc[control, "value"]) if control else np.nan
        yield {
            "screen": screen,
            "phenotype": phenotype,
            "split": split,
            "model": model,
            "baseline": row["reference"],
            "difference": row["value"],
            "low": row["low"],
            "high": row["high"],
            "q": q_value,
            "verdict": verdict(row["low"], row["high"], q_value),
            "metric": metric,
            "p": row["p_value"],
            "detectable": row["detectable"],
            "chosen_on": row["chosen_on"],
            "seeds": row["seeds"],
            "baseline_seeds": row["reference_seeds"],
            "n": row["n"],
            "groups": row["groups"],
            "value": float(ours["value"]),
            "value_low": float(ours["low"]),
            "value_high": float(ours["high"]),
            "baseline_value": float(theirs["value"]),
            "baseline_low": float(theirs["low"]),
            "baseline_high": float(theirs["high"]),
            "fba": float(scores.loc[FBA, "value"])
            if FBA in scores.index and not predicts_nothing(leaderboard, FBA, (screen, phenotype), split)
            else np.nan,
            "control": start,
            "control_model": control,
            "agreement": best.agreement,
            "scaled": on_scale(float(ours["value"]), start, best),
            "scaled_baseline": on_scale(float(theirs["value"]), start, best),
            "ceiling": best.value,
            "ceiling_low": best.low,
            "ceiling_high": best.high,
            "ceiling_method": best.method,
            "ceiling_bound": best.bound,
            "ceiling_rows": best.rows,
            "above_ceiling": best.bound != "lower bound"
            and bool(ours["low"] > (best.high if np.isfinite(best.high) else best.value)),
        }


def predicts_nothing(leaderboard: pd.DataFrame, model: str, assay: tuple[str, str], split: str) -> bool:
    """Tell whether a model predicts the same for every row of a test fold: it has no word on that assay.

    The correlation with a constant is zero to the last digit.
    """
    rows = leaderboard[
        (leaderboard["model"] == model)
        & (leaderboard["screen"] == assay[0])
        & (leaderboard["phenotype"] == assay[1])
        & (leaderboard["split"] == split)
        & (leaderboard["metric"] == "pearson")
    ]
    return bool((rows["value"] == 0).any())


def on_scale(value: float, control: float, best: Ceiling) -> float:
    """Return where a value lies between the best control (0) and the agreement of two measurements (1).

    NaN where the whole interval of the agreement (the square of the ceiling's) is not above the control, so that 0 and
    1 may be one, and where the ceiling is a lower bound, by which any model would seem too good. By an upper bound a
    value is nearer to 0 than it truly is.
    """
    if best.bound == "lower bound" or not best.low**2 > control:
        return float("nan")
    return (value - control) / (best.agreement - control)


def _best_control(leaderboard: pd.DataFrame, scores: pd.DataFrame, assay: tuple[str, str], split: str) -> str:
    """Return the control that is best on the validation fold; empty without one."""
    present = [model for model in CONTROLS if model in scores.index]
    held = leaderboard[(leaderboard["split"] == split) & leaderboard["model"].isin(present)]
    held = held[held["validation"].notna()]
    validation: dict[str, dict[tuple[str, str], float]] = {model: {} for model in present}
    for row in held.to_dict("records"):
        validation[row["model"]][row["screen"], row["phenotype"]] = row["validation"]
    ranked, _ = rank_models(validation, assay, present, lambda model: float(scores["value"].astype(float)[model]))
    return ranked[0] if ranked else ""


def counts_sentence(board: pd.DataFrame, simulated: Collection[str]) -> str:
    """Return the one sentence of counts: wins, level, losses over all comparisons, and those of simulated screens.

    Parameters
    ----------
    board
        Rows of ``evaluation/scoreboard.parquet``.
    simulated
        Screens whose cells were simulated.
    """
    if board.empty:
        return "This run compares its model with no baseline."
    model = str(board["model"].iloc[0])
    of_simulated = board["screen"].isin(simulated)
    mixed = not of_simulated.all()

    def count(verdict: str) -> str:
        rows = board["verdict"] == verdict
        among = int((rows & of_simulated).sum())
        return f"{rows.sum()} ({among} of simulated screens)" if among and mixed else f"{rows.sum()}"

    parts = [
        f"is better than the best baseline in {count('win')}",
        f"shows no significant difference in {count('level')}",
        f"and is worse in {count('loss')}",
    ]
    unknown = int((board["verdict"] == "undetermined").sum())
    rest = f"; {unknown} rest{'s' * (unknown == 1)} on too few queries or genes for an interval" if unknown else ""
    comparisons = "the one comparison" if len(board) == 1 else f"all {len(board)} comparisons"
    alone = "" if mixed else ", every screen simulated"
    return f"Over {comparisons} of screen, phenotype and split{alone}, {model} {', '.join(parts)}{rest}."
