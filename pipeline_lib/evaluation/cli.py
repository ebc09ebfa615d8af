"""``python -m pipeline_lib evaluation``: leaderboard, noise ceilings, P-values, calibration."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline_lib.config.command_options import named_files, scores_option, settings_option
from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.config.screen_readers import ScreenScores
from pipeline_lib.errors import PipelineError

if TYPE_CHECKING:
    from pipeline_lib.evaluation.predictions import PredictionFile


INPUT = click.Path(exists=True, dir_okay=False, path_type=Path)
OUTPUT = click.Path(dir_okay=False, path_type=Path)

evaluation_settings = settings_option("evaluation", EvaluationSettings)
observations_option = click.option("--observations", type=INPUT, required=True, help="observations.parquet")
genes_option = click.option("--genes", "genes_path", type=INPUT, required=True, help="genes.parquet")

truth_option = click.option(
    "--truth-of",
    "truths",
    multiple=True,
    callback=named_files,
    metavar="SCREEN=PATH",
    help="truth.parquet of a simulated screen: its calls follow the noise-free values.",
)
folder_option = click.option(
    "--predictions-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of models: every <model>/<split>/seed<k>/predictions.parquet in it is taken.",
)
predictions_option = click.option(
    "--predictions",
    type=INPUT,
    multiple=True,
    help="A predictions file; its last folders name model, split and seed. May be given many times.",
)


def one_thread() -> AbstractContextManager[None]:
    """Keep matrix products to one thread: sums are then taken in one order, to the same bytes on any machine."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    limits: AbstractContextManager[None] = threadpool_limits(1)
    return limits


def predictions_files(folder: Path | None, paths: tuple[Path, ...]) -> "list[PredictionFile]":
    """Return the predictions files of a folder and those that are named.

    Raises
    ------
    PipelineError
        When neither is given.
    """
    from pipeline_lib.evaluation.predictions import find_predictions, parse_path

    if folder is None and not paths:
        raise PipelineError("No predictions were named; give --predictions-dir or --predictions.")
    return [*(find_predictions(folder) if folder is not None else []), *map(parse_path, paths)]


@contextmanager
def progress(what: str, steps: int) -> Iterator[Callable[[], None]]:
    """Show a bar of `steps` steps and yield what moves it on by one."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=steps)
        yield lambda: bar.advance(task)


@click.group()
def app() -> None:
    """Leaderboard, differences, P-values, noise ceilings, calibration."""


@app.command()
@evaluation_settings
@scores_option
@truth_option
@observations_option
@genes_option
@click.option("--edges", type=INPUT, help="edges.parquet, for subgroups by degree in the networks.")
@folder_option
@predictions_option
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True, help="Files evaluated at a time.")
@click.option("--output", type=OUTPUT, required=True, help="leaderboard.parquet")
@click.option("--differences", type=OUTPUT, required=True, help="Paired differences between models.")
@click.option("--subgroups", type=OUTPUT, required=True, help="Skill within subgroups of genotypes.")
def leaderboard(
    settings: EvaluationSettings,
    scores: dict[str, ScreenScores],
    truths: dict[str, Path],
    observations: Path,
    genes_path: Path,
    edges: Path | None,
    predictions_dir: Path | None,
    predictions: tuple[Path, ...],
    threads: int,
    output: Path,
    differences: Path,
    subgroups: Path,
) -> None:
    """Score every model on the test fold of every split, with intervals over queries and arrays, or genes."""
    from pipeline_lib.artefacts.schemas import EDGES, GENES, LEADERBOARD
    from pipeline_lib.artefacts.tables import read_table
    from pipeline_lib.evaluation.folds import read_truths, with_truths
    from pipeline_lib.evaluation.measurements import read_measurements
    from pipeline_lib.evaluation.predictions import entries_by_split
    from pipeline_lib.evaluation.tables.leaderboard import build_standings, gene_traits, network_traits, write_rows
    from pipeline_lib.evaluation.tables.schemas import DIFFERENCES, SUBGROUPS

    files = predictions_files(predictions_dir, predictions)
    genes = read_table(genes_path, GENES)
    traits = gene_traits(genes) | (network_traits(read_table(edges, EDGES), len(genes)) if edges else {})
    data = with_truths(read_measurements(observations, genes, scores), read_truths(truths))
    steps = sum(len(seeds) for models in entries_by_split(files).values() for seeds in models.values())
    with one_thread(), progress("leaderboard", steps) as advance:
        standings = build_standings(data, traits, files, settings, threads, advance)
    write_rows(standings.leaderboard, output, LEADERBOARD)
    write_rows(standings.differences, differences, DIFFERENCES)
    write_rows(standings.subgroups, subgroups, SUBGROUPS)


@app.command("noise-ceiling")
@evaluation_settings
@scores_option
@observations_option
@genes_option
@truth_option
@click.option(
    "--folds-of",
    "splits",
    multiple=True,
    callback=named_files,
    metavar="SPLIT=PATH",
    help="splits/<split>.parquet: adds the ceilings of its test rows.",
)
@click.option("--output", type=OUTPUT, required=True, help="noise_ceiling.parquet")
def noise_ceiling(
    settings: EvaluationSettings,
    scores: dict[str, ScreenScores],
    observations: Path,
    genes_path: Path,
    truths: dict[str, Path],
    splits: dict[str, Path],
    output: Path,
) -> None:
    """Estimate the best correlation that any prediction can have with each screen's noisy scores."""
    from pipeline_lib.artefacts.schemas import GENES
    from pipeline_lib.artefacts.tables import read_table
    from pipeline_lib.evaluation.ceilings.noise_ceiling import noise_ceilings
    from pipeline_lib.evaluation.folds import read_truths
    from pipeline_lib.evaluation.measurements import read_measurements
    from pipeline_lib.evaluation.tables.leaderboard import write_rows
    from pipeline_lib.evaluation.tables.schemas import NOISE_CEILING

    genes = read_table(genes_path, GENES)
    folds = {}
    for split, path in splits.items():
        rows = read_table(path, columns=["observation_id", "fold"])
        folds[split] = rows.loc[rows["fold"] == "test", "observation_id"].to_numpy()
    data = read_measurements(observations, genes, scores)
    with one_thread():
        write_rows(noise_ceilings(data, settings, read_truths(truths), folds), output, NOISE_CEILING)


