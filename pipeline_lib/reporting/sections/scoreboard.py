"""The scoreboard as a grid: every screen and phenotype down, every split across."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from pipeline_lib.reporting.findings import VERBS, interval, number
from pipeline_lib.reporting.grid import Grid, GridCell, Mark, Scale, mark
from pipeline_lib.reporting.names import METRICS, assay_name, in_order, split_name, split_phrase

_LOWEST = -0.25
"""Correlations further below zero are put at the edge of a cell."""


def scoreboard_grid(board: pd.DataFrame) -> Grid | None:
    """Return the grid of every comparison with the best baseline; None where there is none.

    Parameters
    ----------
    board
        Rows of ``evaluation/scoreboard.parquet``.
    """
    if board.empty:
        return None
    splits = in_order(board["split"])
    lowest = board[["value", "baseline_value"]].min().min()
    scale = Scale(max(_LOWEST, min(0.0, float(lowest))), 1.0, _metrics(board))
    model = str(board["model"].iloc[0])
    rows = []
    for (screen, phenotype), part in board.groupby(["screen", "phenotype"]):
        of_split = {row["split"]: _cell(row, scale) for row in part.to_dict("records")}
        called = " (AP)" if (part["metric"] == "average_precision").all() else ""
        rows.append((f"{assay_name(str(screen), str(phenotype))}{called}", [of_split.get(split) for split in splits]))
    bounds = set(board.loc[board["ceiling"].notna(), "ceiling_bound"])
    kinds = {
        "model": model,
        "baseline": "best baseline",
        **({"ceiling": "noise ceiling"} if bounds - {"lower bound"} else {}),
        **({"bound": "its lower bound"} if "lower bound" in bounds else {}),
    }
    return Grid(
        "scoreboard",
        f"{model} and the best baseline on every screen and split",
        "Point at a cell for its numbers; choose it for every model behind it.",
        [split_name(split) for split in splits],
        rows,
        scale,
        kinds,
        table="leaderboard",
    )


def _metrics(board: pd.DataFrame) -> str:
    return "Pearson correlation" + (", average precision (AP)" if (board["metric"] != "pearson").any() else "")


def _cell(row: Mapping[Hashable, Any], scale: Scale) -> GridCell:
    """Return one comparison: model, best baseline and noise ceiling."""
    model, baseline = str(row["model"]), str(row["baseline"])
    ours = pd.Series({"value": row["value"], "low": row["value_low"], "high": row["value_high"]})
    theirs = pd.Series({"value": row["baseline_value"], "low": row["baseline_low"], "high": row["baseline_high"]})
    difference = pd.Series({"value": row["difference"], "low": row["low"], "high": row["high"]})
    kind = "bound" if row["ceiling_bound"] == "lower bound" else "ceiling"
    ceiling = f"noise ceiling {'at least ' * (kind == 'bound')}{number(row['ceiling'])}"
    metric = METRICS[str(row["metric"])]
    marks: list[Mark] = [
        *mark(scale, kind, ceiling, row["ceiling"]),
        *mark(scale, "baseline", f"{baseline}: {interval(theirs)}", *theirs),
        *mark(scale, "model", f"{model}: {interval(ours)}", *ours),
    ]
    words = (
        f"{assay_name(str(row['screen']), str(row['phenotype']))}, {split_phrase(str(row['split']))}: {model} "
        f"{VERBS[row['verdict']]} {baseline}. {metric} {interval(ours)} against {interval(theirs)}; paired difference "
        f"{interval(difference)}, q = {number(row['q'])}, n = {int(row['n']):,}"
    )
    words += f"; {ceiling}." if any(one.kind == kind for one in marks) else "."
    chosen = {name: str(row[name]) for name in ("split", "screen", "phenotype", "metric")} | {"model": ""}
    return GridCell(float(row["value"]), row["verdict"], tuple(marks), words, chosen)
