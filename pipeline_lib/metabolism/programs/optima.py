"""Solve a batch of knockouts one after another; what a thread or a worker process does.

This module is what the worker processes import: it stays free of pandas and of the pipeline's tables.
"""

import hashlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import highspy
import numpy as np
from numpy.typing import NDArray

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.metabolism.programs.bit_sets import BitSets, pack, unpack, words
from pipeline_lib.metabolism.programs.flux import FluxBalance, Method, Optimiser
from pipeline_lib.metabolism.programs.linear_program import ATTEMPTS, STATUSES, TOLERANCE
from pipeline_lib.metabolism.programs.moma import MinimalAdjustment
from pipeline_lib.metabolism.programs.network_reduction import ReducedNetwork


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
            reduced.stoichiometry.indptr,
            reduced.stoichiometry.indices,
            reduced.stoichiometry.data,
            reduced.lower,
            reduced.upper,
            reduced.objective,
            reduced.column,
            reduced.scale,
        ):
            content.update(np.ascontiguousarray(array).tobytes())
        return content.digest()


@dataclass(frozen=True)
class Optima:
    """The optima of k programs over n columns and m balances.

    Attributes
    ----------
    status
        int8 [k]: position in `pipeline_lib.metabolism.programs.linear_program.STATUSES`.
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


def settle_in_worker(shut: BitSets, start: NDArray[np.int8], size: int, path: Path | None) -> Optima:
    """Do `settle_once` with the optimiser of this worker process."""
    return settle_once(_worker["optimiser"], shut, start, size, path)


def worker_processes(problem: Problem, count: int) -> ProcessPoolExecutor:
    """Return an executor of `count` processes, started when first used, for `settle_in_worker` on `problem`."""
    # Spawned, not forked: the parent may hold the threads of pyarrow and polars.
    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _start_worker, (problem,))
