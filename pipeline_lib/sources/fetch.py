"""Fetch one source: try its places in order, verify, only then put the file in its place, and keep a record."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock
from rich.console import Console

from pipeline_lib.artefacts.atomic import atomic_path, explain_os_error, read_json, write_json
from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.catalogue import Catalogue, Source
from pipeline_lib.sources.download import Digest, Patience, PlaceFailedError, digest_of
from pipeline_lib.sources.file_kinds import check_content, extract_member
from pipeline_lib.sources.upstream_file import MIRROR_VARIABLE, MirrorCopy, places_of


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


DEFAULT_ARCHIVES = Path("results/archives")


class NowhereError(Exception):
    """No place gives the file; holds one sentence a place that was tried."""

    def __init__(self, tried: list[str]) -> None:
        super().__init__("; ".join(tried))
        self.tried = tried


@dataclass(frozen=True)
class Fetcher:
    """What a fetch depends on beside the source itself.

    Parameters
    ----------
    catalogue
        Every source.
    mirror
        Folder of copies, tried first; None: straight to the network.
    recorded
        Sums recorded on first use.
    archives
        Folder that keeps fetched archives for all their members.
    patience
        Time-outs and number of attempts.
    """

    catalogue: Catalogue
    mirror: Path | None = None
    recorded: RecordedSums = field(default_factory=lambda: RecordedSums(DEFAULT_RECORDED))
    archives: Path = DEFAULT_ARCHIVES
    patience: Patience = field(default_factory=Patience)

    def fetch(self, name: str, target: Path) -> Record:
        """Bring source `name` to the file `target` and return its record.

        Raises
        ------
        PipelineError
            When no place gives the right file: names the file, every place tried and how to supply it.
        """
        source = self.catalogue[name]
        try:
            return self._from_places(name, target) if source.archive is None else self._from_archive(name, target)
        except NowhereError as nowhere:
            raise PipelineError(self._explain(name, source, nowhere.tried)) from nowhere

    def ensure(self, name: str, target: Path) -> Record:
        """Keep the file `target` where it is there and right; else fetch it.

        Raises
        ------
        PipelineError
            As `fetch`.
        """
        try:
            return self._keep(name, target) or self._from_places(name, target)
        except NowhereError as nowhere:
            raise PipelineError(self._explain(name, self.catalogue[name], nowhere.tried)) from nowhere

    def _from_places(self, name: str, target: Path) -> Record:
        """Take a source from the first place that gives the right file."""
        source = self.catalogue[name]
        tried = []
        for place in places_of(name, source, self.mirror, self.patience):
            try:
                with atomic_path(target) as temporary:
                    digest = place.take(temporary)
                    verified = self._verify(name, temporary, digest, str(place))
            except PlaceFailedError as failure:
                tried.append(f"{place} ({failure})")
                if isinstance(place, MirrorCopy) and place.path.exists():
                    _say(f"warning: {place} is not used: {failure}")
            else:
                return self._record(name, str(place), digest, verified)
        raise NowhereError(tried)

    def _from_archive(self, name: str, target: Path) -> Record:
        """Take a source that the mirror holds by itself; else out of its archive, fetched where it is not there."""
        try:
            return self._from_places(name, target)
        except NowhereError as nowhere:
            tried = nowhere.tried
        source = self.catalogue[name]
        archive, member = str(source.archive), str(source.member)
        path = self.archives / archive
        # One job fetches the archive; the others wait and find it.
        with locked(path):
            try:
                if self._keep(archive, path) is None:
                    self._from_places(archive, path)
            except NowhereError as nowhere:
                raise NowhereError([*tried, *(f"its archive: {place}" for place in nowhere.tried)]) from nowhere
        try:
            with atomic_path(target) as temporary:
                digest = extract_member(path, member, temporary, limit=source.limit)
                verified = self._verify(name, temporary, digest, f"{archive}:{member}")
        except PlaceFailedError as failure:
            raise NowhereError([*tried, f"archive {path} ({failure})"]) from failure
        return self._record(name, f"{archive}:{member}", digest, verified)

    def _keep(self, name: str, path: Path) -> Record | None:
        """Return the record of a file that is there already; None where it is not there or not right."""
        if not path.exists():
            return None
        try:
            digest = digest_of(path)
            verified = self._verify(name, path, digest, str(path))
        except PlaceFailedError as failure:
            _say(f"warning: {path} is fetched again: {failure}")
            return None
        return self._record(name, str(path), digest, verified)

    def _verify(self, name: str, path: Path, digest: Digest, place: str) -> str:
        """Return what vouches for the file; raise `PlaceFailedError` where it is not the right one."""
        source = self.catalogue[name]
        if source.bytes is not None and digest.bytes != source.bytes:
            raise PlaceFailedError(f"refused: {digest.bytes:,} bytes instead of {source.bytes:,}")
        if source.sha256 is not None:
            if digest.sha256 != source.sha256:
                raise PlaceFailedError(f"refused: sha256 {digest.sha256} instead of {source.sha256}")
            return "catalogue"
        check_content(path, name, limit=source.most_bytes)
        return "first use" if self.recorded.verify(name, digest, place) else "recorded"

    def _record(self, name: str, place: str, digest: Digest, verified: str) -> Record:
        source = self.catalogue[name]
        origin = source if source.archive is None else self.catalogue[source.archive]
        return Record(
            name=name,
            url=origin.urls[0],
            place=place,
            sha256=digest.sha256,
            bytes=digest.bytes,
            time=now(),
            verified=verified,
            licence=source.licence,
            citation=source.citation.model_dump(exclude_none=True),
            what=source.what,
        )

    def _explain(self, name: str, source: Source, tried: list[str]) -> str:
        """Return the one sentence that a user reads when a source cannot be had."""
        folder = self.mirror or Path("DIR")
        supply = f"put the file at {folder / name}"
        if source.archive is not None:
            supply += f" or its archive at {folder / source.archive}"
        if self.mirror is None:
            supply += f" and name the folder by --mirror DIR or {MIRROR_VARIABLE}=DIR"
        return (
            f"source '{name}' could not be fetched; tried: {'; '.join(tried)}. To supply it, {supply}, or run "
            f"'python -m pipeline_lib sources mirror --to DIR {name}' where there is a network."
        )


def _say(sentence: str) -> None:
    """Print one line on stderr."""
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(sentence)
