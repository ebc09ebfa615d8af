"""A copy of the project that a test may edit and run."""

import shutil
from pathlib import Path

COPIED = ("Snakefile", "profiles", "workflow", "config", "envs", "pipeline_lib")


def copy_project(root: Path, folder: Path) -> None:
    """Copy what a run needs from `root` to `folder`, which exists."""
    for name in COPIED:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
