"""Keep what the suites that break things on purpose have seen, in results/reliability.json."""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NotRequired, TypedDict

import psutil
from filelock import FileLock

from pipeline_lib.artefacts.atomic import read_json, write_json

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("snakemake", "snakemake-executor-plugin-slurm", "torch", "pyarrow", "hypothesis")


class Fault(TypedDict):
    """One fault that was tried."""

    fault: str
    survived: bool
    data_lost: int
    seconds: float
    note: NotRequired[str]


def record(
    suite: str, results: Sequence[Fault], path: Path = ROOT / "results" / "reliability.json", **more: object
) -> None:
    """Replace the entry of one suite; those of the other suites stay.

    Parameters
    ----------
    suite
        Key of the entry: ``cluster``, ``faults`` or ``fuzz``.
    results
        What was tried. ``data_lost`` counts artefacts that were missing, torn or unequal after the next run.
    path
        The file; written whole or not at all, under a lock, since suites may run side by side.
    more
        Further figures of the suite, such as ``inputs_tried``.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.parent / ".reliability.lock"):
        content = read_json(path) if path.exists() else {}
        content |= {"date": now, "machine": machine()}
        content[suite] = {
            "date": now,
            "tried": len(results),
            "survived": sum(result["survived"] for result in results),
            "data_lost": sum(result["data_lost"] for result in results),
            "seconds": round(sum(result["seconds"] for result in results), 1),
            **more,
            "versions": versions(),
            "faults": [dict(result) for result in results],
        }
        write_json(content, path)


def machine() -> dict[str, object]:
    """Return what the suites ran on."""
    return {
        "system": platform.platform(),
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that matter here."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
