"""Small tables of a run to keep beside the code: CSV that no spreadsheet runs, and the README's table of results."""

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline_lib.artefacts.atomic import read_json, write_json, write_text
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.config.evaluation import ARTEFACTS
from pipeline_lib.config.models import DangoSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.evaluation.ceilings.noise_ceiling import ceiling_of
from pipeline_lib.evaluation.metrics.scores import leading_metric
from pipeline_lib.evaluation.tables.differences import BEST_BASELINE, are_variants
from pipeline_lib.evaluation.tables.scoreboard import predicts_nothing
from pipeline_lib.reporting.names import with_training

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

MODELS = ("clp", "profile_predictor", "dango", "fba")
"""Models that always have a line."""

LINES = 8
"""Lines of the table at most, that of the noise ceiling counted."""

NOT_APPLICABLE = "n/a"


def results_table(leaderboard: pd.DataFrame, ceilings: pd.DataFrame, board: pd.DataFrame, dango: DangoSettings) -> str:
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
    dango
        What the run trained DANGO with: its line states a training shorter than that of its paper.
    """
    scores = {column: found for column in COLUMNS if (found := _scores(leaderboard, column))}
    named = [_baselines(board, column) for column in scores]
    classical = [name for name, _ in Counter(name for part in named for name in part).most_common()]
    room = LINES - 1 - len(MODELS)
    lines = [*MODELS[:2], *[name for name in classical if name not in MODELS][:room], *MODELS[2:]]
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
        text.append(f"| {with_training(model, dango)} | " + " | ".join(cells) + " |")
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
    if not best.known:
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


_LINE_END = re.compile(r"\r\n?")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def neutral(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula; numbers stay."""
    return f"'{text}" if text[:1] in tuple("=+-@\t\r\n") and text and not _NUMBER.fullmatch(text) else text


def to_csv(table: pd.DataFrame) -> str:
    """Return the table as CSV, numbers in full precision, every text neutral.

    A carriage return inside a text becomes a line feed: the writer puts quotes around the one and not around the other,
    and a spreadsheet would take what follows it for the first cell of a new row.
    """
    safe = table.copy()
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column]):
            safe[column] = [_safe_cell("" if pd.isna(value) else str(value)) for value in safe[column]]
    return str(safe.rename(columns=lambda name: _safe_cell(str(name))).to_csv(index=False, lineterminator="\n"))


def _safe_cell(text: str) -> str:
    return _LINE_END.sub("\n", neutral(text))


_DIGITS = 4


def write_reference(run_folder: Path, output: Path) -> None:
    """Write scoreboard, leaderboard, differences, ceilings, P-value diagnostics, screens and provenance of a run.

    Raises
    ------
    PipelineError
        When the run is not finished.
    """
    for name, table in reference_tables(run_folder).items():
        write_text(to_csv(table.round(_DIGITS)), output / f"{name}.csv")
    provenance = read_json(run_folder / "provenance.json")
    kept = ("pipeline", "git", "configuration_sha256", "python", "packages", "hardware", "seeds", "written")
    content = {key: provenance[key] for key in kept}
    content["run"] = provenance["configuration"]["run"]
    content["sources"] = published_sources(provenance["sources"].get("sources", provenance["sources"]))
    write_json(content, output / "provenance.json")


def published_sources(sources: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the sources without the place on this machine that each was taken from."""
    return {name: {key: value for key, value in source.items() if key != "place"} for name, source in sources.items()}


def reference_tables(run_folder: Path) -> dict[str, pd.DataFrame]:
    """Return the tables by file name: metrics that models are ranked by alone, so that each stays small."""

    def table(name: str) -> pd.DataFrame:
        return read_table(run_folder / ARTEFACTS[name])

    leaderboard, differences = table("leaderboard"), table("differences")
    ranked = leaderboard["phenotype"].map(leading_metric)
    # Pearson of calls: zero where a model predicts the same for every row.
    correlations = leaderboard["metric"].isin(["pearson", "pearson_within_query"])
    names = zip(differences["model"], differences["reference"], strict=True)
    ablation = np.fromiter((are_variants(*pair) for pair in names), dtype=bool, count=len(differences))
    against = differences[
        ((differences["role"] == BEST_BASELINE) | ablation)
        & (differences["metric"] == differences["phenotype"].map(leading_metric))
    ]
    p_values, agreement = table("p_values"), table("p_value_correlations")
    return {
        "scoreboard": table("scoreboard"),
        "leaderboard": leaderboard[(leaderboard["metric"] == ranked) | correlations],
        "differences": against,
        "noise_ceiling": table("noise_ceiling"),
        "p_values": p_values[p_values["quantity"].isin(["pi0", "discoveries"])],
        "p_value_correlations": agreement[agreement["quantity"].isin(["spearman", "enrichment"])],
        "screens": table("screens_summary"),
    }
