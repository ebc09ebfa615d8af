"""What the commands of the evaluation share: options, one thread for sums, and a progress bar."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline_lib.config.command_options import named_files, settings_option
from pipeline_lib.config.evaluation import EvaluationSettings
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
