"""What kind of file some bytes begin, whether a file is what its name announces, and one member out of an archive."""

import gzip
import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from pipeline_lib.sources.download import CHUNK, Digest, PlaceFailedError, receive

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


HEAD_BYTES = 4096
"""Bytes that are enough to name a kind."""

Holds = Literal["text", "workbook", "columns", "packed", "nothing"]


@dataclass(frozen=True)
class FileKind:
    """A kind of file.

    Attributes
    ----------
    name
        With its article, as the middle of a sentence.
    holds
        What is to be read in it: delimited text, a workbook of sheets, typed columns, another file (packed), or
        nothing that is read here.
    advice
        What to do where it cannot be read, as the end of a sentence.
    """

    name: str
    holds: Holds
    advice: str = "export the table as csv, tsv, xlsx or parquet"


TEXT = FileKind("a text file", "text")
GZIP = FileKind("a gzip file", "packed")
BZIP2 = FileKind("a bzip2 file", "packed")
XZ = FileKind("an xz file", "packed")
ZSTD = FileKind("a Zstandard file", "packed")
LZ4 = FileKind("an LZ4 file", "packed")
ZIP = FileKind("a zip archive", "packed")
XLSX = FileKind("an Excel workbook (.xlsx)", "workbook")
XLS = FileKind("an old Excel workbook (.xls)", "workbook")
ODS = FileKind("an OpenDocument spreadsheet (.ods)", "workbook")
PARQUET = FileKind("a Parquet file", "columns")
FEATHER = FileKind("a Feather (Arrow) file", "columns")
OLD_FEATHER = FileKind("a Feather file of version 1", "columns")
EMPTY = FileKind("empty", "nothing", "the file holds no rows; give the whole file")

_UNPACK = "unpack it and give the table that is inside"
_FROM_R = "write the table in R by write.csv(table, row.names = FALSE)"
_FROM_PYTHON = "write the table in Python by table.to_parquet or table.to_csv"
_R_WORKSPACES = (b"X2", b"X3", b"A2", b"A3", b"B2", b"B3")
"""Binary, text or native; of versions 2 and 3."""

_BEGINNINGS: tuple[tuple[bytes, FileKind], ...] = (
    (b"\x1f\x8b", GZIP),
    (b"BZh", BZIP2),
    (b"\xfd7zXZ\x00", XZ),
    (b"\x28\xb5\x2f\xfd", ZSTD),
    (b"\x04\x22\x4d\x18", LZ4),
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", FileKind("a zip archive without members", "nothing", "give the table itself")),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", XLS),
    (b"PAR1", PARQUET),
    (b"ARROW1\x00\x00", FEATHER),
    (b"\xff\xff\xff\xff", FileKind("a stream of Arrow record batches", "columns")),
    (b"FEA1\x00", OLD_FEATHER),
    (b"%PDF-", FileKind("a PDF document", "nothing")),
    (b"{\\rtf", FileKind("an RTF document", "nothing")),
    (b"7z\xbc\xaf\x27\x1c", FileKind("a 7-Zip archive", "nothing", _UNPACK)),
    (b"Rar!\x1a\x07", FileKind("a RAR archive", "nothing", _UNPACK)),
    (b"\x1f\x9d", FileKind("a file packed by compress (.Z)", "nothing", _UNPACK)),
    (b"SQLite format 3\x00", FileKind("an SQLite database", "nothing")),
    (b"\x89HDF\r\n\x1a\n", FileKind("an HDF5 file", "nothing")),
    (b"MATLAB 5.0", FileKind("a MATLAB file", "nothing")),
    (b"\x93NUMPY", FileKind("a numpy array", "nothing", _FROM_PYTHON)),
    *((b"RD" + way + b"\n", FileKind("an R workspace (.RData)", "nothing", _FROM_R)) for way in _R_WORKSPACES),
    (b"X\n\x00\x00\x00", FileKind("an R object (.rds)", "nothing", _FROM_R)),
    (b"<stata_dta>", FileKind("a Stata file", "nothing")),
    (b"$FL2", FileKind("an SPSS file", "nothing")),
    (b"\x89PNG", FileKind("a picture", "nothing", "give the table itself")),
    (b"\xff\xd8\xff", FileKind("a picture", "nothing", "give the table itself")),
    *((bytes([0x80, protocol]), FileKind("a Python pickle", "nothing", _FROM_PYTHON)) for protocol in range(2, 6)),
    (
        b"version https://git-lfs.github.com/spec/",
        FileKind("a pointer of Git LFS, which stands for the file itself", "nothing", "fetch the file by git lfs pull"),
    ),
)
_TAR_MARK = slice(257, 262)
_BINARY = FileKind("a binary file of a kind that is not known here", "nothing")
_SPREADSHEET_XML = FileKind(
    "an Excel 2003 XML spreadsheet", "nothing", "open it in a spreadsheet program and save it as xlsx"
)
_WEB_PAGE = FileKind(
    "a web page (HTML)", "nothing", "save the table that it shows as csv, or fetch the file again if it shows an error"
)
_WRITTEN_AS_TEXT: tuple[tuple[re.Pattern[bytes], FileKind], ...] = (
    (re.compile(rb"<\?xml.{0,400}?<(\w+:)?Workbook\b", re.DOTALL | re.IGNORECASE), _SPREADSHEET_XML),
    (
        re.compile(rb"(<!--.*?-->\s*)?<(!doctype\s+html|html|head|body|meta|table|div)\b", re.DOTALL | re.IGNORECASE),
        _WEB_PAGE,
    ),
    (re.compile(rb"<\?xml\b", re.IGNORECASE), FileKind("an XML file", "nothing")),
    (re.compile(rb"\{\s*[\"}]|\[\s*[\[{]"), FileKind("a JSON file", "nothing")),
)
_UTF8_MARK = b"\xef\xbb\xbf"
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
"""Byte-order marks of UTF-16 and UTF-32, little-endian (both begin so) and big-endian."""


