"""One Slurm, one run on it that is struck again and again, and one local run that nobody disturbs."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cluster.injection import (
    Blow,
    cancel,
    let_time_run_out,
    lose_controller,
    lose_node,
    lose_snakemake,
    requeue,
    strike,
)
from tests.cluster.slurm import Slurm, missing
from tests.cluster.workflow_run import LONGEST, RESULTS, Checkout, wait_until
from tests.reliability import Fault, record

PROFILE = (
    "--workflow-profile", "workflow/profiles/slurm",
    # Only waiting is changed, so that a test need not wait as long as a night's run may.
    "--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "10",
)  # fmt: skip


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
    local = Checkout(scratch / "local", slurm.environment)
    target = f"{RESULTS}/evaluation/leaderboard.parquet"
    with local.start("--workflow-profile", "workflow/profiles/default", "--cores", "1", target) as process:
        struck = strike_run(Checkout(scratch / "cluster", slurm.environment), slurm)
        assert process.wait(LONGEST) == 0, local.log()
        yield struck, local


def strike_run(checkout: Checkout, slurm: Slurm) -> Struck:
    """Run the workflow on Slurm; lose Snakemake, the controller, and the fit of each seed in another way."""
    start = time.monotonic()
    blows = []
    with checkout.start(*PROFILE) as process:
        wait_until(lambda: "epoch 2 of" in checkout.fit_log(0), "an epoch of seed 0", checkout)
        before = time.monotonic()
        lose_snakemake(process, slurm, checkout)
        blows.append(Blow("snakemake killed on the login node", 0, "", time.monotonic() - before))
    with checkout.start("--unlock") as process:
        assert process.wait(300) == 0, checkout.log()
    with checkout.start(*PROFILE) as process:
        blows.append(strike("scancel of a fit", 0, checkout, slurm, cancel, "CANCELLED"))
        before = time.monotonic()
        lose_controller(slurm)
        blows.append(Blow("controller killed", 1, "", time.monotonic() - before))
        blows.append(strike("requeue of a fit", 1, checkout, slurm, requeue, "REQUEUED"))
        blows.append(strike("wall time of a fit that hangs", 2, checkout, slurm, let_time_run_out, "TIMEOUT"))
        blows.append(strike("node lost under a fit", 3, checkout, slurm, lose_node, "REQUEUED"))
        returncode = process.wait(LONGEST)
    return Struck(checkout, returncode, time.monotonic() - start, blows, slurm.jobs(), checkout.log())


@pytest.fixture(scope="session")
def struck(runs: tuple[Struck, Checkout]) -> Struck:
    """Return the run on Slurm."""
    return runs[0]


@pytest.fixture(scope="session")
def undisturbed(runs: tuple[Struck, Checkout]) -> Checkout:
    """Return the local run."""
    return runs[1]
