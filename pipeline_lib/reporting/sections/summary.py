"""The first screen: whose run, the verdict over every comparison, its drawing, five facts."""

import pandas as pd

from pipeline_lib.evaluation.ceilings.choice import ceiling_of
from pipeline_lib.evaluation.metrics.scores import leading_metric
from pipeline_lib.evaluation.tables.scoreboard import counts_sentence
from pipeline_lib.reporting.figures.leaderboard import leading_assay
from pipeline_lib.reporting.findings import interval, number
from pipeline_lib.reporting.html import Fact, FirstScreen
from pipeline_lib.reporting.names import METRICS, assay_name, in_order, split_phrase
from pipeline_lib.reporting.run_folder import RunFolder
from pipeline_lib.reporting.sections.scoreboard import scoreboard_grid


def first_screen(run: RunFolder) -> FirstScreen:
    """Return what a reader sees before the tabs."""
    return FirstScreen(
        run=str(run.configuration["run"]),
        verdict=counts_sentence(run.scoreboard),
        scoreboard=scoreboard_grid(run.scoreboard),
        facts=facts(run),
    )


def facts(run: RunFolder) -> list[Fact]:
    """Return five facts: data, models, how good, how good it could be, what was checked."""
    screen, phenotype = leading_assay(run.leaderboard)
    screens = run.observations["screen"].nunique()
    others = run.leaderboard["model"].nunique() - (run.model in set(run.leaderboard["model"]))
    return [
        Fact("Measurements", f"{len(run.observations):,} in {screens} screen{'s' * (screens != 1)}"),
        Fact("Models", f"{run.model} and {others} others on the same folds"),
        Fact("Leading screen", _leading(run, screen, phenotype)),
        Fact("Noise ceiling of it", _ceiling(run, screen, phenotype)),
        Fact("Checks that hold", _checks(run)),
    ]


def _leading(run: RunFolder, screen: str, phenotype: str) -> str:
    """Return the score of the model on the easiest split of the leading assay."""
    metric = leading_metric(phenotype)
    board = run.leaderboard
    rows = board[
        (board["model"] == run.model)
        & (board["screen"] == screen)
        & (board["phenotype"] == phenotype)
        & (board["metric"] == metric)
    ]
    if rows["value"].isna().all():
        return f"{assay_name(screen, phenotype)}: {METRICS[metric]} unknown"
    split = in_order(rows["split"])[0]
    row = rows[rows["split"] == split].iloc[0]
    return f"{assay_name(screen, phenotype)}: {METRICS[metric]} {interval(row)}, {split_phrase(split)}"


def _ceiling(run: RunFolder, screen: str, phenotype: str) -> str:
    """Return the best Pearson correlation that the noise of the leading assay allows, and what bounds it."""
    splits = in_order(run.leaderboard["split"])
    best = ceiling_of(run.table("noise_ceiling"), screen, phenotype, splits[0] if splits else "")
    if best is None:
        return "no estimate"
    bound = {"upper bound": "at most ", "lower bound": "at least "}.get(best.bound, "")
    row = pd.Series({"value": best.value, "low": best.low, "high": best.high})
    return f"{bound}{interval(row) if best.low == best.low else number(best.value)}"


def _checks(run: RunFolder) -> str:
    """Return how many leakage checks and, of the network, invariants hold."""
    kept = run.leakage[run.leakage["promised"]] if len(run.leakage) else run.leakage
    parts = [f"{int(kept['holds'].sum()) if len(kept) else 0} of {len(kept)} on leakage"]
    if run.has_clp:
        checks = run.json("walk_through")["checks"]
        parts.append(f"{sum(check['held'] for check in checks)} of {len(checks)} on the model")
    return ", ".join(parts)
