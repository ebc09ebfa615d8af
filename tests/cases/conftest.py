"""A bench for every case."""

from pathlib import Path

import pytest

from tests.cases.bench import Bench
from tests.conftest import mirror_folder


@pytest.fixture
def bench(root: Path, tmp_path: Path) -> Bench:
    """Return a bench in a new folder."""
    return Bench(tmp_path, root, mirror_folder())
