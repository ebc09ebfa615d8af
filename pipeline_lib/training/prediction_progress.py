"""What a person sees while genotypes are predicted: a bar on a terminal, a line now and then in a log."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

SECONDS_A_LINE = 30.0


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
        self._start = self._announced = time.perf_counter()

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
        if self._log is not None and now - self._announced >= SECONDS_A_LINE:
            self._announced = now
            line = f"{self._done:,} of {self._total:,} genotypes, {rate:,.0f}/s"
            self._log.print(line, highlight=False, soft_wrap=True)
