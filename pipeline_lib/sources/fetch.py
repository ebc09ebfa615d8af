"""Fetch one source: try its places in order, verify, and only then put the file in its place."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock
from rich.console import Console

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.archives import extract_member
from pipeline_lib.sources.catalogue import Catalogue, Source
from pipeline_lib.sources.content import check_content
from pipeline_lib.sources.download import Patience
from pipeline_lib.sources.places import MIRROR_VARIABLE, Address, MirrorCopy, places_of
from pipeline_lib.sources.recorded import DEFAULT_RECORDED, RecordedSums
from pipeline_lib.sources.transfer import Digest, PlaceFailedError, digest_of

DEFAULT_ARCHIVES = Path("results/archives")


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

    def fetch(self, name: str, target: Path) -> dict[str, Any]:
        """Bring source `name` to the file `target` and return its record.

        Returns
        -------
        dict
            ``name``, ``url``, ``place`` (where this copy came from), ``sha256``, ``bytes``, ``time``, ``verified``
            (against ``catalogue``, the ``recorded`` sum, or ``first use``), ``licence``, ``citation``, ``what``.

        Raises
        ------
        PipelineError
            When no place gives the right file: names the file, every place tried and how to supply it.
        """
        source = self.catalogue[name]
        tried: list[str] = []
        for place in places_of(name, source, self.mirror, self.patience):
            try:
                with atomic_path(target) as temporary:
                    digest = place.take(temporary)
                    verified = self._verify(name, source, temporary, digest, str(place))
                return _record(name, source, source.url, place, digest, verified)
            except PlaceFailedError as failure:
                tried.append(f"{place} ({failure})")
                if isinstance(place, MirrorCopy) and place.path.exists():
                    _warn(f"{place} is not used: {failure}")
        if source.archive is not None:
            return self._fetch_member(name, source, target, tried)
        raise PipelineError(self._explain(name, source, tried))

    def _fetch_member(self, name: str, source: Source, target: Path, tried: list[str]) -> dict[str, Any]:
        """Take a source out of its archive."""
        assert source.archive is not None  # noqa: S101
        assert source.member is not None  # noqa: S101
        archive = self.archives / source.archive
        # One job fetches the archive, the others wait and find it.
        archive.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{archive}.lock"):
            self._ensure_archive(source.archive, archive)
        place = f"{source.archive}:{source.member}"
        try:
            with atomic_path(target) as temporary:
                digest = extract_member(archive, source.member, temporary, limit=source.limit)
                verified = self._verify(name, source, temporary, digest, place)
        except PlaceFailedError as failure:
            tried.append(f"archive {archive} ({failure})")
            raise PipelineError(self._explain(name, source, tried)) from failure
        return _record(name, source, self.catalogue[source.archive].url, place, digest, verified)

    def _ensure_archive(self, name: str, target: Path) -> None:
        """Fetch an archive unless it is there already and still right."""
        if target.exists():
            try:
                self._verify(name, self.catalogue[name], target, digest_of(target), str(target))
            except PlaceFailedError as failure:
                _warn(f"{target} is fetched again: {failure}")
            else:
                return
        self.fetch(name, target)

    def _verify(self, name: str, source: Source, path: Path, digest: Digest, place: str) -> str:
        """Return what vouches for the file; raise `PlaceFailedError` where it is not the right one."""
        if source.bytes is not None and digest.bytes != source.bytes:
            raise PlaceFailedError(f"refused: {digest.bytes:,} bytes instead of {source.bytes:,}")
        if source.sha256 is not None:
            if digest.sha256 != source.sha256:
                raise PlaceFailedError(f"refused: sha256 {digest.sha256} instead of {source.sha256}")
            return "catalogue"
        check_content(path, name, limit=source.most_bytes)
        return "first use" if self.recorded.verify(name, digest, place) else "recorded"

    def _explain(self, name: str, source: Source, tried: list[str]) -> str:
        """Return the one sentence that a user reads when a source cannot be had."""
        mirror = self.mirror or Path("DIR")
        supply = f"put the file at {mirror / name}"
        if source.archive is not None:
            supply += f" (or its archive at {mirror / source.archive})"
        option = "" if self.mirror is not None else f" and name the folder by --mirror DIR or {MIRROR_VARIABLE}=DIR"
        return (
            f"source '{name}' could not be fetched; tried: {'; '.join(tried) or 'no place'}. To supply it, {supply}"
            f"{option}, or run 'python -m pipeline_lib sources mirror --to DIR {name}' where there is a network."
        )


def _warn(sentence: str) -> None:
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(f"warning: {sentence}")


def _record(
    name: str, source: Source, url: str | None, place: MirrorCopy | Address | str, digest: Digest, verified: str
) -> dict[str, Any]:
    """Return what is kept about a fetched file."""
    return {
        "name": name,
        "url": url,
        "place": str(place),
        "sha256": digest.sha256,
        "bytes": digest.bytes,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "verified": verified,
        "licence": source.licence,
        "citation": source.citation.model_dump(exclude_none=True),
        "what": source.what,
    }
