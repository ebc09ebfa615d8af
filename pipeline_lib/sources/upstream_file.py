"""Where a source is looked for, in order, and how its file is opened as the bytes of its table."""

import bz2
import gzip
import io
import lzma
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import pyarrow as pa

from pipeline_lib.config.section import neighbour_mirror
from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.catalogue import Source
from pipeline_lib.sources.download import Digest, Patience, PlaceFailedError, download, read_chunks, receive
from pipeline_lib.sources.file_kinds import (
    BZIP2,
    GZIP,
    HEAD_BYTES,
    LZ4,
    ODS,
    XLSX,
    XZ,
    ZIP,
    ZSTD,
    FileKind,
    kind_of,
)

_BUFFER = 1 << 20
_DEEPEST = 3
"""Packings inside each other that are undone (a csv in a gzip in a zip archive); more are a mistake or malice."""

_ENCRYPTED = 0x1
_SYSTEM_FOLDERS = ("__MACOSX/",)
_SYSTEM_FILES = {".DS_Store", "Thumbs.db", "desktop.ini"}
"""Members of zip archives that an operating system puts there beside the user's file."""

_DAMAGE = (EOFError, OSError, RuntimeError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
"""What the unpacking libraries raise on bytes that are not what they should be (RuntimeError: a method not known)."""


@dataclass(frozen=True)
class Upstream:
    """An opened upstream file.

    Attributes
    ----------
    kind
        What the bytes are, once unpacked.
    stream
        The bytes, from their beginning.
    packed
        Whether they come out of a packing, so that their number is not known.
    """

    kind: FileKind
    stream: io.BufferedReader
    packed: bool


@contextmanager
def open_upstream(path: Path) -> Iterator[Upstream]:
    """Open `path` for reading bytes.

    Its kind is that of its first bytes; the suffix of its name does not matter. Packings (gzip, zip with one member,
    bzip2, xz, Zstandard, LZ4) are undone, one inside the other too.

    Raises
    ------
    PipelineError
        When the file is missing, a folder, damaged, packed with several members, or of a kind that is not read.
    """
    if path.is_dir():
        raise PipelineError(f"{path} is a folder; give the path of the file in it.")
    if not path.is_file():
        raise PipelineError(f"{path} does not exist; fetch it or give its path.")
    try:
        file = cast("io.BufferedReader", path.open("rb", buffering=_BUFFER))
    except OSError as error:
        raise PipelineError(
            f"{path} cannot be opened ({error.strerror}); give yourself the right to read it."
        ) from error
    with file:
        stream = file
        for depth in range(_DEEPEST + 1):
            kind = kind_of(stream.peek(HEAD_BYTES)[:HEAD_BYTES])
            if kind is ZIP:
                archive, stream = _archive(stream, path)
                kind = _kind_of_archive(archive)
            if kind.holds == "nothing":
                inside = ", once unpacked," if depth else ""
                raise PipelineError(f"{path} is{inside} {kind.name}; {kind.advice}.")
            if kind.holds != "packed":
                yield Upstream(kind, stream, packed=depth > 0)
                return
            unpacked = _only_member(archive, path) if kind is ZIP else _unpacked(kind, stream)
            stream = io.BufferedReader(_Checked(unpacked, kind, path), _BUFFER)
    raise PipelineError(f"{path} is packed more than {_DEEPEST} times over; give the table that is inside.")


def _unpacked(kind: FileKind, stream: io.BufferedReader) -> "_Bytes":
    if kind is GZIP:
        return gzip.GzipFile(fileobj=stream)
    if kind is BZIP2:
        return bz2.open(stream)
    if kind is XZ:
        return lzma.open(stream)
    return cast("_Bytes", pa.CompressedInputStream(stream, {ZSTD: "zstd", LZ4: "lz4"}[kind]))


def _archive(stream: io.BufferedReader, path: Path) -> tuple[zipfile.ZipFile, io.BufferedReader]:
    """Return the directory of a zip archive, and the archive's bytes from their beginning."""
    whole = stream
    if not stream.seekable():
        whole = cast("io.BufferedReader", io.BufferedReader(cast("io.RawIOBase", io.BytesIO(stream.read()))))
    try:
        archive = zipfile.ZipFile(whole)
    except (*_DAMAGE, ValueError, NotImplementedError) as error:
        # Workbooks are zip archives too: which it was only the lost directory would say.
        raise PipelineError(_damaged(path, FileKind("a zip archive or a workbook", "packed"), error)) from error
    whole.seek(0)
    return archive, whole


def _kind_of_archive(archive: zipfile.ZipFile) -> FileKind:
    """Return what the members of a zip archive make of it."""
    names = archive.namelist()
    folders = {name.partition("/")[0] for name in names}
    if "[Content_Types].xml" in names and "xl" in folders:
        return XLSX
    for folder, what in (("word", "a Word document"), ("ppt", "a PowerPoint presentation")):
        if "[Content_Types].xml" in names and folder in folders:
            return FileKind(what, "nothing", "copy the table into a spreadsheet and save it as xlsx or csv")
    if "mimetype" in names and "content.xml" in names:
        return ODS
    return ZIP


def _only_member(archive: zipfile.ZipFile, path: Path) -> "_Bytes":
    """Return the bytes of the one member of a zip archive."""
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir()
        and not member.filename.startswith(_SYSTEM_FOLDERS)
        and member.filename.rpartition("/")[2] not in _SYSTEM_FILES
    ]
    if len(members) != 1:
        found = ", ".join(repr(member.filename) for member in members[:5]) + (", ..." if len(members) > 5 else "")
        raise PipelineError(
            f"{path} is a zip archive of {len(members)} files ({found}); unpack it and give the one that is the table."
            if members
            else f"{path} is a zip archive without a file in it; give the table itself."
        )
    member = members[0]
    if member.flag_bits & _ENCRYPTED:
        raise PipelineError(f"{path} is a zip archive with a password; unpack it and give the table itself.")
    try:
        return cast("_Bytes", archive.open(member))
    except (*_DAMAGE, NotImplementedError) as error:
        raise PipelineError(_damaged(path, ZIP, error)) from error


def _damaged(path: Path, kind: FileKind, error: Exception) -> str:
    return f"{path} begins as {kind.name} but is damaged or cut short ({str(error).splitlines()[0]}); fetch it again."


class _Bytes(Protocol):
    """Where bytes are read from."""

    def readinto(self, buffer: Any, /) -> int | None:  # noqa: ANN401 - whatever holds bytes
        """Read bytes into `buffer` and return their number, 0 at the end."""


class _Checked(io.RawIOBase):
    """Unpacked bytes, damage to which is reported by one sentence that names the file."""

    def __init__(self, stream: _Bytes, kind: FileKind, path: Path) -> None:
        self._stream, self._kind, self._path = stream, kind, path

    def readable(self) -> bool:
        """Return True: these bytes can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - whatever holds bytes
        """Read bytes into `buffer` and return their number, 0 at the end."""
        try:
            return self._stream.readinto(buffer)
        except _DAMAGE as error:
            raise PipelineError(_damaged(self._path, self._kind, error)) from error


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
