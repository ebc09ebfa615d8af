"""A lock of the dead is removed, a lock of the living stays."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys, time
from pathlib import Path
from pipeline_lib.command_line.workflow import join_runs
print(join_runs(Path(sys.argv[1])), flush=True)
time.sleep(float(sys.argv[2]))
"""


def start(state: Path, seconds: float) -> tuple[subprocess.Popen[str], bool]:
    """Start a process that joins the runs of `state`; return it and whether it found locks in force."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(state), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    return process, process.stdout.readline().strip() == "True"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / ".snakemake"


def lock_of(state: Path) -> Path:
    """Write a lock as Snakemake does."""
    (state / "locks").mkdir(exist_ok=True)
    lock = state / "locks" / "0.output.lock"
    lock.write_text("results/quickstart/report.html\n")
    return lock


def test_a_killed_owners_lock_is_removed(state):
    owner, locked = start(state, 60)
    assert not locked
    lock = lock_of(state)
    owner.kill()
    owner.communicate()
    _, locked = start(state, 0)
    assert not locked
    assert not lock.exists()


def test_a_living_owners_lock_stays(state):
    owner, _ = start(state, 60)
    lock = lock_of(state)
    second, locked = start(state, 0)
    assert locked
    assert lock.exists()
    second.communicate()
    owner.kill()
    owner.communicate()


def test_the_lock_of_another_machine_stays(state):
    owner, _ = start(state, 0)
    owner.communicate()
    lock = lock_of(state)
    (state / "alive").write_text("another-machine")
    _, locked = start(state, 0)
    assert locked
    assert lock.exists()


def test_a_folder_that_cannot_be_written_is_left_to_snakemake(tmp_path):
    (tmp_path / "file").write_text("")
    process, locked = start(tmp_path / "file" / ".snakemake", 0)
    assert not locked
    assert process.wait(60) == 0
