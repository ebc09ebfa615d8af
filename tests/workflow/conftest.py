"""Run Snakemake as a user does, in the checkout or in a copy of it."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.project_copy import copy_project


@pytest.fixture
def snakemake(root: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs Snakemake; it captures both streams and never raises."""

    def run(*arguments: str, cwd: Path = root, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(cwd), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    return run


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Path:
    """Return a copy of the project in which a test may edit code and run."""
    copy_project(root, tmp_path)
    return tmp_path


def rules_of(output: str) -> dict[str, int]:
    """Return how often each rule would run, out of a dry run's job table."""
    table = re.search(r"^job\s+count\n-+\s+-+\n(.*?)\n\s*\n", output, re.MULTILINE | re.DOTALL)
    if table is None:
        return {}
    rows = (line.split() for line in table.group(1).splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[0] != "total"}
