"""The table of results that the README shows, as Markdown out of a run's leaderboard."""

import math
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline_lib.artefacts.atomic import write_text
from pipeline_lib.errors import PipelineError
from pipeline_lib.reporting.ceilings import leading_ceiling

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
    Column(
        "called pairs and triples, query unseen (AP)", "kuzmin2018_calls", "call", "query_disjoint", "average_precision"
    ),
)
"""The questions that a reader asks first."""


def results_table(leaderboard: pd.DataFrame, ceilings: pd.DataFrame) -> str:
    """Return the table: the noise ceilings, then a line a model, the best of each column in bold.

    There is a '-' where a model was not run, or no ceiling is known.

    Parameters
    ----------
    leaderboard
        Rows of ``evaluation/leaderboard.parquet``.
    ceilings
        Rows of ``evaluation/noise_ceiling.parquet``.
    """
    scores = {column: found for column in COLUMNS if (found := _scores(leaderboard, column))}
    lines = [
        "| model | " + " | ".join(column.heading for column in scores) + " |",
        "|---|" + "---|" * len(scores),
        "| *noise ceiling* | " + " | ".join(_ceiling(ceilings, column) for column in scores) + " |",
    ]
    first = next(iter(scores.values()), {})
    # The best of the first column on top; models that it lacks behind.
    models = sorted(
        {model for part in scores.values() for model in part},
        key=lambda model: (-first[model].value if model in first else float("inf"), model),
    )
    for model in models:
        cells = [_cell(part, model) for part in scores.values()]
        lines.append(f"| {model} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


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
    value = leading_ceiling(ceilings, column.screen, column.phenotype) if column.metric == "pearson" else None
    return "-" if value is None else f"*{value:.3f}*"


def _cell(scores: dict[str, _Score], model: str) -> str:
    if model not in scores:
        return "-"
    score = scores[model]
    interval = "" if math.isnan(score.low) else f" ({score.low:.3f} to {score.high:.3f})"
    text = f"{score.value:.3f}{interval}"
    return f"**{text}**" if score.value == max(each.value for each in scores.values()) else text
