"""Fixtures that every part of the suite shares."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def mirror_folder() -> Path | None:
    """Return the folder of mirrored upstream files, where this machine has one."""
    named = os.environ.get("PIPELINE_MIRROR")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder if (folder / "yeast-gem" / "yeast-GEM.yml").exists() else None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Put together what the cases gave, once all workers are done."""
    if not hasattr(session.config, "workerinput") and (ROOT / "results" / "cases").is_dir():
        from tests.cases.records import merge
        from tests.cases.registry import CASES

        merge(ROOT / "results" / "cases", CASES, ROOT / "results" / "cases.json")


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the project's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Return the mirror folder; skip the test where there is none."""
    folder = mirror_folder()
    if folder is None:
        pytest.skip("no mirror of the upstream files here: set PIPELINE_MIRROR to a folder that holds them")
    return folder
