"""The places that a source is looked for in, in order: the mirror folder, then its addresses."""

import os
from dataclasses import dataclass
from pathlib import Path

from pipeline_lib.config.locating import neighbour_mirror
from pipeline_lib.sources.catalogue import Source
from pipeline_lib.sources.download import Patience, download
from pipeline_lib.sources.transfer import Digest, PlaceFailedError, read_chunks, receive

MIRROR_VARIABLE = "PIPELINE_MIRROR"


def default_mirror() -> Path | None:
    """Return the folder named by ``PIPELINE_MIRROR``, else ``../shared/data`` beside the project, else None."""
    named = os.environ.get(MIRROR_VARIABLE)
    if named:
        return Path(named).expanduser()
    return neighbour_mirror()


@dataclass(frozen=True)
class MirrorCopy:
    """A copy of the file in the mirror folder; always copied, never linked to."""

    path: Path
    source: Source

    def __str__(self) -> str:
        return f"mirror copy {self.path}"

    def take(self, target: Path) -> Digest:
        """Copy the file to `target`; raise `PlaceFailedError` where it is not there or cannot be read."""
        if not self.path.exists():
            raise PlaceFailedError("not there")
        if not self.path.is_file():
            raise PlaceFailedError("not a regular file")
        total = self.path.stat().st_size
        return receive(read_chunks(self.path), target, limit=self.source.limit, label=self.path.name, total=total)


@dataclass(frozen=True)
class Address:
    """An address on the network."""

    url: str
    source: Source
    patience: Patience

    def __str__(self) -> str:
        return self.url

    def take(self, target: Path) -> Digest:
        """Download the file to `target`; raise `PlaceFailedError` where the address does not give it."""
        return download(
            self.url,
            target,
            limit=self.source.limit,
            size=self.source.bytes,
            patience=self.patience,
            allow_http=self.source.allow_http,
        )


def places_of(name: str, source: Source, mirror: Path | None, patience: Patience) -> list[MirrorCopy | Address]:
    """Return where to look for a source, in order."""
    copies = [] if mirror is None else [MirrorCopy(mirror / name, source)]
    return [*copies, *(Address(url, source, patience) for url in source.urls)]
