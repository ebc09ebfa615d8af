"""Fetch one source: try its places in order, verify, and only then put the file in its place."""

from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.archives import extract_member
from pipeline_lib.sources.catalogue import Catalogue, Source
from pipeline_lib.sources.download import Patience
from pipeline_lib.sources.file_kinds import check_content
from pipeline_lib.sources.places import MIRROR_VARIABLE, MirrorCopy, places_of
from pipeline_lib.sources.records import DEFAULT_RECORDED, Record, RecordedSums, locked, now
from pipeline_lib.sources.transfer import Digest, PlaceFailedError, digest_of

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
