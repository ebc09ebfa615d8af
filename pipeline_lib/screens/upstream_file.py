"""Open an upstream file as bytes, out of its gzip where it comes in one."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from pipeline_lib.errors import PipelineError


@contextmanager
def open_upstream(path: Path) -> Iterator[BinaryIO]:
    """Open `path`, the file itself or its gzip (``.gz``), for reading bytes.

    Raises
    ------
    PipelineError
        When the file is missing or its compression is damaged.
    """
    if not path.is_file():
        raise PipelineError(f"{path} does not exist; fetch it or give its path.")
    try:
        if path.suffix.lower() == ".gz":
            with gzip.open(path, "rb") as unpacked:
                yield cast("BinaryIO", unpacked)
        else:
            with path.open("rb") as stream:
                yield stream
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise PipelineError(f"{path} is damaged ({error}); fetch it again.") from error
