"""The table of results that the README shows, as Markdown out of a run's leaderboard."""

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline_lib.artefacts.atomic import write_text
from pipeline_lib.errors import PipelineError
from pipeline_lib.evaluation.ceilings.choice import ceiling_of
from pipeline_lib.evaluation.tables.scoreboard import predicts_nothing

START, END = "<!-- results: made by `make reference` -->", "<!-- end of results -->"
"""What stands around the table in a page that holds it."""


@dataclass(frozen=True)
class Column:
    """One column: whose score on what, and how it is headed."""

    heading: str
    screen: str
    phenotype: str
    split: str
    metric: str = "pearson"


COLUMNS = (
    Column("collins2007, random", "collins2007", "interaction", "random"),
    Column("collins2007, one gene unseen", "collins2007", "interaction", "gene_disjoint_one"),
    Column("simulated, random", "simulated", "interaction", "random"),
    Column("simulated, query unseen", "simulated", "interaction", "query_disjoint"),
    Column("trigenic τ, query unseen", "kuzmin_tau", "interaction", "query_disjoint"),
    Column(
        "called pairs and triples, query unseen (AP)", "kuzmin2018_calls", "call", "query_disjoint", "average_precision"
    ),
)
"""The questions that a reader has first; what the run does not have is left out."""

MODELS = {"clp": "clp", "profile_predictor": "profile_predictor", "dango": "dango (short training)", "fba": "fba"}
"""Models that always have a line, and what it is headed; dango trains for a part of its paper's steps here."""

LINES = 8
"""Lines of the table at most, that of the noise ceiling counted."""

NOT_APPLICABLE = "n/a"


def results_table(leaderboard: pd.DataFrame, ceilings: pd.DataFrame, board: pd.DataFrame) -> str:
    """Return the table: the noise ceilings, then `MODELS` and the baselines that are best somewhere in it.

    A value is bold where its interval lies above that of every other line. There is a '-' where a model was not run or
    no ceiling is known, and `NOT_APPLICABLE` where a model predicts the same for every row.

    Parameters
    ----------
    leaderboard
        Rows of ``evaluation/leaderboard.parquet``.
    ceilings
        Rows of ``evaluation/noise_ceiling.parquet``.
    board
        Rows of ``evaluation/scoreboard.parquet``, which name the best baseline of each column.
    """
    scores = {column: found for column in COLUMNS if (found := _scores(leaderboard, column))}
    named = [_baselines(board, column) for column in scores]
    classical = [name for name, _ in Counter(name for part in named for name in part).most_common()]
    room = LINES - 1 - len(MODELS)
    lines = [*list(MODELS)[:2], *[name for name in classical if name not in MODELS][:room], *list(MODELS)[2:]]
    text = [
        "| model | " + " | ".join(column.heading for column in scores) + " |",
        "|---|" + "---|" * len(scores),
        "| *noise ceiling* | " + " | ".join(_ceiling(ceilings, column) for column in scores) + " |",
    ]
    for model in lines:
        cells = [
            NOT_APPLICABLE
            if predicts_nothing(leaderboard, model, (column.screen, column.phenotype), column.split)
            else _cell({name: part[name] for name in lines if name in part}, model)
            for column, part in scores.items()
        ]
        text.append(f"| {MODELS.get(model, model)} | " + " | ".join(cells) + " |")
    return "\n".join(text) + "\n"


def _baselines(board: pd.DataFrame, column: Column) -> list[str]:
    """Return the baseline that the scoreboard holds the column's model against."""
    rows = board[
        (board["screen"] == column.screen) & (board["phenotype"] == column.phenotype) & (board["split"] == column.split)
    ]
    return rows["baseline"].astype(str).tolist()


def put_into(page: Path, table: str) -> None:
    """Replace the table between the two marks of a page.

    Raises
    ------
    PipelineError
        When the page lacks a mark.
    """
    text = page.read_text(encoding="utf-8")
    if START not in text or END not in text:
        raise PipelineError(f"{page} has no place for the table; put the lines '{START}' and '{END}' where it belongs.")
    before, after = text[: text.index(START)], text[text.index(END) :]
    write_text(f"{before}{START}\n\n{table}\n{after}", page)


@dataclass(frozen=True)
class _Score:
    value: float
    low: float
    high: float


def _scores(leaderboard: pd.DataFrame, column: Column) -> dict[str, _Score]:
    rows = leaderboard[
        (leaderboard["screen"] == column.screen)
        & (leaderboard["phenotype"] == column.phenotype)
        & (leaderboard["split"] == column.split)
        & (leaderboard["metric"] == column.metric)
    ].dropna(subset="value")
    numbers = rows[["value", "low", "high"]].to_numpy(float).tolist()
    return {str(model): _Score(*row) for model, row in zip(rows["model"], numbers, strict=True)}


def _ceiling(ceilings: pd.DataFrame, column: Column) -> str:
    """Return the ceiling of a column of correlations; noise does not bound an average precision in the same way."""
    if column.metric != "pearson":
        return "-"
    best = ceiling_of(ceilings, column.screen, column.phenotype, column.split)
    if best is None:
        return "-"
    sign = {"upper bound": "≤ ", "lower bound": "≥ "}.get(best.bound, "")
    return f"*{sign}{best.value:.3f}*"


def _cell(scores: dict[str, _Score], model: str) -> str:
    if model not in scores:
        return "-"
    score = scores[model]
    interval = "" if math.isnan(score.low) else f" ({score.low:.3f} to {score.high:.3f})"
    text = f"{score.value:.3f}{interval}"
    others = [other.high for name, other in scores.items() if name != model]
    return f"**{text}**" if others and all(score.low > high for high in others) else text
