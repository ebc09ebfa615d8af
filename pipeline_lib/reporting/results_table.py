"""The table of results that the README shows, as Markdown out of a run's leaderboard."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline_lib.artefacts.atomic import write_text
from pipeline_lib.errors import PipelineError

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
    Column("called trigenic, query unseen (AP)", "kuzmin2018_calls", "call", "query_disjoint", "average_precision"),
)
"""The questions that a reader asks first."""


def results_table(leaderboard: pd.DataFrame) -> str:
    """Return the table: a line a model, the best of each column in bold; '-' where a model was not run.

    Parameters
    ----------
    leaderboard
        Rows of ``evaluation/leaderboard.parquet``.
    """
    shown = [column for column in COLUMNS if len(_rows(leaderboard, column))]
    lines = [
        "| model | " + " | ".join(column.heading for column in shown) + " |",
        "|---|" + "---|" * len(shown),
    ]
    scores = {column: _rows(leaderboard, column).set_index("model") for column in shown}
    models = sorted({model for part in scores.values() for model in part.index}, key=lambda name: _order(name, scores))
    for model in models:
        cells = [_cell(scores[column], model) for column in shown]
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


def _rows(leaderboard: pd.DataFrame, column: Column) -> pd.DataFrame:
    return leaderboard[
        (leaderboard["screen"] == column.screen)
        & (leaderboard["phenotype"] == column.phenotype)
        & (leaderboard["split"] == column.split)
        & (leaderboard["metric"] == column.metric)
    ].dropna(subset="value")


def _order(model: str, scores: dict[Column, pd.DataFrame]) -> tuple[float, str]:
    """Models by their score in the first column that has them, the best first; the others behind."""
    first = next(iter(scores.values()))
    return (-float(first.loc[model, "value"]) if model in first.index else 1.0, model)


def _cell(scores: pd.DataFrame, model: str) -> str:
    if model not in scores.index:
        return "-"
    row = scores.loc[model]
    interval = "" if pd.isna(row["low"]) else f" ({row['low']:.3f} to {row['high']:.3f})"
    text = f"{row['value']:.3f}{interval}"
    return f"**{text}**" if row["value"] == scores["value"].max() else text
