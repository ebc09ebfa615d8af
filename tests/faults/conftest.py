"""An uninterrupted run that the others are held against, and the tally of what was tried."""

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
    folder = prepare(root, tmp_path_factory.mktemp("uninterrupted"))
    run = WatchedSnakemake(folder)
    assert run.wait(1200) == 0, run.text[-3000:]
    assert (folder / "results" / RUN / "report.html").exists()
    return run
