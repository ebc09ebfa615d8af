"""Text files as UTF-8, whatever their encoding, line ends and packing: line by line, or a small file whole."""

import codecs
import re
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

import click

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.file_kinds import HEAD_BYTES
from pipeline_lib.sources.upstream_file import open_upstream

_LONGEST_LINE = 1 << 20
_STEP = 1 << 16
_WIDE_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class TextLines:
    """Whole lines of a text file in blocks, with the line number of each block's first.

    UTF-16 and UTF-32 are known by their byte-order mark (UTF-16 without one by its zeros). Else a file is UTF-8 where
    its first bytes beyond ASCII are, and Windows-1252 where none of them is. Line ends of Windows and of the old Mac
    become those of Unix.

    Parameters
    ----------
    stream
        The file's bytes.
    path
        The file, for errors.
    block_bytes
        About how many bytes a block has.
    """

    def __init__(self, stream: BufferedReader, path: Path, block_bytes: int) -> None:
        self._stream = stream
        self._path = path
        self._block_bytes = block_bytes
        self._line = 1
        self._rest = b""
        self._half_line_end = b""
        self._encoding = ""
        self._wide: codecs.IncrementalDecoder | None = None
        head = stream.peek(HEAD_BYTES)[:HEAD_BYTES]
        mark, encoding = next(((m, e) for m, e in _WIDE_MARKS if head.startswith(m)), (b"", _unmarked_utf16(head)))
        if encoding:
            self._wide = codecs.getincrementaldecoder(encoding)()
        stream.read(len(mark) or len(codecs.BOM_UTF8) * head.startswith(codecs.BOM_UTF8))

    def first(self, n: int) -> list[str]:
        """Return the first `n` lines that are not taken yet, without taking them; fewer at the file's end."""
        ended = False
        while self._rest.count(b"\n") < n and not ended:
            more, ended = self._read(min(self._block_bytes, _STEP))
            self._rest += more
            if b"\n" not in self._rest and len(self._rest) > _LONGEST_LINE:
                raise PipelineError(f"{self._path}: row {self._line} has no end; the file is not a table of text.")
        whole = self._rest if ended else self._rest[: self._rest.rfind(b"\n") + 1]
        # The rest is kept as it is in the file: it is made UTF-8 once it is taken.
        return self._as_utf8(whole).decode("utf-8", "replace").split("\n")[:n]

    def take(self, n: int) -> None:
        """Leave the next `n` lines out."""
        for _ in range(n):
            self._rest = self._rest.partition(b"\n")[2]
        self._line += n

    def blocks(self) -> Iterator[tuple[int, bytes]]:
        """Yield (line number of the first line, UTF-8 bytes of whole lines)."""
        ended = False
        while not ended:
            more, ended = self._read(self._block_bytes)
            data = self._rest + more
            cut = len(data) if ended else data.rfind(b"\n") + 1
            block, self._rest = data[:cut], data[cut:]
            if block and not block.isspace():
                yield self._line, self._as_utf8(block)
            self._line += block.count(b"\n")

    def _read(self, n: int) -> tuple[bytes, bool]:
        """Return the next bytes with the line ends of Unix, and whether they are the last."""
        data = self._stream.read(n)
        ended = not data
        if self._wide is not None:
            try:
                data = self._wide.decode(data, final=ended).encode("utf-8")
            except UnicodeError as error:
                raise PipelineError(
                    f"{self._path} begins as UTF-16 but is damaged or cut short ({error}); save it as UTF-8."
                ) from error
        data = self._half_line_end + data
        # A carriage return at the end may be the first half of a line end.
        self._half_line_end = b"\r" if data.endswith(b"\r") and not ended else b""
        data = data.removesuffix(self._half_line_end)
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return data, ended

    def _as_utf8(self, lines: bytes) -> bytes:
        """Return whole lines as UTF-8; the file's first bytes beyond ASCII decide what it is in."""
        if self._wide is not None or lines.isascii():
            return lines
        if not self._encoding:
            # Text in Windows-1252 is hardly ever UTF-8 by chance; a single faulty byte in UTF-8 is no other encoding.
            self._encoding = "cp1252" if lines.decode("utf-8", "ignore").isascii() else "utf-8"
            if self._encoding == "cp1252":
                click.echo(f"{self._path} is not UTF-8; it is read as Windows-1252.", err=True)
        if self._encoding == "utf-8":
            return lines
        try:
            return lines.decode(self._encoding).encode("utf-8")
        except UnicodeDecodeError as error:
            row = self._line + lines[: error.start].count(b"\n")
            raise PipelineError(
                f"{self._path}: row {row} is neither UTF-8 nor Windows-1252; save the file as UTF-8."
            ) from error


def _unmarked_utf16(head: bytes) -> str:
    """Return the byte order of UTF-16 without a mark: one byte of almost every letter of a table is zero."""
    low, high = head[1::2].count(0), head[0::2].count(0)
    if low > len(head) // 4 and not high:
        return "utf-16-le"
    return "utf-16-be" if high > len(head) // 4 and not low else ""


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
