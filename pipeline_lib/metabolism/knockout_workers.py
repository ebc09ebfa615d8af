"""Worker processes that solve batches of knockouts and end when their parent does."""

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.metabolism.bit_sets import BitSets
from pipeline_lib.metabolism.flux import Optimiser
from pipeline_lib.metabolism.optima import Optima, Problem, settle_once

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
