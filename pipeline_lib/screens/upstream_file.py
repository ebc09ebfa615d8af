"""Open an upstream file as bytes, out of its gzip or zip where it comes in one."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from pipeline_lib.errors import PipelineError

_TEXT_SUFFIXES = (".txt", ".tsv", ".csv")


def _only_member(archive: zipfile.ZipFile, path: Path, suffixes: tuple[str, ...], stem: str) -> str:
    members = [
        name
        for name in archive.namelist()
        if name.lower().endswith(suffixes) and stem.lower() in name.lower() and "__macosx" not in name.lower()
    ]
    if len(members) != 1:
        wanted = f"one {' or '.join(suffixes)} file" + (f" with '{stem}' in its name" if stem else "")
        raise PipelineError(f"{path}: the zip holds {len(members)} files where {wanted} is needed; unpack it.")
    return members[0]


@contextmanager
def open_upstream(path: Path, suffixes: tuple[str, ...] = _TEXT_SUFFIXES, stem: str = "") -> Iterator[BinaryIO]:
    """Open `path` for reading bytes.

    Parameters
    ----------
    path
        The file itself, its gzip (``.gz``) or a zip that holds it.
    suffixes, stem
        Which member of a zip: its ending, and a part of its name.

    Raises
    ------
    PipelineError
        When the file is missing or its compression is damaged.
    """
    if not path.is_file():
        raise PipelineError(f"{path} does not exist; fetch it or give its path.")
    try:
        if zipfile.is_zipfile(path) and path.suffix.lower() != ".xlsx":
            with (
                zipfile.ZipFile(path) as archive,
                archive.open(_only_member(archive, path, suffixes, stem)) as member,
            ):
                yield cast("BinaryIO", member)
        elif path.suffix.lower() == ".gz":
            with gzip.open(path, "rb") as unpacked:
                yield cast("BinaryIO", unpacked)
        else:
            with path.open("rb") as stream:
                yield stream
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise PipelineError(f"{path} is damaged ({error}); fetch it again.") from error
