"""A run that goes through every stage in a minute or two, and a Snakemake that can be watched and killed."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.project_copy import copy_project

CONFIG = "faults.yaml"
RUN = "faults"

_CONFIG = """\
base: config/quickstart.yaml
run: faults
catalogue: catalogue.yaml
mirror: mirror
simulation: {ecoli-core: {triples: 400, arrays: 40}}
networks:
  lab:
    reader: table
    files: {table: lab/edges.csv}
    columns: {source: a, target: b, weight: w}
    evidence: [physical]
    year: 2020
training: {epochs: 6, device: cpu}
evaluation: {resamples: 100}
splits: {names: [random]}
grid:
  - models: [mean, gene_ridge, fba, clp]
    splits: [random]
"""
_CATALOGUE = """\
lab/edges.csv:
  url: https://example.org/edges.csv
  licence: CC0-1.0
  citation: {paper: Someone 2020}
  what: pairs of genes
"""
_EDGES = "a,b,w\nb0008,b0114,1\nb0114,b0115,0.5\nb0116,b0118,1\nb0008,b0116,1\n"

_FLUSHES = """\
import hashlib, os, stat
_flush = os.fsync
_log = os.open(os.environ["FLUSHED"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def fsync(handle):
    _flush(handle)
    state = os.fstat(handle)
    if stat.S_ISREG(state.st_mode):
        with open(f"/proc/self/fd/{handle}", "rb") as file:
            content = hashlib.sha256(file.read()).hexdigest()
        os.write(_log, f"{state.st_ino} {content}\\n".encode())
os.fsync = fsync
"""
"""Imported by every Python of a run before anything else: keeps which files, with which content, are on the disk."""

PATIENCE = float(os.environ.get("FAULTS_PATIENCE", "1"))
"""Multiplies every time-out, for a busy machine."""


def prepare(root: Path, folder: Path) -> Path:
    """Copy the project to `folder` and add the small run to it."""
    folder.mkdir(parents=True, exist_ok=True)
    copy_project(root, folder)
    (folder / CONFIG).write_text(_CONFIG)
    (folder / "catalogue.yaml").write_text(_CATALOGUE)
    (folder / "mirror" / "lab").mkdir(parents=True)
    (folder / "mirror" / "lab" / "edges.csv").write_text(_EDGES)
    (folder / "disk").mkdir()
    (folder / "disk" / "sitecustomize.py").write_text(_FLUSHES)
    return folder


@dataclass
class Job:
    """A job as Snakemake's output tells of it; times of the monotonic clock."""

    rule: str
    start: float
    log: str = ""
    end: float | None = None

    @property
    def name(self) -> str:
        """What tells it from the other jobs of its rule."""
        return self.log or self.rule


@dataclass
class WatchedSnakemake:
    """Snakemake in a process group of its own."""

    folder: Path
    arguments: tuple[str, ...] = ()
    cores: int = 2
    jobs: dict[str, Job] = field(default_factory=dict)
    output: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": f"{self.folder / 'disk'}:{self.folder}",
            "FLUSHED": str(self.folder / "disk" / "flushed"),
        }
        command = [sys.executable, "-m", "snakemake", "--configfile", CONFIG, "--cores", str(self.cores)]
        command += ["--workflow-profile", "workflow/profiles/default", *self.arguments]
        self.process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        rule, log = "", ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output.append(line)
            if found := re.match(r"(?:local)?rule (\w+):", line):
                rule, log = found[1], ""
            elif found := re.match(r"    log: ([^ \n]+)", line):
                log = found[1]
            elif found := re.match(r"    jobid: (\d+)", line):
                self.jobs[found[1]] = Job(rule, time.monotonic(), log)
            elif (found := re.match(r"Finished jobid: (\d+)", line)) and found[1] in self.jobs:
                self.jobs[found[1]].end = time.monotonic()

    @property
    def text(self) -> str:
        return "".join(self.output)

    def running(self) -> list[Job]:
        return [job for job in list(self.jobs.values()) if job.end is None and job.rule != "default"]

    def wait(self, seconds: float = 600) -> int:
        """Wait for the end and return the status."""
        status = self.process.wait(seconds * PATIENCE)
        self._reader.join(10)
        return status

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to Snakemake and everything that it started."""
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return

    def kill(self) -> None:
        """End everything at once, as a machine that stops does."""
        self.signal_all(signal.SIGKILL)
        self.wait(60)
        until = time.monotonic() + 60 * PATIENCE
        while self.members() and time.monotonic() < until:
            time.sleep(0.02)

    def members(self) -> list[int]:
        """Return the living processes of the group."""
        found = []
        for process in psutil.process_iter(["pid", "status"]):
            try:
                if os.getpgid(process.pid) == self.process.pid and process.info["status"] != psutil.STATUS_ZOMBIE:
                    found.append(process.pid)
            except (ProcessLookupError, psutil.Error):
                continue
        return found
