"""Copy a stream of bytes into a file while its checksum is taken."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

CHUNK = 1 << 20


class PlaceFailedError(Exception):
    """One place does not give the file; the next place is tried. Its text is the reason."""


@dataclass(frozen=True)
class Digest:
    """What identifies a file's content."""

    sha256: str
    bytes: int


@contextmanager
def progress_bar(label: str, total: int | None) -> Iterator[Progress]:
    """Yield a progress bar on stderr with one task (id 0) that counts bytes."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        progress.add_task(label, total=total)
        yield progress


def receive(chunks: Iterable[bytes], target: Path, *, limit: int, label: str, total: int | None = None) -> Digest:
    """Write `chunks` to `target` and return their checksum.

    Parameters
    ----------
    chunks
        The content, in order.
    target
        A temporary file, overwritten.
    limit
        Number of bytes beyond which the content is refused.
    label
        Label of the progress bar.
    total
        Number of bytes expected, for the progress bar.

    Raises
    ------
    PlaceFailedError
        When there are more than `limit` bytes.
    """
    digest = hashlib.sha256()
    count = 0
    with progress_bar(label, total) as progress, target.open("wb") as file:
        for chunk in chunks:
            count += len(chunk)
            if count > limit:
                raise PlaceFailedError(f"more than {limit:,} bytes")
            digest.update(chunk)
            file.write(chunk)
            progress.update(progress.task_ids[0], completed=count)
    return Digest(digest.hexdigest(), count)


def read_chunks(path: Path) -> Iterator[bytes]:
    """Yield the content of a local file.

    Raises
    ------
    PlaceFailedError
        When the file cannot be read to its end.
    """
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except OSError as error:
        raise PlaceFailedError(f"cannot be read ({error.strerror})") from error


def digest_of(path: Path) -> Digest:
    """Return the checksum and size of a local file."""
    digest = hashlib.sha256()
    count = 0
    for chunk in read_chunks(path):
        digest.update(chunk)
        count += len(chunk)
    return Digest(digest.hexdigest(), count)
