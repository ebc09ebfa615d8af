"""Check that a file is what its name announces: no error page and no cut archive is taken for data."""

import gzip
import zlib
from pathlib import Path

from pipeline_lib.sources.archives import open_archive
from pipeline_lib.sources.transfer import CHUNK, PlaceFailedError

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
