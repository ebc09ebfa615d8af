"""Keep a fit's state after every epoch, so that an interrupted one goes on, and show a person how far it is."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

from pipeline_lib.artefacts.tables import load_tensors, save_tensors, update_digest
from pipeline_lib.config.model_registry import entry_of
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.interface import Cell
from pipeline_lib.training.fitted_model import SplitData


class Checkpoint(Protocol):
    """Where the state of a fit is kept between epochs."""

    def save(self, content: Mapping[str, Any]) -> None:
        """Keep the state."""
        ...

    def load(self) -> dict[str, Any]:
        """Return the state that was kept last; nothing where there is none."""
        ...


class NoCheckpoint:
    """Keeps nothing: an interrupted fit starts anew."""

    def save(self, content: Mapping[str, Any]) -> None:
        """Keep nothing."""

    def load(self) -> dict[str, Any]:
        """Return nothing."""
        return {}


@dataclass(frozen=True)
class CheckpointFile:
    """Keeps the state in a file, which is always whole.

    Attributes
    ----------
    path
        The file.
    """

    path: Path

    def save(self, content: Mapping[str, Any]) -> None:
        """Put the state in the place of the last one."""
        save_tensors(content, self.path)

    def load(self) -> dict[str, Any]:
        """Return the state that was kept last; nothing where there is no file."""
        return load_tensors(self.path) if self.path.exists() else {}


def checkpoint_path(folder: Path, key: Mapping[str, Any]) -> Path:
    """Return where a fit keeps its state: one file for each distinct `key` (plain JSON values).

    A changed setting changes the path, so that nothing resumes from weights of another configuration.
    """
    text = json.dumps(key, sort_keys=True, default=str)
    return folder / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.pt"


def random_state(device: torch.device) -> dict[str, torch.Tensor]:
    """Return the state of torch's generators."""
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def restore_random_state(state: Mapping[str, torch.Tensor], device: torch.device) -> None:
    """Set torch's generators back to `state`."""
    torch.set_rng_state(state["cpu"].cpu())
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"].cpu(), device)


def fit_folder(
    checkpoints: Path,
    name: str,
    data: SplitData,
    cell: Cell,
    model_settings: ModelSettings,
    training: TrainingSettings,
    seed: int,
) -> Path:
    """Return the folder below `checkpoints` that belongs to this fit alone.

    Its name is a hash of the model, every setting, the seed, the observations with their folds, and the cell: another
    split, a data update or a changed setting starts from nothing, whatever a model calls its files.
    """
    digest = hashlib.sha256(f"{name} {entry_of(name).overrides} {seed}".encode())
    for settings in (model_settings, training):
        digest.update(settings.model_dump_json().encode())
    for field in fields(data.genotypes):
        update_digest(digest, getattr(data.genotypes, field.name))
    update_digest(digest, data.fold)
    for part in (cell.genes, cell.edges, cell.stoichiometry, cell.knockouts, cell.features):
        update_digest(digest, part)
    return checkpoints / digest.hexdigest()[:24]


SECONDS_A_LINE = 30.0
"""Time between two lines of a log."""


class _Bar:
    """A bar on stderr where that is a terminal, lines where it is a log; neither where it is not to be visible."""

    def __init__(self, *columns: ProgressColumn, visible: bool = True, transient: bool = False) -> None:
        console = Console(stderr=True)
        self._log = Console(stderr=True, quiet=console.is_terminal or not visible)
        is_bar = visible and console.is_terminal
        self._progress = Progress(*columns, console=console, transient=transient, disable=not is_bar)
        self._start = time.perf_counter()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def _print(self, line: str) -> None:
        self._log.print(line, highlight=False, soft_wrap=True)


class TrainingBar(_Bar):
    """Loss, validation Pearson and observations a second, on stderr."""

    def __init__(self, epochs: int, steps: int, *, visible: bool = True) -> None:
        super().__init__(
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]:.4f}  Pearson {task.fields[pearson]:.4f}  {task.fields[rate]:,.0f}/s"),
            TimeRemainingColumn(),
            visible=visible,
        )
        self._epochs = epochs
        self._task = self._progress.add_task(
            "training", total=epochs * steps, epoch=0, epochs=epochs, loss=float("nan"), pearson=float("nan"), rate=0.0
        )
        self._seen, self._epoch, self._rate = 0, 0, 0.0

    def resume(self, steps: int, epoch: int) -> None:
        """Count the steps of a resumed fit as done."""
        self._progress.update(self._task, completed=steps, epoch=epoch)
        if epoch:
            self._print(f"resumed after epoch {epoch} of {self._epochs}")

    def step(self, observations: int, epoch: int) -> None:
        """Count one optimisation step."""
        self._seen += observations
        self._epoch, self._rate = epoch, self._seen / (time.perf_counter() - self._start)
        self._progress.update(self._task, advance=1, epoch=epoch, rate=self._rate)

    def epoch(self, loss: float, pearson: float) -> None:
        """Show an epoch's figures."""
        self._progress.update(self._task, loss=loss, pearson=pearson)
        self._print(
            f"epoch {self._epoch} of {self._epochs}: loss {loss:.4f}, Pearson {pearson:.4f}, {self._rate:,.0f}/s"
        )


class PredictionBar(_Bar):
    """Genotypes predicted so far, their rate and the time that is left, on stderr.

    Parameters
    ----------
    total
        Number of genotypes to predict.
    """

    def __init__(self, total: int) -> None:
        super().__init__(
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} genotypes"),
            BarColumn(),
            TextColumn("{task.fields[rate]:,.0f}/s"),
            TimeRemainingColumn(),
            transient=True,
        )
        self._task = self._progress.add_task("predict", total=total, rate=0.0)
        self._total, self._done = total, 0
        self._last_line = self._start

    def advance(self, genotypes: int) -> None:
        """Count predicted genotypes."""
        self._done += genotypes
        now = time.perf_counter()
        rate = self._done / max(now - self._start, 1e-9)
        self._progress.update(self._task, completed=self._done, rate=rate)
        if now - self._last_line >= SECONDS_A_LINE:
            self._last_line = now
            self._print(f"{self._done:,} of {self._total:,} genotypes, {rate:,.0f}/s")