@app.command()
@click.option("--leaderboard", "leaderboard_path", type=INPUT, required=True, help="leaderboard.parquet")
@click.option("--differences", "differences_path", type=INPUT, required=True, help="differences.parquet")
@click.option("--noise-ceiling", "ceilings_path", type=INPUT, required=True, help="noise_ceiling.parquet")
@click.option("--model", required=True, help="The model that the report is about.")
@click.option("--output", type=OUTPUT, required=True, help="scoreboard.parquet")
def scoreboard(leaderboard_path: Path, differences_path: Path, ceilings_path: Path, model: str, output: Path) -> None:
    """Hold one model against the best baseline on every screen, phenotype and split, and count."""
    from pipeline_lib.artefacts.schemas import LEADERBOARD
    from pipeline_lib.artefacts.tables import read_table
    from pipeline_lib.evaluation.tables.leaderboard import write_rows
    from pipeline_lib.evaluation.tables.schemas import DIFFERENCES, NOISE_CEILING, SCOREBOARD
    from pipeline_lib.evaluation.tables.scoreboard import scoreboard_rows

    board, differences = read_table(leaderboard_path, LEADERBOARD), read_table(differences_path, DIFFERENCES)
    ceilings = read_table(ceilings_path, NOISE_CEILING)
    write_rows(scoreboard_rows(board, differences, ceilings, model), output, SCOREBOARD)


@app.command("p-values")
@evaluation_settings
@scores_option
@truth_option
@observations_option
@folder_option
@predictions_option
@click.option("--output", type=OUTPUT, required=True, help="p_values.parquet: pi0 and discovery counts.")
@click.option("--deciles", type=OUTPUT, required=True, help="Hit rates by decile of the predicted interaction.")
@click.option("--histogram", type=OUTPUT, help="Histograms of the P-values, as released and two-sided.")
@click.option("--correlations", type=OUTPUT, help="Correlation and enrichment, with intervals and tests.")
@click.option("--hits", type=OUTPUT, help="The rows that stand out in measurement or prediction.")
@click.option("--queries", type=OUTPUT, help="Hits of every query.")
@click.option("--quantiles", type=OUTPUT, help="Observed and expected quantiles of P by query, for QQ plots.")
@click.option("--points", type=OUTPUT, help="The measured rows beside their predictions, for scatter plots.")
def p_values(
    settings: EvaluationSettings,
    scores: dict[str, ScreenScores],
    truths: dict[str, Path],
    observations: Path,
    predictions_dir: Path | None,
    predictions: tuple[Path, ...],
    output: Path,
    deciles: Path,
    histogram: Path | None,
    correlations: Path | None,
    hits: Path | None,
    queries: Path | None,
    quantiles: Path | None,
    points: Path | None,
) -> None:
    """Examine the measured P-values, and hold them against predicted interactions."""
    import pandas as pd

    from pipeline_lib.artefacts.tables import write_table
    from pipeline_lib.evaluation.folds import read_truths, with_truths
    from pipeline_lib.evaluation.measurements import on_adjusted_scores, read_measurements
    from pipeline_lib.evaluation.p_values.nulls import histogram_rows, p_value_rows, quantile_rows, query_rows
    from pipeline_lib.evaluation.p_values.predicted import (
        agreement_rows,
        decile_rows,
        hit_table,
        join_predictions,
        point_table,
    )
    from pipeline_lib.evaluation.tables import schemas
    from pipeline_lib.evaluation.tables.leaderboard import empty_table, write_rows

    files = predictions_files(predictions_dir, predictions)
    data = on_adjusted_scores(with_truths(read_measurements(observations, scores=scores), read_truths(truths)))
    by_decile: list[dict[str, Any]] = []
    agreement: list[dict[str, Any]] = []
    standing_out, rows_behind = [empty_table(schemas.P_VALUE_HITS)], [empty_table(schemas.P_VALUE_POINTS)]
    with one_thread(), progress("P-values", len(files)) as advance:
        write_rows(p_value_rows(data, settings), output, schemas.P_VALUES)
        for joined in join_predictions(data, files, advance):
            by_decile += decile_rows(joined, settings)
            agreement += agreement_rows(joined, settings)
            standing_out.append(hit_table(joined))
            rows_behind.append(point_table(joined, settings))
    write_rows(by_decile, deciles, schemas.P_VALUE_DECILES)
    for rows, path, schema in (
        (histogram_rows(data), histogram, schemas.P_HISTOGRAM),
        (agreement, correlations, schemas.P_VALUE_CORRELATIONS),
        (query_rows(data), queries, schemas.P_VALUE_QUERIES),
        (quantile_rows(data), quantiles, schemas.P_VALUE_QUANTILES),
    ):
        if path is not None:
            write_rows(rows, path, schema)
    for parts, path, schema in (
        (standing_out, hits, schemas.P_VALUE_HITS),
        (rows_behind, points, schemas.P_VALUE_POINTS),
    ):
        if path is not None:
            table = pd.concat(parts[1:] or parts, ignore_index=True)
            table.attrs = {name: text for part in parts for name, text in part.attrs.items()}
            write_table(table, path, schema)


