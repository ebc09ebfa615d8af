"""What is kept about a fetched file, and the lock file of a run."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline_lib.artefacts.atomic import read_json, write_json
from pipeline_lib.errors import PipelineError


def now() -> str:
    """Return the time of day in UTC, as ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Record:
    """A fetched file."""

    name: str
    """Name in the catalogue."""
    url: str
    """First upstream address; of an archive's member, that of the archive."""
    place: str
    """Where this copy came from: the mirror, an address, or a member of an archive."""
    sha256: str
    """Checksum of the file."""
    bytes: int
    """Size of the file."""
    time: str
    """When it was fetched."""
    verified: str
    """What vouches for the checksum: ``catalogue``, ``recorded`` (an earlier use) or ``first use``."""
    licence: str
    """Licence as its host states it."""
    citation: dict[str, str]
    """Paper and digital object identifiers to cite."""
    what: str
    """What the file holds."""

    def write(self, path: Path) -> None:
        """Write the record as JSON."""
        write_json(asdict(self), path)


def collect_records(paths: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """Return the records of `paths` by source name, sorted: the content of a lock file.

    Raises
    ------
    PipelineError
        When a record lacks a field, or two records of one source disagree.
    """
    locked: dict[str, dict[str, Any]] = {}
    for path, record in _all_records(paths):
        missing = [f.name for f in fields(Record) if not isinstance(record, dict) or f.name not in record]
        if missing:
            raise PipelineError(f"{path} is no record of a fetched source: it lacks {', '.join(missing)}.")
        name = record["name"]
        if name in locked and locked[name]["sha256"] != record["sha256"]:
            raise PipelineError(f"{path}: two records of '{name}' disagree on its sha256; fetch it again.")
        locked[name] = record
    return dict(sorted(locked.items()))


def _all_records(paths: Iterable[Path]) -> Iterator[tuple[Path, Any]]:
    """Yield every record with its file: one of a source, a list of a collection."""
    for path in paths:
        content = read_json(path)
        for record in content if isinstance(content, list) else [content]:
            yield path, record
