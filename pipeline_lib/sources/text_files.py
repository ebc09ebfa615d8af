"""Read a small text file whole: packed or not, in the encodings that spreadsheets and databases write."""

import re
from io import BufferedReader
from pathlib import Path

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.text_lines import TextLines
from pipeline_lib.sources.upstream_file import open_upstream

_BLOCK_BYTES = 1 << 25
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\ufffe\uffff]")


def read_text(path: Path) -> str:
    r"""Read a text file of any packing that `open_upstream` undoes, in any encoding that `TextLines` reads.

    Returns
    -------
    str
        Lines end in ``\n``.

    Raises
    ------
    PipelineError
        When the file is missing, empty, damaged, or no text.
    """
    with open_upstream(path) as upstream:
        if upstream.kind.holds != "text":
            raise PipelineError(f"{path} is no text file but {upstream.kind.name}; save it as tab-separated text.")
        return whole_text(upstream.stream, path)


def whole_text(stream: BufferedReader, path: Path) -> str:
    """Return the text that the bytes of an opened file are.

    Raises
    ------
    PipelineError
        When they are no text; names the file that they are of.
    """
    content = b"".join(block for _, block in TextLines(stream, path, _BLOCK_BYTES).blocks())
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise PipelineError(f"{path} is no text file (row {row} is not UTF-8); save it as UTF-8.") from error
    strange = _NO_TEXT.search(text)
    if strange:
        raise PipelineError(f"{path} is no text file (character {strange.start() + 1} is U+{ord(strange[0]):04X}).")
    return text
