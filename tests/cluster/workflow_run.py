"""A run of the workflow in a checkout of its own, and the fits that it has running."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
CONFIG = Path(__file__).with_name("cluster.yaml")
RESULTS = "results/cluster"
LONGEST = 1500.0
"""Seconds after which a run has hung, on two cores that have other work too."""


class Checkout:
    """A copy of the project.

    Parameters
    ----------
    folder
        Made by this.
    environment
        What Snakemake finds; its own checkout's library is put first.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = {**environment, "PYTHONPATH": str(folder)}
        folder.mkdir()
        for name in ("workflow", "config", "envs", "pipeline_lib"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "Snakefile", folder)
        shutil.copy(CONFIG, folder)

    @property
    def results(self) -> Path:
        """Where the run leaves its artefacts."""
        return self.folder / RESULTS

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of Snakemake on the tests' configuration."""
        return [sys.executable, "-m", "snakemake", "--configfile", CONFIG.name, *arguments]

    @contextmanager
    def start(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Start Snakemake in its own process group; what is left of the group at the end is killed."""
        with (self.folder / "snakemake.log").open("ab") as log:
            process = subprocess.Popen(
                self.command(*arguments),
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
            try:
                yield process
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def log(self) -> str:
        """Return the end of what Snakemake has said."""
        return (self.folder / "snakemake.log").read_text(errors="replace")[-6000:]

    def fit_log(self, seed: int) -> str:
        """Return what the fits of one seed have said, all attempts."""
        path = self.results / f"logs/fit/clp.random.{seed}.attempts.log"
        return path.read_text() if path.exists() else ""

    def fits(self) -> dict[int, psutil.Process]:
        """Return the running processes that fit the model in this checkout, by seed."""
        found = {}
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                words = process.cmdline()
                if words[1:5] != ["-m", "pipeline_lib", "training", "fit"] or process.cwd() != str(self.folder):
                    continue
                options = dict(zip(words[5::2], words[6::2], strict=False))
                if options["--model"] == "clp":
                    found[int(options["--seed"])] = process
        return found

    def kill_jobs(self) -> None:
        """Kill every process that works in this checkout."""
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.cwd() == str(self.folder):
                    process.kill()


def wait_until(done: Callable[[], object], what: str, checkout: Checkout, seconds: float = LONGEST) -> None:
    """Return when `done` says so; fail with the run's log when it takes too long."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen in {seconds:.0f} s:\n{checkout.log()}")
        time.sleep(0.1)
