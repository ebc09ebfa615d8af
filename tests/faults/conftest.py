"""An uninterrupted run that the others are held against, and the tally of what was tried."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.small_run import RUN, WatchedSnakemake, prepare
from tests.reliability import Fault, record


@pytest.fixture(scope="session")
def faults() -> Iterator[list[Fault]]:
    """Collect what was tried, and keep it in results/reliability.json."""
    found: list[Fault] = []
    yield found
    if found:
        record("faults", found)


@pytest.fixture(scope="session")
def uninterrupted(root: Path, tmp_path_factory: pytest.TempPathFactory) -> WatchedSnakemake:
    """Return a run from start to end, which nothing disturbs."""
    given = os.environ.get("FAULTS_BASE")
    folder = Path(given) if given else tmp_path_factory.mktemp("uninterrupted")
    if not (folder / "Snakefile").exists():
        folder.mkdir(exist_ok=True)
        prepare(root, folder)
    run = WatchedSnakemake(folder)
    assert run.wait(1200) == 0, run.text[-3000:]
    assert (folder / "results" / RUN / "report.html").exists()
    return run
