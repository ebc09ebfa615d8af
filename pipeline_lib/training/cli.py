"""``python -m pipeline_lib training``: fit a model, check that it can overfit, walk through it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pipeline_lib.command_line.settings_option import SectionType, settings_option
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.training.scan_cli import merge_scan, scan

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group()
def app() -> None:
    """Fit a model on a split; overfit check; walk-through; scan of the genome."""


app.add_command(scan)
app.add_command(merge_scan)


def _inputs(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that name what a model is fitted on."""
    options: list[Callable[[Any], Any]] = [
        settings_option("training", TrainingSettings),
        click.option("--model-settings", required=True, type=SectionType("models", ModelSettings),
                     help="Section 'models' of the configuration: JSON, or the path of a run's YAML file."),
        click.option("--model", "name", required=True, help="Name out of `models list`."),
        click.option("--folds", "split", required=True, type=_FILE, help="splits/<split>.parquet"),
        click.option("--seed", type=int, default=0, show_default=True, help="Seed of weights and batches."),
        click.option("--observations", required=True, type=_FILE, help="tables/observations.parquet"),
        click.option("--genes", required=True, type=_FILE, help="tables/genes.parquet"),
        click.option("--edges", required=True, type=_FILE, help="networks/edges.parquet"),
        click.option("--stoichiometry", required=True, type=_FILE, help="metabolism/stoichiometry.pt"),
        click.option("--knockouts", type=_FILE, help="metabolism/knockouts.parquet, for the flux models."),
        click.option("--features", type=_FILE, multiple=True, help="features/<name>.parquet; repeat it."),
        click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="CPU threads."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@app.command("fit")
@_inputs
@click.option("--checkpoints", type=_FOLDER, help="Folder of checkpoints; an interrupted fit resumes from it.")
@click.option("--predictions", required=True, type=_FILE, help="Parquet to write: every observation of the split.")
@click.option("--history", required=True, type=_FILE, help="Parquet to write: epoch, fold, metric, value.")
@click.option("--metrics", required=True, type=_FILE, help="JSON to write: scores by fold and assay, seconds, memory.")
@click.option("--output", required=True, type=_FILE, help="The fitted model (.pt) to write.")
def fit(
    settings: TrainingSettings,
    model_settings: ModelSettings,
    name: str,
    split: Path,
    seed: int,
    observations: Path,
    genes: Path,
    edges: Path,
    stoichiometry: Path,
    knockouts: Path | None,
    features: tuple[Path, ...],
    threads: int,
    checkpoints: Path | None,
    predictions: Path,
    history: Path,
    metrics: Path,
    output: Path,
) -> None:
    """Fit one model on the training fold of one split and predict every observation of it."""
    from pipeline_lib.training.fit import fit_model, write_fitted
    from pipeline_lib.training.inputs import read_cell, read_split
    from pipeline_lib.training.processes import is_first_process

    cell = read_cell(genes, edges, stoichiometry, knockouts, features)
    data = read_split(observations, split, cell.genes)
    fitted = fit_model(
        name, data, cell, model_settings, settings, seed=seed, threads=threads, checkpoints=checkpoints
    )  # fmt: skip
    fitted.metrics["split"] = split.stem
    if is_first_process():
        write_fitted(
            fitted, data, cell, predictions=predictions, history=history, metrics=metrics, output=output
        )  # fmt: skip


@app.command("overfit")
@_inputs
@click.option(
    "--observations-count", type=click.IntRange(4), default=16, show_default=True, help="How many to overfit."
)
@click.option("--history", required=True, type=_FILE, help="Parquet to write: the training curve.")
@click.option("--predictions", required=True, type=_FILE, help="Parquet to write: the observations and predictions.")
@click.option("--report", required=True, type=_FILE, help="JSON to write: Pearson, RMSE, verdict.")
def overfit_command(
    settings: TrainingSettings,
    model_settings: ModelSettings,
    name: str,
    split: Path,
    seed: int,
    observations: Path,
    genes: Path,
    edges: Path,
    stoichiometry: Path,
    knockouts: Path | None,
    features: tuple[Path, ...],
    threads: int,
    observations_count: int,
    history: Path,
    predictions: Path,
    report: Path,
) -> None:
    """Overfit a handful of real observations; fail when Pearson does not pass 0.99."""
    from pipeline_lib.artefacts.atomic import write_json
    from pipeline_lib.artefacts.schemas import HISTORY, PREDICTIONS
    from pipeline_lib.artefacts.tables import write_table
    from pipeline_lib.training.inputs import read_cell, read_split
    from pipeline_lib.training.overfit import overfit, overfit_table, refuse_failure

    cell = read_cell(genes, edges, stoichiometry, knockouts, features)
    data = read_split(observations, split, cell.genes)
    fitted = overfit(
        name, data, cell, model_settings, settings, count=observations_count, seed=seed, threads=threads
    )  # fmt: skip
    write_table(fitted.history, history, HISTORY)
    write_table(overfit_table(fitted), predictions, PREDICTIONS)
    write_json(fitted.report, report)
    refuse_failure(fitted.report)


@app.command("walk-through")
@_inputs
@click.option("--output", required=True, type=_FILE, help="JSON to write.")
def walk_through_command(
    settings: TrainingSettings,
    model_settings: ModelSettings,
    name: str,
    split: Path,
    seed: int,
    observations: Path,
    genes: Path,
    edges: Path,
    stoichiometry: Path,
    knockouts: Path | None,
    features: tuple[Path, ...],
    threads: int,
    output: Path,
) -> None:
    """Take a real batch through the network method by method; fail when an invariant does not hold."""
    from pipeline_lib.artefacts.atomic import write_json
    from pipeline_lib.training.inputs import read_cell, read_split
    from pipeline_lib.training.threads import limit_threads
    from pipeline_lib.training.walk_through import refuse_failures, walk_through

    cell = read_cell(genes, edges, stoichiometry, knockouts, features)
    data = read_split(observations, split, cell.genes)
    with limit_threads(threads):
        report = walk_through(name, data, cell, model_settings, settings, seed=seed, threads=threads)
    write_json(report, output)
    refuse_failures(report)
