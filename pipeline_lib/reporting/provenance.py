"""Where a run's numbers came from: commit, configuration, versions, hardware, seeds, sources, time of each rule."""

import hashlib
import json
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

from pipeline_lib import __version__
from pipeline_lib.artefacts.atomic import read_json
from pipeline_lib.config.loading import RunConfig

RELEVANT = (
    "cobra",
    "highspy",
    "lightning-fabric",
    "matplotlib",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "seaborn",
    "snakemake",
    "statsmodels",
    "torch",
    "torch-geometric",
    "torch-scatter",
)
"""Packages whose version can change a number; the rest are in ``all_packages``."""


def provenance(run: RunConfig, lock: Path, benchmarks: Path, project: Path) -> dict[str, Any]:
    """Collect the provenance of a run.

    Parameters
    ----------
    run
        The validated configuration.
    lock
        ``sources.lock.json``.
    benchmarks
        Folder of Snakemake's benchmark tables (one a job).
    project
        The checkout, for the commit.

    Returns
    -------
    dict
        pipeline, git, configuration, configuration_sha256, python, packages, all_packages, hardware, seeds,
        sources, rules, written.
    """
    configuration = run.model_dump(mode="json")
    canonical = json.dumps(configuration, sort_keys=True, separators=(",", ":"))
    versions = {dist.metadata["Name"].lower(): dist.version for dist in distributions() if dist.metadata["Name"]}
    return {
        "pipeline": __version__,
        "git": git_state(project),
        "configuration": configuration,
        "configuration_sha256": hashlib.sha256(canonical.encode()).hexdigest(),
        "python": platform.python_version(),
        "packages": {name: versions[name] for name in RELEVANT if name in versions},
        "all_packages": dict(sorted(versions.items())),
        "hardware": hardware(),
        "seeds": seeds(run),
        "sources": read_json(lock),
        "rules": rule_times(benchmarks),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:2]],
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def git_state(project: Path) -> dict[str, Any]:
    """Return the commit and whether the tracked files differ from it; empty outside a checkout."""

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(project), *arguments], capture_output=True, text=True, check=True, timeout=30
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip()

    commit = git("rev-parse", "HEAD")
    if commit is None:
        return {}
    return {
        "commit": commit,
        "date": git("show", "-s", "--format=%cI", "HEAD"),
        "modified": bool(git("status", "--porcelain", "--untracked-files=no")),
    }


def hardware() -> dict[str, Any]:
    """Return processor, cores, memory (GiB), GPUs and system."""
    import torch

    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return {
        "processor": _processor(),
        "cores": psutil.cpu_count(logical=True),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "gpus": gpus,
        "system": platform.platform(),
    }


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1) if found else platform.processor() or platform.machine()


def seeds(run: RunConfig) -> dict[str, Any]:
    """Return every seed of a run."""
    return {
        "splits": run.splits.seed,
        "evaluation": run.evaluation.seed,
        "simulation": {name: entry.seed for name, entry in run.simulation.items()},
        "models": sorted({seed for entry in run.grid for seed in entry.seeds}),
    }


def rule_times(benchmarks: Path) -> list[dict[str, Any]]:
    """Return seconds and peak memory (MB) of every job that Snakemake measured, the longest first."""
    rows = []
    for path in sorted(benchmarks.glob("*.tsv")):
        # Snakemake writes these without flushing them: after a power loss one may be empty or cut.
        try:
            table = pd.read_csv(path, sep="\t", na_values=["-"])
        except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError):
            continue
        if len(table) and {"s", "h:m:s", "max_rss"} <= set(table.columns) and table["h:m:s"].notna().all():
            rows.append(
                {
                    "job": path.name.removesuffix(".tsv"),
                    "seconds": round(float(table["s"].mean()), 2),
                    "peak_mb": None if table["max_rss"].isna().all() else round(float(table["max_rss"].max()), 1),
                }
            )
    return sorted(rows, key=lambda row: -row["seconds"])
