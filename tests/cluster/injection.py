"""The faults: each freezes a fit in the middle, so that the blow always lands there, and then strikes."""

import itertools
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import psutil

from tests.cluster.slurm import Slurm
from tests.cluster.workflow_run import Checkout, wait_until

EPOCHS_BEFORE = 3
"""Epochs that a fit has in its log when it is struck."""


@dataclass
class Blow:
    """What was done to the fit of one seed."""

    fault: str
    seed: int
    job: str
    seconds: float


def freeze(checkout: Checkout, seed: int) -> psutil.Process:
    """Stop the fit of one seed between two epochs, and return its process."""
    wait_until(lambda: f"epoch {EPOCHS_BEFORE} of" in checkout.fit_log(seed), f"an epoch of seed {seed}", checkout)
    process = checkout.fit_process(seed)
    assert process is not None, f"seed {seed} was done before it could be struck:\n{checkout.fit_log(seed)}"
    process.suspend()
    return process


def strike(
    fault: str, seed: int, checkout: Checkout, slurm: Slurm, blow: Callable[[Slurm, str], None], over: str
) -> Blow:
    """Freeze the fit of one seed, do `blow` to its job, and wait until the job has left that attempt.

    Parameters
    ----------
    fault
        Its name.
    seed, checkout, slurm
        Which fit.
    blow
        Called with the cluster and the job's number.
    over
        The state by which one knows that the blow has landed; ``REQUEUED`` stands for a count of restarts.
    """
    start = time.monotonic()
    process = freeze(checkout, seed)
    job = process.environ()["SLURM_JOB_ID"]
    attempt = [process, *itertools.takewhile(lambda parent: parent.name() != "slurmstepd", process.parents())]
    blow(slurm, job)

    def landed() -> bool:
        told = slurm.job(job)
        return told["Restarts"] != "0" if over == "REQUEUED" else told["JobState"] == over

    wait_until(landed, f"{fault} of job {job}", checkout, 240)
    # Without cgroups Slurm loses sight of a process whose parents died first; a real node kills them all.
    for member in attempt:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    return Blow(fault, seed, job, time.monotonic() - start)


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


def lose_snakemake(process: subprocess.Popen[bytes], slurm: Slurm, checkout: Checkout) -> None:
    """Kill Snakemake on the login node, then do what the README says: cancel what it left in the queue."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    slurm.cancel_all()
    checkout.kill_jobs()
