"""The faults. A fit is frozen in the middle first, so that the blow always lands there."""

import itertools
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import psutil

from tests.cluster.slurm import Slurm
from tests.cluster.workflow_run import Checkout, wait_until

EPOCH = re.compile(r"^epoch (\d+) of", re.MULTILINE)
EPOCHS_BEFORE = 3
"""Epochs that a fit has in its log when it is frozen; the checkpoint of the last but one is written by then."""


@dataclass
class Blow:
    """What was done to the fit of one seed, or to the run while that fit was in the middle."""

    fault: str
    seed: int
    job: str = ""
    seconds: float = 0.0
    attempt: list[psutil.Process] = field(default_factory=list, repr=False)


class Freezer(threading.Thread):
    """Stops the fit of each seed once, between two epochs; used in a ``with`` block."""

    def __init__(self, checkout: Checkout, seeds: Iterable[int]) -> None:
        super().__init__(daemon=True)
        self.frozen: dict[int, psutil.Process] = {}
        self._checkout, self._seeds, self._over = checkout, set(seeds), threading.Event()
        self._before: dict[psutil.Process, int] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        """Look at every fit ten times a second."""
        while not self._over.wait(0.1):
            for seed, process in self._checkout.fits().items():
                if seed in self._seeds and self._is_in_the_middle(seed, process):
                    with suppress(psutil.NoSuchProcess):
                        process.suspend()
                        self._seeds.remove(seed)
                        self.frozen[seed] = process

    def _is_in_the_middle(self, seed: int, process: psutil.Process) -> bool:
        epochs = [int(epoch) for epoch in EPOCH.findall(self._checkout.fit_log(seed))]
        # The log holds what earlier attempts said.
        before = self._before.setdefault(process, len(epochs))
        return len(epochs) > before and epochs[-1] >= EPOCHS_BEFORE


def strike(blow: Blow, process: psutil.Process, slurm: Slurm, fault: Callable[[Slurm, str], None]) -> None:
    """Do `fault` to the job of a frozen fit."""
    blow.job = process.environ()["SLURM_JOB_ID"]
    blow.attempt = [process, *itertools.takewhile(lambda parent: parent.name() != "slurmstepd", process.parents())]
    blow.seconds = -time.monotonic()
    fault(slurm, blow.job)


def wait_for_the_end(blow: Blow, state: str, checkout: Checkout, slurm: Slurm) -> None:
    """Return when the struck attempt is over: its job is in `state`, or has been started anew for ``REQUEUED``."""

    def landed() -> bool:
        job = slurm.job(blow.job)
        if state == "REQUEUED":
            return job["Restarts"] != "0" and job["JobState"] == "PENDING"
        return job["JobState"] == state

    wait_until(landed, f"{blow.fault} ({blow.job})", checkout, 300)
    blow.seconds += time.monotonic()
    # Without cgroups Slurm loses sight of a process whose parents died first; a real node kills them all.
    for member in blow.attempt:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    if state == "REQUEUED":
        # A node that is told to start a job of which it still holds a step is drained: "Duplicate jobid".
        wait_until(lambda: not slurm.steps(blow.job), f"the end of the steps of {blow.job}", checkout, 300)
        # Slurm leaves a requeued job two minutes.
        slurm.run("scontrol", "update", f"JobId={blow.job}", "StartTime=now")


def cancel(slurm: Slurm, job: str) -> None:
    """Cancel a job, as its owner or an administrator does."""
    slurm.run("scancel", job)


def requeue(slurm: Slurm, job: str) -> None:
    """Put a job back into the queue, as a preemption does."""
    slurm.run("scontrol", "requeue", job)


def let_time_run_out(slurm: Slurm, job: str) -> None:
    """Leave a job that hangs one minute; its end comes from Slurm."""
    slurm.run("scontrol", "update", f"JobId={job}", "TimeLimit=1")


def lose_node(slurm: Slurm, job: str) -> None:
    """Take the job's node down for a moment."""
    node = slurm.job(job)["NodeList"]
    slurm.run("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")
    slurm.run("scontrol", "update", f"NodeName={node}", "State=RESUME")


def lose_controller(slurm: Slurm) -> None:
    """Kill the controller and start it again; jobs go on meanwhile."""
    slurm.kill_controller()
    slurm.start_controller()
    # A job that ended after the last state that the controller saved is known to be gone when its node registers
    # next: twenty pings later, or when it is told to.
    slurm.register_nodes()


def lose_snakemake(process: subprocess.Popen[bytes], slurm: Slurm, checkout: Checkout) -> None:
    """Kill Snakemake on the login node, then do what the README says: cancel what it left in the queue."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    slurm.cancel_all()
    checkout.kill_jobs()
