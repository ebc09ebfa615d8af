"""Take one member out of a zip archive without trusting the archive."""

import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from pipeline_lib.sources.transfer import CHUNK, Digest, PlaceFailedError, receive

MOST_EXPANSION = 200
"""Bytes out for one byte in: tables of text reach 5 to 20, a zip bomb a thousand."""

_ROOTED = re.compile(r"[/\\]|[A-Za-z]:[/\\]")

ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
)
"""What `zipfile` raises on a damaged or hostile archive, beside what it documents."""


def _ends_with(path: str, member: str) -> bool:
    """Tell whether `path` is a file whose path ends with `member`, folder by folder."""
    if path.endswith("/"):
        return False
    parts, wanted = PurePosixPath(path).parts, PurePosixPath(member).parts
    return parts[-len(wanted) :] == wanted


def find_member(archive: zipfile.ZipFile, member: str) -> zipfile.ZipInfo:
    """Return the one file of `archive` whose path ends with `member`.

    Raises
    ------
    PlaceFailedError
        When there is none, there are several, its path leaves the archive, or it is a link or encrypted.
    """
    found = [info for info in archive.infolist() if _ends_with(info.filename, member)]
    # Archives made on a Mac carry a shadow of every file in this folder.
    found = [info for info in found if not info.filename.startswith("__MACOSX/")]
    if len(found) != 1:
        held = ", ".join(repr(info.filename) for info in archive.infolist()[:5])
        raise PlaceFailedError(f"holds {len(found)} files named '{member}' (it starts with {held})")
    info = found[0]
    parts = PurePosixPath(info.filename.replace("\\", "/")).parts
    # A colon is no drive letter by itself: Costanzo 2016 has one in the name of a folder.
    if _ROOTED.match(info.filename) or ".." in parts:
        raise PlaceFailedError(f"refused: its member {info.filename!r} leads out of the archive")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise PlaceFailedError(f"refused: its member {info.filename!r} is a symbolic link")
    if info.flag_bits & 0x1:
        raise PlaceFailedError(f"refused: its member {info.filename!r} is encrypted")
    return info


def _refuse_bombs(info: zipfile.ZipInfo, limit: int) -> None:
    if info.file_size > limit:
        raise PlaceFailedError(f"refused: its member {info.filename!r} unfolds to {info.file_size:,} bytes")
    if info.file_size > MOST_EXPANSION * max(info.compress_size, 1024):
        times = info.file_size / max(info.compress_size, 1)
        raise PlaceFailedError(f"refused: its member {info.filename!r} unfolds {times:,.0f}-fold, as a zip bomb does")


def _unfold(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the member's content; zipfile checks its CRC at the end."""
    try:
        with archive.open(info) as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except ZIP_FAULTS as error:
        raise PlaceFailedError(f"its member {info.filename!r} is damaged ({error})") from error


@contextmanager
def open_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive; its table of contents stands at its end, so a cut one is noticed.

    Raises
    ------
    PlaceFailedError
        When the file is no whole zip archive.
    """
    try:
        archive = zipfile.ZipFile(path)
    except ZIP_FAULTS as error:
        raise PlaceFailedError(f"refused: it is not a whole zip archive ({error})") from error
    with archive:
        yield archive


def extract_member(path: Path, member: str, target: Path, *, limit: int) -> Digest:
    """Write one member of the archive `path` to the temporary file `target`.

    The archive's own paths name nothing on the disk: only `target` is written.

    Raises
    ------
    PlaceFailedError
        When the archive is damaged, lacks the member, or the member is a link, encrypted, or a bomb.
    """
    with open_archive(path) as archive:
        info = find_member(archive, member)
        _refuse_bombs(info, limit)
        chunks = _unfold(archive, info)
        return receive(chunks, target, limit=min(limit, info.file_size), label=member, total=info.file_size)
