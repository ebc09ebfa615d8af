"""What is kept about a fetched file: its record, the lock file of a run, and checksums trusted on first use."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from pipeline_lib.artefacts.atomic import explain_os_error, read_json, write_json
from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.transfer import Digest, PlaceFailedError, digest_of


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock ``<path>.lock``; the system frees it when the process dies.

    Raises
    ------
    PipelineError
        When the folder cannot be written.
    """
    lock = FileLock(f"{path}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise explain_os_error(error, Path(lock.lock_file)) from error
    try:
        yield
    finally:
        lock.release()


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


def collect_records(paths: Iterable[Path], own: Iterable[Path] = ()) -> dict[str, dict[str, Any]]:
    """Return the content of a lock file: every file that a run reads, by name, sorted.

    Parameters
    ----------
    paths
        Records of fetched sources.
    own
        Files of the user; each is listed under its path, with sha256, bytes and the time at which it was read.

    Raises
    ------
    PipelineError
        When a record lacks a field, two records of one source disagree, or a file of the user cannot be read.
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
    for path in own:
        try:
            locked[str(path)] = {
                "path": str(path),
                **asdict(digest_of(path)),
                "time": now(),
                "what": "file of the user",
            }
        except (PlaceFailedError, OSError) as error:
            raise PipelineError(f"{path}, a file that the run reads, is not there any more ({error}).") from error
    return dict(sorted(locked.items()))


def _all_records(paths: Iterable[Path]) -> Iterator[tuple[Path, Any]]:
    """Yield every record with its file: one of a source, a list of a collection."""
    for path in paths:
        content = read_json(path)
        for record in content if isinstance(content, list) else [content]:
            yield path, record


DEFAULT_RECORDED = Path("results/sources.recorded.json")


class RecordedSums:
    """The file of sums recorded on first use; safe when many jobs use it at once.

    Parameters
    ----------
    path
        JSON: source name to ``sha256``, ``bytes``, ``place`` and ``time`` of the first use.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, dict[str, object]]:
        """Return every recorded sum.

        Raises
        ------
        PipelineError
            When the file is not a mapping.
        """
        if not self.path.exists():
            return {}
        content = read_json(self.path)
        if not isinstance(content, dict) or not all(isinstance(entry, dict) for entry in content.values()):
            raise PipelineError(f"{self.path} does not hold recorded checksums; move it away and run again.")
        return content

    def verify(self, name: str, digest: Digest, place: str) -> bool:
        """Hold `digest` against the sum of the first use, or record it when this is the first.

        Returns
        -------
        bool
            Whether this was the first use.

        Raises
        ------
        PlaceFailedError
            When the file is not the one of the first use.
        """
        with locked(self.path):
            known = self.read()
            first = known.get(name)
            if first is None:
                entry = {**asdict(digest), "place": place, "time": now()}
                write_json(dict(sorted({**known, name: entry}.items())), self.path)
                return True
        if first.get("sha256") != digest.sha256:
            raise PlaceFailedError(
                f"refused: sha256 {digest.sha256} instead of {first.get('sha256')}, recorded on first use "
                f"({first.get('time')}, {first.get('place')}); if the new file is right, delete the entry '{name}' "
                f"of {self.path}"
            )
        return False
