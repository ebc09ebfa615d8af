"""One Slurm, one run on it that is struck again and again, and one local run that nobody disturbs."""

import functools
import shutil
import tempfile
import time
from collections.abc import Iterator, Sized
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cluster.injection import (
    Blow,
    Freezer,
    cancel,
    let_time_run_out,
    lose_controller,
    lose_node,
    lose_snakemake,
    requeue,
    strike,
    wait_for_the_end,
)
from tests.cluster.slurm import NODES, Slurm, missing
from tests.cluster.workflow_run import LONGEST, RESULTS, Checkout, wait_until
from tests.reliability import Fault, record

PROFILE = (
    "--workflow-profile",
    "workflow/profiles/slurm",
    # Only waiting is changed, so that a test need not wait as long as a night's run may.
    "--slurm-init-seconds-before-status-checks",
    "2",
    "--latency-wait",
    "10",
)
FAULTS = {
    0: ("scancel of a fit", cancel, "CANCELLED"),
    1: ("requeue of a fit", requeue, "REQUEUED"),
    2: ("wall time of a fit that hangs", let_time_run_out, "TIMEOUT"),
    3: ("node lost under a fit", lose_node, "REQUEUED"),
}
"""What is done to the fit of each seed, and how one knows that it has happened."""


@dataclass
class Struck:
    """The run on Slurm after all faults."""

    checkout: Checkout
    returncode: int
    seconds: float
    blows: list[Blow]
    jobs: list[dict[str, str]]
    log: str = field(repr=False)


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """Return a folder that others may look into but not write, which is what munge asks for."""
    folder = Path(tempfile.mkdtemp(prefix="cluster-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def slurm(scratch: Path) -> Iterator[Slurm]:
    """Return a running Slurm with two nodes."""
    reason = missing()
    if reason:
        pytest.skip(f"no Slurm here: {reason}")
    (scratch / "slurm").mkdir()
    with Slurm(scratch / "slurm") as running:
        yield running


@pytest.fixture(scope="session")
def faults() -> Iterator[list[Fault]]:
    """Return the list that ends up in results/reliability.json."""
    tried: list[Fault] = []
    yield tried
    if tried:
        record("cluster", tried)


@pytest.fixture(scope="session")
def runs(slurm: Slurm, scratch: Path) -> Iterator[tuple[Struck, Checkout]]:
    """Return the run on Slurm after all faults, and a local run up to the leaderboard that went on beside it."""
    local, remote = (Checkout(scratch / name, slurm.environment) for name in ("local", "cluster"))
    target = f"{RESULTS}/evaluation/leaderboard.parquet"
    try:
        with local.start("--workflow-profile", "workflow/profiles/default", "--cores", "1", target) as process:
            struck = strike_run(remote, slurm)
            assert process.wait(LONGEST) == 0, local.log()
            yield struck, local
    finally:
        remote.kill_jobs()


def more_than(frozen: Sized, count: int) -> bool:
    """Tell whether another fit has been frozen."""
    return len(frozen) > count


def strike_run(checkout: Checkout, slurm: Slurm) -> Struck:
    """Run the workflow on Slurm; lose Snakemake, the controller, and the fit of each seed in another way."""
    start = time.monotonic()
    login = Blow("snakemake killed on the login node", 0)
    with checkout.start(*PROFILE) as process, Freezer(checkout, FAULTS) as freezer:
        wait_until(lambda: len(freezer.frozen) == len(NODES), "a fit on each node", checkout)
        login.seconds = -time.monotonic()
        lose_snakemake(process, slurm, checkout)
    with checkout.start("--unlock") as process:
        assert process.wait(300) == 0, checkout.log()
    login.seconds += time.monotonic()

    blows = {seed: Blow(name, seed) for seed, (name, _, _) in FAULTS.items()}
    controller = Blow("controller killed while fits run", 1)
    with checkout.start(*PROFILE) as process:
        with Freezer(checkout, FAULTS) as freezer:
            for count in range(len(FAULTS)):
                wait_until(functools.partial(more_than, freezer.frozen, count), f"a frozen fit {count}", checkout)
                seed, fit = list(freezer.frozen.items())[count]
                _, fault, _ = FAULTS[seed]
                strike(blows[seed], fit, slurm, fault)
        for seed, (_, _, state) in FAULTS.items():
            wait_for_the_end(blows[seed], state, checkout, slurm)
        controller.seconds = -time.monotonic()
        lose_controller(slurm)
        controller.seconds += time.monotonic()
        returncode = process.wait(LONGEST)
    struck = [login, *blows.values(), controller]
    return Struck(checkout, returncode, time.monotonic() - start, struck, slurm.jobs(), checkout.log())


@pytest.fixture(scope="session")
def struck(runs: tuple[Struck, Checkout]) -> Struck:
    """Return the run on Slurm."""
    return runs[0]


@pytest.fixture(scope="session")
def undisturbed(runs: tuple[Struck, Checkout]) -> Checkout:
    """Return the local run."""
    return runs[1]
