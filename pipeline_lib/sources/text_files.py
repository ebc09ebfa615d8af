"""Read a small text file whole, in the encodings that spreadsheets and databases write."""

import codecs
import gzip
import re
import zlib
from pathlib import Path

from pipeline_lib.errors import PipelineError

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_KINDS = ((b"PK\x03\x04", "a zip archive or an Excel workbook"), (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
          (b"PAR1", "a parquet file"), (b"BZh", "a bzip2 file"), (b"%PDF", "a PDF"))  # fmt: skip
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\ufffe\uffff]")


def read_text(path: Path) -> str:
    """Read a text file, plain or gzipped: UTF-8, UTF-16 with its mark, else Windows-1252.

    Raises
    ------
    PipelineError
        When the file is missing, damaged, or no text.
    """
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise PipelineError(f"{path} is cut short or damaged ({error}); fetch it again.") from error
    except OSError as error:
        raise PipelineError(f"{path} cannot be read: {error.strerror}.") from error
    for start, kind in _KINDS:
        if content.startswith(start):
            raise PipelineError(f"{path} is no text file but {kind}; save it as tab-separated text.")
    return decode_text(content, path)


def decode_text(content: bytes, path: Path) -> str:
    """Return the text that bytes are: UTF-8, UTF-16 with its mark, else Windows-1252.

    Raises
    ------
    PipelineError
        When they are no text; names the file that they are of.
    """
    text = _decoded(content, path)
    strange = _NO_TEXT.search(text)
    if strange:
        raise PipelineError(f"{path} is no text file (character {strange.start() + 1} is U+{ord(strange[0]):04X}).")
    return text


def _decoded(content: bytes, path: Path) -> str:
    marked = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(marked)
    except UnicodeDecodeError as error:
        if marked == "utf-8":
            try:
                return content.decode("cp1252")
            except UnicodeDecodeError:
                pass
        raise PipelineError(f"{path} is no text file ({error.reason} at byte {error.start}).") from error
