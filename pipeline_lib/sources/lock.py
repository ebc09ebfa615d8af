"""The lock file of a run: every fetched source with its url, checksum, size and time."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipeline_lib.artefacts.atomic import read_json
from pipeline_lib.errors import PipelineError

_REQUIRED = ("name", "url", "sha256", "bytes", "time")


def collect_records(paths: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """Return the records of `paths` by source name, sorted.

    Raises
    ------
    PipelineError
        When a record lacks a field, or two records of one source disagree.
    """
    locked: dict[str, dict[str, Any]] = {}
    for path in paths:
        record = read_json(path)
        missing = [key for key in _REQUIRED if not isinstance(record, dict) or key not in record]
        if missing:
            raise PipelineError(f"{path} is no record of a fetched source: it lacks {', '.join(missing)}.")
        name = record["name"]
        if name in locked and locked[name]["sha256"] != record["sha256"]:
            raise PipelineError(f"{path}: two records of '{name}' disagree on its sha256; fetch it again.")
        locked[name] = record
    return dict(sorted(locked.items()))
