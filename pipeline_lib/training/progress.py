"""What a person sees while a model trains or predicts: a bar on a terminal, lines in a log."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

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
