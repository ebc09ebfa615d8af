"""What a person sees while a model trains or predicts: a bar on a terminal, lines in a log."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

SECONDS_A_LINE = 30.0


class TrainingBar:
    """Loss, validation Pearson and observations a second, on stderr."""

    def __init__(self, epochs: int, steps: int, *, visible: bool = True) -> None:
        console = Console(stderr=True)
        self._log = console if visible and not console.is_terminal else None
        self._epochs = epochs
        self._progress = Progress(
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]:.4f}  Pearson {task.fields[pearson]:.4f}  {task.fields[rate]:,.0f}/s"),
            TimeRemainingColumn(),
            console=console,
            disable=not (visible and console.is_terminal),
        )
        self._task = self._progress.add_task(
            "training", total=epochs * steps, epoch=0, epochs=epochs, loss=float("nan"), pearson=float("nan"), rate=0.0
        )
        self._start, self._seen, self._epoch, self._rate = time.perf_counter(), 0, 0, 0.0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

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

    def _print(self, line: str) -> None:
        if self._log is not None:
            self._log.print(line, highlight=False, soft_wrap=True)


class PredictionBar:
    """Genotypes predicted so far, their rate and the time that is left, on stderr.

    Parameters
    ----------
    total
        Number of genotypes to predict.
    """

    def __init__(self, total: int) -> None:
        console = Console(stderr=True)
        self._log = None if console.is_terminal else console
        self._progress = Progress(
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} genotypes"),
            BarColumn(),
            TextColumn("{task.fields[rate]:,.0f}/s"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("predict", total=total, rate=0.0)
        self._total, self._done = total, 0
        self._start = self._last_line = time.perf_counter()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def advance(self, genotypes: int) -> None:
        """Count predicted genotypes."""
        self._done += genotypes
        now = time.perf_counter()
        rate = self._done / max(now - self._start, 1e-9)
        self._progress.update(self._task, completed=self._done, rate=rate)
        if self._log is not None and now - self._last_line >= SECONDS_A_LINE:
            self._last_line = now
            line = f"{self._done:,} of {self._total:,} genotypes, {rate:,.0f}/s"
            self._log.print(line, highlight=False, soft_wrap=True)
