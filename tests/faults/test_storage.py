"""Two runs at once, a full disk, a folder that cannot be written, a clock that jumps."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.equal_results import artefacts, content
from tests.faults.comparison import torn
from tests.faults.small_run import CONFIG, RUN, WatchedSnakemake, prepare
from tests.reliability import Fault

pytestmark = pytest.mark.faults

TENSORS = f"results/{RUN}/metabolism/stoichiometry.pt"
YEAR = 365 * 24 * 3600


@contextmanager
def judged(faults: list[Fault], name: str) -> Iterator[Fault]:
    """Add a fault to the tally: survived when the block ends without an error."""
    fault: Fault = {"fault": name, "survived": False, "data_lost": 0, "seconds": 0.0}
    start = time.perf_counter()
    faults.append(fault)
    try:
        yield fault
        fault["survived"] = not fault["data_lost"]
    finally:
        fault["seconds"] = round(time.perf_counter() - start, 2)


def differing(folder: Path, uninterrupted: WatchedSnakemake) -> list[str]:
    """Return the artefacts of a run that are not those of the uninterrupted one, as far as it has come."""
    theirs = artefacts(uninterrupted.folder / "results" / RUN)
    return [
        name
        for name, path in artefacts(folder / "results" / RUN).items()
        if name not in theirs or torn(path) or content(path) != content(theirs[name])
    ]


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Path:
    return prepare(root, tmp_path / "checkout")


@pytest.fixture
def mounted() -> Iterator[Callable[..., None]]:
    """Return a function that mounts a small file system; skip where this is not allowed."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    places: list[Path] = []

    def mount(place: Path, *options: str) -> None:
        place.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(place)], capture_output=True, check=False
        )
        if done.returncode:
            pytest.skip(f"mounting a small disk is not allowed here: {done.stderr.decode().strip()}")
        places.append(place)

    yield mount
    for place in places:
        subprocess.run(["umount", "-l", str(place)], check=False)


def test_a_second_run_of_the_same_results_is_refused_and_the_first_goes_on(checkout, uninterrupted, faults):
    with judged(faults, "two runs of the same results at once") as fault:
        first = WatchedSnakemake(checkout, (TENSORS,))
        while not first.running():
            assert first.process.poll() is None, first.text
            time.sleep(0.05)
        second = WatchedSnakemake(checkout, (TENSORS,))
        assert second.wait() != 0
        assert "another snakemake is at work in this folder" in second.text
        assert "Traceback" not in second.text
        assert first.wait() == 0, first.text
        assert (checkout / TENSORS).exists()
        fault["data_lost"] = len(differing(checkout, uninterrupted))
        assert fault["data_lost"] == 0


def test_two_runs_of_different_results_work_side_by_side(checkout, uninterrupted, faults):
    with judged(faults, "two different runs at once in one checkout") as fault:
        (checkout / "other.yaml").write_text((checkout / CONFIG).read_text().replace("run: faults", "run: other"))
        first = WatchedSnakemake(checkout, (TENSORS,), cores=1)
        second = WatchedSnakemake(
            checkout, ("--configfile", "other.yaml", "--", TENSORS.replace(RUN, "other")), cores=1
        )
        assert (first.wait(), second.wait()) == (0, 0), first.text + second.text
        theirs = uninterrupted.folder / TENSORS
        fault["data_lost"] = sum(
            content(checkout / path) != content(theirs) for path in (TENSORS, TENSORS.replace(RUN, "other"))
        )
        assert fault["data_lost"] == 0


def test_a_full_disk_is_one_line_and_the_run_goes_on_when_there_is_space(checkout, mounted, uninterrupted, faults):
    with judged(faults, "a full disk") as fault:
        results = checkout / "results"
        mounted(results, "size=96k")
        full = WatchedSnakemake(checkout, (TENSORS,))
        assert full.wait() != 0
        assert "the disk is full; free some space and run again" in full.text, full.text[-3000:]
        assert not [name for name, path in artefacts(results / RUN).items() if torn(path)]
        assert not list((results / RUN).rglob(".*.part-*"))
        subprocess.run(["mount", "-o", "remount,size=200m", str(results)], check=True)
        again = WatchedSnakemake(checkout, (TENSORS,))
        assert again.wait() == 0, again.text[-3000:]
        fault["data_lost"] = len(differing(checkout, uninterrupted))
        assert fault["data_lost"] == 0


def test_a_results_folder_that_cannot_be_written_is_reported_and_left_as_it_is(
    checkout, mounted, uninterrupted, faults
):
    with judged(faults, "a read-only results folder") as fault:
        results = checkout / "results"
        mounted(results, "size=200m")
        shutil.copytree(uninterrupted.folder / "results" / RUN / "tables", results / RUN / "tables")
        before = {name: content(path) for name, path in artefacts(results / RUN).items()}
        subprocess.run(["mount", "-o", "remount,ro", str(results)], check=True)
        run = WatchedSnakemake(checkout, (TENSORS,))
        assert run.wait() != 0
        assert "read-only file system" in run.text.lower(), run.text[-3000:]
        after = {name: content(path) for name, path in artefacts(results / RUN).items()}
        fault["data_lost"] = len(set(before.items()) - set(after.items()))
        assert fault["data_lost"] == 0


@pytest.fixture
def finished(uninterrupted: WatchedSnakemake, tmp_path: Path) -> Path:
    """Return a copy of the finished checkout, times of files and all."""
    return shutil.copytree(uninterrupted.folder, tmp_path / "finished", symlinks=True)


def test_a_clock_that_was_ahead_harms_nothing(finished, uninterrupted, faults):
    with judged(faults, "a clock that was a year ahead and was set right") as fault:
        table = finished / "results" / RUN / "evaluation" / "leaderboard.parquet"
        os.utime(table, (time.time() + YEAR, time.time() + YEAR))
        run = WatchedSnakemake(finished)
        assert run.wait() == 0, run.text[-3000:]
        fault["data_lost"] = len(differing(finished, uninterrupted))
        assert fault["data_lost"] == 0


def test_a_clock_that_starts_in_1970_makes_no_work(finished, faults):
    with judged(faults, "a clock that was set back to 1970"):
        for path in artefacts(finished / "results" / RUN).values():
            os.utime(path, (0, 0))
        run = WatchedSnakemake(finished, ("--dry-run",))
        assert run.wait() == 0
        assert "Nothing to be done" in run.text, run.text[-3000:]


def test_only_snakemake_is_killed_and_its_jobs_live_on(checkout, uninterrupted, faults):
    with judged(faults, "SIGKILL of Snakemake alone, its job lives on") as fault:
        run = WatchedSnakemake(checkout, (TENSORS,))
        while not any(job.rule == "metabolism" for job in run.running()):
            assert run.process.poll() is None, run.text
            time.sleep(0.05)
        os.kill(run.process.pid, signal.SIGKILL)
        again = WatchedSnakemake(checkout, (TENSORS,))
        assert again.wait() == 0, again.text[-3000:]
        run.kill()
        fault["data_lost"] = len(differing(checkout, uninterrupted))
        assert fault["data_lost"] == 0