def kind_of(head: bytes) -> FileKind:
    """Return the kind of the file that begins with `head` (its first `HEAD_BYTES`, fewer where it is shorter).

    A zip archive is returned as such; what its members make of it (a workbook) only its directory lists.
    """
    if not head:
        return EMPTY
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[_TAR_MARK] == b"ustar":
        return FileKind("a tar archive", "nothing", _UNPACK)
    written = head.removeprefix(_UTF8_MARK).lstrip()
    for pattern, kind in _WRITTEN_AS_TEXT:
        if pattern.match(written):
            return kind
    return _BINARY if _is_binary(head) else TEXT


def _is_binary(head: bytes) -> bool:
    """Decide whether bytes without a known beginning are no text: zeros that do not come from UTF-16 or UTF-32."""
    if b"\x00" not in head or head.startswith(_WIDE_MARKS):
        return False
    halves = (head[0::2].count(0), head[1::2].count(0))
    return min(halves) > 0 or max(halves) < len(head) // 4


_PAGE_STARTS = (b"<!doctype html", b"<html", b"<head")


def check_content(path: Path, name: str, *, limit: int) -> None:
    """Refuse a file whose content contradicts its name.

    Parameters
    ----------
    path
        The file.
    name
        The source's name; its ending announces what the content must be.
    limit
        Number of bytes beyond which a gzip file must not unfold.

    Raises
    ------
    PlaceFailedError
        When the file is a web page, or an archive that is cut or damaged.
    """
    with path.open("rb") as file:
        start = file.read(512).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(_PAGE_STARTS):
        raise PlaceFailedError("refused: it is a web page (HTML) in place of the file")
    if name.endswith((".zip", ".xlsx")):
        with open_archive(path):
            pass
    elif name.endswith(".gz"):
        _check_gzip(path, limit)


def _check_gzip(path: Path, limit: int) -> None:
    """Refuse a cut file by unfolding it once: the checksum of the content stands at its end."""
    count = 0
    try:
        with gzip.open(path) as file:
            while chunk := file.read(CHUNK):
                count += len(chunk)
                if count > limit:
                    raise PlaceFailedError(f"refused: it unfolds to more than {limit:,} bytes")
    except (OSError, EOFError, zlib.error) as error:
        raise PlaceFailedError(f"refused: it is not a whole gzip file ({error})") from error
