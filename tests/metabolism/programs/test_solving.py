"""Batches of programs: the same here and in workers, kept whole, and no process outlives its work."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
from rich.console import Console

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork
from pipeline_lib.metabolism.programs import solving
from pipeline_lib.metabolism.programs.network_reduction import reduce_network
from pipeline_lib.metabolism.programs.optima import FIELDS, Problem
from pipeline_lib.metabolism.programs.solving import solver_of
from pipeline_lib.metabolism.programs.wild_type import pack


@pytest.fixture(scope="module")
def problem(textbook_network: MetabolicNetwork) -> Problem:
    return Problem(reduce_network(textbook_network), "fba")


def one_column_each(problem: Problem) -> np.ndarray:
    return pack(np.eye(problem.reduced.size, dtype=bool))


@pytest.mark.parametrize("few", [0, 500], ids=["worker processes", "threads"])
def test_two_at_once_find_what_one_after_another_finds(
    problem: Problem, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solving, "FEW", few)
    monkeypatch.setattr(solving, "_BATCH", 16)
    shut = one_column_each(problem)
    found = []
    for processes in (1, 2):
        with solver_of(problem, processes) as solver:
            found.append(solver.solve(shut, solver.cold(len(shut)), "test"))
            assert solver.solved == len(shut)
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(found[0], name), getattr(found[1], name))


def test_kept_batches_are_named_by_all_they_depend_on(
    problem: Problem, textbook_network: MetabolicNetwork, tmp_path: Path
) -> None:
    shut = one_column_each(problem)[:4]
    richer = textbook_network.lower.copy()
    richer[textbook_network.reactions.index("EX_glc__D_e")] = -20
    changed = MetabolicNetwork(**{**textbook_network.__dict__, "lower": richer})
    names = set()
    for case in (problem, Problem(problem.reduced, "moma"), Problem(reduce_network(changed), "fba")):
        # Not left through the context's end, which would remove the folder.
        solver = solving.Solver(case, solving.Executors.one_after_another(), tmp_path, Console(stderr=True))
        solver.solve(shut, solver.cold(4), "test")
        names = {path.name for path in tmp_path.iterdir()}
    assert len(names) == 3


def test_a_worker_that_is_killed_is_reported(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solving, "FEW", 0)
    shut = one_column_each(problem)
    with solver_of(problem, 2) as solver:
        solver.solve(shut, solver.cold(len(shut)), "started")
        for child in psutil.Process().children():
            # Another test's child may end, or lie ended and not yet waited for, while it is looked at.
            with suppress(psutil.NoSuchProcess):
                if "spawn_main" in " ".join(child.cmdline()):
                    child.kill()
        with pytest.raises(PipelineError, match="a worker process of the knockouts was killed"):
            solver.solve(shut, solver.cold(len(shut)), "killed")


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        """
import time
from pipeline_lib.metabolism.programs import optima, solving
from pipeline_lib.metabolism.programs.wild_type import pack
from pipeline_lib.metabolism.model.gem import read_gem
from pipeline_lib.metabolism.model.stoichiometry import network_of
from pipeline_lib.metabolism.programs.network_reduction import reduce_network
import numpy as np

if __name__ == "__main__":
    solving.FEW = 0
    problem = optima.Problem(reduce_network(network_of(read_gem("cobra:textbook"))), "fba")
    with solving.solver_of(problem, 2) as solver:
        solver.solve(pack(np.eye(problem.reduced.size, dtype=bool)), solver.cold(problem.reduced.size), "work")
        print("solved", flush=True)
        time.sleep(60)
"""
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "solved\n"
        workers = psutil.Process(parent.pid).children(recursive=True)
        assert len(workers) >= 1
        os.kill(parent.pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.1)