@app.command()
@evaluation_settings
@scores_option
@observations_option
@folder_option
@predictions_option
@click.option("--output", type=OUTPUT, required=True, help="calibration.parquet")
def calibration(
    settings: EvaluationSettings,
    scores: dict[str, ScreenScores],
    observations: Path,
    predictions_dir: Path | None,
    predictions: tuple[Path, ...],
    output: Path,
) -> None:
    """Check whether errors are as large as predicted SDs, before and after recalibration on the validation fold."""
    from pipeline_lib.evaluation.measurements import read_measurements
    from pipeline_lib.evaluation.tables.calibration import calibration_rows
    from pipeline_lib.evaluation.tables.leaderboard import write_rows
    from pipeline_lib.evaluation.tables.schemas import CALIBRATION

    files = predictions_files(predictions_dir, predictions)
    data = read_measurements(observations, scores=scores)
    with one_thread(), progress("calibration", len(files)) as advance:
        write_rows(calibration_rows(data, files, settings, advance), output, CALIBRATION)


@app.command("precision-recall")
@evaluation_settings
@scores_option
@truth_option
@observations_option
@folder_option
@predictions_option
@click.option("--output", type=OUTPUT, required=True, help="precision_recall.parquet: curves with intervals.")
@click.option("--queries", type=OUTPUT, required=True, help="query_precision.parquet: precision at k of every query.")
@click.option("--dango", type=OUTPUT, help="dango_scoring.parquet: tau < -0.05 at one to one, as DANGO's paper.")
def precision_recall(
    settings: EvaluationSettings,
    scores: dict[str, ScreenScores],
    truths: dict[str, Path],
    observations: Path,
    predictions_dir: Path | None,
    predictions: tuple[Path, ...],
    output: Path,
    queries: Path,
    dango: Path | None,
) -> None:
    """Hold predictions against called interactions: precision by recall, and among each query's first predictions."""
    from pipeline_lib.evaluation.folds import read_truths, with_truths
    from pipeline_lib.evaluation.measurements import read_measurements
    from pipeline_lib.evaluation.tables.leaderboard import write_rows
    from pipeline_lib.evaluation.tables.precision_recall import curve_rows, dango_rows, query_rows, scored_assays
    from pipeline_lib.evaluation.tables.schemas import DANGO_SCORING, PRECISION_RECALL, QUERY_PRECISION

    files = predictions_files(predictions_dir, predictions)
    data = with_truths(read_measurements(observations, scores=scores), read_truths(truths))
    curves: list[dict[str, Any]] = []
    firsts: list[dict[str, Any]] = []
    rebalanced: list[dict[str, Any]] = []
    with one_thread(), progress("precision and recall", len(files)) as advance:
        for scored in scored_assays(data, files, settings, advance):
            curves += curve_rows(scored, settings)
            firsts += query_rows(scored, settings)
            rebalanced += dango_rows(scored)
    write_rows(curves, output, PRECISION_RECALL)
    write_rows(firsts, queries, QUERY_PRECISION)
    if dango is not None:
        write_rows(rebalanced, dango, DANGO_SCORING)
