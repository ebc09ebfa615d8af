"""Solve many knockouts in parallel, the same whatever the number of processes, and take up where a stop left off.

This module is what the worker processes import: it stays free of pandas and of the pipeline's tables.
"""

import hashlib
import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import highspy
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.bit_sets import BitSets, pack, unpack, words
from pipeline_lib.metabolism.flux import FluxBalance, Method, Optimiser
from pipeline_lib.metabolism.linear_program import ATTEMPTS, STATUSES, TOLERANCE
from pipeline_lib.metabolism.moma import MinimalAdjustment
from pipeline_lib.metabolism.network_reduction import ReducedNetwork

FEW = 500
"""So many programs are solved here: starting workers takes longer."""
_BATCH = 128


@dataclass(frozen=True)
class Problem:
    """What is solved: the reduced network and how the cell adjusts to a deletion."""

    reduced: ReducedNetwork
    method: Method

    def optimiser(self) -> Optimiser:
        """Return the optimiser of the method."""
        return FluxBalance(self.reduced) if self.method == "fba" else MinimalAdjustment(self.reduced)

    def digest(self) -> bytes:
        """Return a hash of everything that the optima depend on beside what is shut."""
        reduced = self.reduced
        content = hashlib.sha256(f"{self.method} {TOLERANCE} {ATTEMPTS} HiGHS {highspy.Highs().version()}".encode())
        for array in (
            reduced.stoichiometry.indptr, reduced.stoichiometry.indices, reduced.stoichiometry.data,
            reduced.lower, reduced.upper, reduced.objective, reduced.column, reduced.scale,
        ):  # fmt: skip
            content.update(np.ascontiguousarray(array).tobytes())
        return content.digest()


@dataclass(frozen=True)
class Optima:
    """The optima of k programs over n columns and m balances.

    Attributes
    ----------
    status
        int8 [k]: position in `pipeline_lib.metabolism.linear_program.STATUSES`.
    growth
        float64 [k], 1/h; NaN where the solver failed.
    carried
        uint64 [k, W]: the columns that carry flux.
    basis
        int8 [k, b]: warm starts for further deletions; rows of -1 where there is none.
    """

    status: NDArray[np.int8]
    growth: NDArray[np.float64]
    carried: BitSets
    basis: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.status)


FIELDS = ("status", "growth", "carried", "basis")


def join(parts: Sequence[Optima]) -> Optima:
    """Put the optima of several batches one after another."""
    return Optima(*(np.concatenate([getattr(part, name) for part in parts]) for name in FIELDS))


def settle(optimiser: Optimiser, shut: BitSets, start: NDArray[np.int8], size: int) -> Optima:
    """Solve programs over `size` columns one by one; each depends on its own row of `start` alone."""
    status, growth = np.empty(len(shut), dtype=np.int8), np.empty(len(shut))
    carried = np.empty((len(shut), words(size)), dtype=np.uint64)
    basis = np.full((len(shut), optimiser.basis_size), -1, dtype=np.int8)
    for row, columns in enumerate(unpack(shut, size)):
        warm = start[row] if start[row, 0] >= 0 else None
        optimum = optimiser.solve(np.flatnonzero(columns).astype(np.int32), warm)
        status[row], growth[row] = STATUSES.index(optimum.status), optimum.growth
        carried[row] = pack(optimum.carried[None])[0]
        basis[row, : len(optimum.basis)] = optimum.basis
    return Optima(status, growth, carried, basis)


def settle_once(optimiser: Optimiser, shut: BitSets, start: NDArray[np.int8], size: int, path: Path | None) -> Optima:
    """Read the optima from `path` where an earlier run left them; else solve and leave them there."""
    if path is not None and path.exists():
        with np.load(path) as kept:
            return Optima(*(kept[name] for name in FIELDS))
    optima = settle(optimiser, shut, start, size)
    if path is not None:
        with atomic_path(path) as temporary, temporary.open("wb") as target:
            np.savez(target, **{name: getattr(optima, name) for name in FIELDS})
    return optima


_worker: dict[str, Optimiser] = {}


def _start_worker(problem: Problem) -> None:
    # An interrupt from the keyboard reaches the whole group; the parent decides what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker["optimiser"] = problem.optimiser()


def _end_with_parent() -> None:
    """Leave no orphan behind a parent that was killed: it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _settle_in_worker(shut: BitSets, start: NDArray[np.int8], size: int, path: Path | None) -> Optima:
    return settle_once(_worker["optimiser"], shut, start, size, path)


class Solver:
    """Solves sets of programs of one problem; made by `solver_of`.

    Attributes
    ----------
    problem
        What is solved.
    solved
        Number of programs so far.
    """

    def __init__(self, problem: Problem, executor: Executor | None, kept: Path | None) -> None:
        self.problem = problem
        self.solved = 0
        self._executor = executor
        self._kept = kept
        self._digest = problem.digest()
        self._optimiser = problem.optimiser()

    def cold(self, count: int) -> NDArray[np.int8]:
        """Return `count` rows that stand for no warm start."""
        return np.full((count, self._optimiser.basis_size), -1, dtype=np.int8)

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
        batches = [(shut[at : at + _BATCH], start[at : at + _BATCH]) for at in range(0, max(len(shut), 1), _BATCH)]
        try:
            bar = track(
                self._settled(batches, parallel=len(shut) > FEW),
                description=what,
                total=len(batches),
                console=Console(stderr=True),
                transient=True,
                disable=len(shut) <= FEW,
            )
            optima = join(list(bar))
        except BrokenProcessPool as error:
            raise PipelineError(
                "a worker process of the knockouts was killed (is the memory full?); run again, with fewer processes: "
                "what was solved is kept."
            ) from error
        self.solved += len(shut)
        return optima

    def _settled(self, batches: list[tuple[BitSets, NDArray[np.int8]]], *, parallel: bool) -> Iterator[Optima]:
        """Yield the optima of the batches, in their order."""
        size = self.problem.reduced.size
        if self._executor is None or not parallel:
            for batch in batches:
                yield settle_once(self._optimiser, *batch, size, self._path(*batch))
            return
        waiting = [self._executor.submit(_settle_in_worker, *batch, size, self._path(*batch)) for batch in batches]
        for future in waiting:
            yield future.result()

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
        Number of worker processes; with 1, everything is solved in this one.
    kept
        Folder where solved batches are kept, so that a stopped run can be taken up; removed when the work ends well.
        None keeps nothing.
    """
    if processes == 1:
        yield Solver(problem, None, kept)
    else:
        # Spawned, not forked: the parent may hold the threads of pyarrow and polars.
        context = multiprocessing.get_context("spawn")
        executor = ProcessPoolExecutor(processes, context, _start_worker, (problem,))
        try:
            yield Solver(problem, executor, kept)
        finally:
            # A run that is told to stop ends after the batches at work, not after all that wait.
            executor.shutdown(cancel_futures=True)
    if kept is not None:
        shutil.rmtree(kept, ignore_errors=True)
