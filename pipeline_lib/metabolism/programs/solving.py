"""Solve many knockouts in parallel, the same whatever the number of processes, and take up where a stop left off."""

import hashlib
import queue
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.programs.optima import (
    Optima,
    Problem,
    join,
    settle_in_worker,
    settle_once,
    worker_processes,
)
from pipeline_lib.metabolism.programs.wild_type import BitSets

if TYPE_CHECKING:
    from pipeline_lib.metabolism.programs.wild_type import Optimiser

FEW = 500
"""So many programs are solved by threads (HiGHS lets go of the interpreter): to start processes takes longer."""
_BATCH = 128
_BATCH_OF_FEW = 16

Batch = tuple[BitSets, NDArray[np.int8]]
"""What each program shuts and where it starts."""


@dataclass(frozen=True)
class Executors:
    """What solves several programs at once: threads of this process for few of them, worker processes for many.

    Where both are one executor, it is one of threads, and they solve all.
    """

    threads: Executor
    workers: Executor

    @classmethod
    def one_after_another(cls) -> Self:
        """Return what solves every program in the caller's own thread."""
        here = _CallersThread()
        return cls(here, here)


class _CallersThread(Executor):
    """Does each piece of work when its result is wanted."""

    def map(self, fn: Callable[..., Any], *iterables: Iterable[Any], **_: Any) -> Iterator[Any]:  # noqa: ANN401
        """Return the results, each computed as it is taken."""
        return map(fn, *iterables)


class Solver:
    """Solves sets of programs of one problem; made by `solver_of`.

    Attributes
    ----------
    problem
        What is solved.
    solved
        Number of programs so far.
    console
        Where progress is shown.
    """

    def __init__(self, problem: Problem, executors: Executors, kept: Path | None, console: Console) -> None:
        self.problem = problem
        self.solved = 0
        self.console = console
        self._executors = executors
        self._kept = kept
        self._digest = problem.digest()
        first = problem.optimiser()
        self._basis_size = first.basis_size
        self._idle: queue.SimpleQueue[Optimiser] = queue.SimpleQueue()
        self._idle.put(first)

    def cold(self, count: int) -> NDArray[np.int8]:
        """Return `count` rows that stand for no warm start."""
        return np.full((count, self._basis_size), -1, dtype=np.int8)

    def solve(self, shut: BitSets, start: NDArray[np.int8], what: str) -> Optima:
        """Return the optima of k programs.

        Parameters
        ----------
        shut
            uint64 [k, W]: the columns that each program shuts.
        start
            int8 [k, b]: the basis that each starts from; rows of -1 start cold.
        what
            Text of the progress bar.

        Raises
        ------
        PipelineError
            When a worker process is killed.
        """
        few = len(shut) <= FEW
        size = _BATCH_OF_FEW if few else _BATCH
        batches = [(shut[at : at + size], start[at : at + size]) for at in range(0, max(len(shut), 1), size)]
        try:
            bar = track(
                self._settled(batches, few=few),
                description=what,
                total=len(batches),
                console=self.console,
                transient=True,
                disable=few,
            )
            optima = join(list(bar))
        except BrokenProcessPool as error:
            raise PipelineError(
                "a worker process of the knockouts was killed (is the memory full?); run again, with fewer processes: "
                "what was solved is kept."
            ) from error
        self.solved += len(shut)
        return optima

    def _settled(self, batches: Sequence[Batch], *, few: bool) -> Iterator[Optima]:
        """Yield the optima of the batches, in their order."""
        if few or self._executors.workers is self._executors.threads:
            yield from self._executors.threads.map(self._settle_here, batches)
        else:
            size, submit = self.problem.reduced.size, self._executors.workers.submit
            waiting = [submit(settle_in_worker, *batch, size, self._path(*batch)) for batch in batches]
            yield from (future.result() for future in waiting)

    def _settle_here(self, batch: Batch) -> Optima:
        """Solve a batch with an optimiser that no other thread uses meanwhile."""
        try:
            optimiser = self._idle.get_nowait()
        except queue.Empty:
            optimiser = self.problem.optimiser()
        try:
            return settle_once(optimiser, *batch, self.problem.reduced.size, self._path(*batch))
        finally:
            self._idle.put(optimiser)

    def _path(self, shut: BitSets, start: NDArray[np.int8]) -> Path | None:
        """Return where a batch's optima are kept: a name that stands for all that they depend on."""
        if self._kept is None:
            return None
        content = hashlib.sha256(self._digest)
        content.update(np.ascontiguousarray(shut).tobytes())
        content.update(np.ascontiguousarray(start).tobytes())
        return self._kept / f"{content.hexdigest()[:32]}.npz"


@contextmanager
def solver_of(problem: Problem, processes: int = 1, kept: Path | None = None) -> Iterator[Solver]:
    """Yield a solver of `problem`.

    Parameters
    ----------
    problem
        What is solved.
    processes
        Number of programs that are solved at once: by threads of this process where they are few, else by as many
        worker processes. With 1, everything is solved one after another in this process.
    kept
        Folder where solved batches are kept, so that a stopped run can be taken up; removed when the work ends well.
        None keeps nothing.
    """
    if processes == 1:
        yield Solver(problem, Executors.one_after_another(), kept, Console(stderr=True))
    else:
        executors = Executors(ThreadPoolExecutor(processes), worker_processes(problem, processes))
        try:
            yield Solver(problem, executors, kept, Console(stderr=True))
        finally:
            # A run that is interrupted ends after the batches at work, not after all that wait.
            executors.threads.shutdown(cancel_futures=True)
            executors.workers.shutdown(cancel_futures=True)
    _forget(kept)


@contextmanager
def threaded_solver(threads: int, kept: Path | None, console: Console, problem: Problem) -> Iterator[Solver]:
    """Yield a solver of `problem` that works with threads of this process alone.

    HiGHS lets go of the interpreter while it solves. Worker processes would import the caller's main module anew, which
    a script without a main guard and a notebook do not survive.

    Parameters
    ----------
    threads
        Number of programs that are solved at once; the result does not depend on it.
    kept
        As in `solver_of`.
    console
        Where progress is shown.
    problem
        What is solved.
    """
    if threads == 1:
        yield Solver(problem, Executors.one_after_another(), kept, console)
    else:
        with ThreadPoolExecutor(threads) as pool:
            try:
                yield Solver(problem, Executors(pool, pool), kept, console)
            finally:
                pool.shutdown(cancel_futures=True)
    _forget(kept)


def _forget(kept: Path | None) -> None:
    """Remove the solved batches of work that ended well."""
    if kept is not None:
        shutil.rmtree(kept, ignore_errors=True)
