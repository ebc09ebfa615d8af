"""Text files as UTF-8 whatever their encoding, where the header of a table stands, and which column holds what."""

import codecs
import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Literal

import click

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.file_kinds import HEAD_BYTES
from pipeline_lib.sources.row_block import Column, column_places
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


TITLE_ROWS = 10
"""Rows that may stand above the header: titles, notes, the ``sep=;`` of Excel."""

DELIMITERS = "\t;,| "
"""What may separate the fields of a table of one's own; an earlier one wins where the header has as many of both."""

_SAMPLE_ROWS = 30
"""Rows that show whether every row has a field more than the header."""


@dataclass(frozen=True)
class TableLayout:
    """The layout of a table of text.

    Attributes
    ----------
    names
        Names of the columns; empty for a column that the header does not name.
    places
        Position of each wanted column.
    delimiter
        What separates the fields.
    lines
        Number of lines up to the first row of data.
    """

    names: Sequence[str]
    places: Mapping[str, int]
    delimiter: str
    lines: int


def find_layout(
    text: TextLines, path: Path, columns: Mapping[str, Column], delimiters: str, quote: str | None
) -> TableLayout:
    """Find the header of a table of text: the first of its first lines that names the wanted columns.

    The header is taken apart by the rules of the rows: fields within quotes may hold delimiters, doubled quotes and
    line ends. Its delimiter is the one by which the wanted columns are found, not the one that is there most.

    Where every row has one field more than the header, an empty last field is a delimiter at the end of the row, and
    a first field that numbers or (in quotes) names the rows is a row name as R writes it: either way the column has no
    name.

    Parameters
    ----------
    text
        The file's lines; none is taken.
    path
        The file, for errors.
    columns
        Wanted columns.
    delimiters
        Characters that may separate the fields.
    quote
        Character around fields that hold the delimiter; None: fields are never quoted.

    Raises
    ------
    PipelineError
        When no line names all required columns, or one names a column twice.
    """
    lines = text.first(TITLE_ROWS + _SAMPLE_ROWS)
    failures: list[tuple[bool, int, PipelineError]] = []
    for start in (row for row in range(min(TITLE_ROWS, len(lines))) if lines[row].strip()):
        counts = {sign: lines[start].count(sign) for sign in delimiters}
        # Names of columns hold blanks more often than anything else that separates fields.
        for delimiter in sorted(delimiters, key=lambda sign: (counts[sign] == 0, sign == " ", -counts[sign])):
            fields = lines[start].count(delimiter) + 1
            try:
                names, end = _split_header(lines, start, delimiter, quote, path)
                fields = len(names)
                places = column_places(names, columns, f"{path}: row {start + 1}")
            except PipelineError as error:
                failures.append((delimiter != " ", fields, error))
                continue
            if delimiter == " " and "" in names[:-1]:
                # Aligned by a program: how many blanks lie between two fields differs by row.
                raise PipelineError(
                    f"{path}: row {start + 1}: several blanks lie between the columns; write the table with commas or "
                    "tabs between them."
                )
            body = [line for line in lines[end:] if line.strip()]
            quoted = quote is not None and all(line.startswith(quote) for line in body)
            names, shift = _with_unnamed_columns(
                names, [_split(line, delimiter, quote) for line in body], quoted=quoted
            )
            return TableLayout(names, {wanted: place + shift for wanted, place in places.items()}, delimiter, end)
    if not failures:
        raise PipelineError(f"{path}: the file holds no rows; give the whole file.")
    # The fullest of the first lines is the one that was meant as the header; titles are full of spaces.
    raise max(failures, key=lambda failure: failure[:2])[2]


def _split_header(
    lines: Sequence[str], start: int, delimiter: str, quote: str | None, path: Path
) -> tuple[list[str], int]:
    """Return the names of the header that begins in line `start`, and the line after it."""
    if quote is None:
        return lines[start].split(delimiter), start + 1
    reader = csv.reader((line + "\n" for line in lines[start:]), delimiter=delimiter, quotechar=quote, strict=True)
    try:
        return next(reader), start + reader.line_num
    except csv.Error as error:
        raise PipelineError(
            f"{path}: row {start + 1}: the quotes of the header do not match ({error}); write each name in one pair."
        ) from error


def _split(line: str, delimiter: str, quote: str | None) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, quotechar=quote)) if quote else line.split(delimiter)
    except csv.Error:
        # A field longer than the module takes: the row shows nothing of the layout, the parser judges it.
        return []


def _with_unnamed_columns(
    names: list[str], rows: Sequence[Sequence[str]], *, quoted: bool
) -> tuple[list[str], Literal[0, 1]]:
    """Return the names of all columns that the rows have, and how many of them were added in front."""
    widths = {len(row) for row in rows}
    if widths == {len(names) - 1} and not names[-1].strip():
        return names[:-1], 0
    if widths != {len(names) + 1}:
        return names, 0
    if not any(row[-1].strip() for row in rows):
        return [*names, ""], 0
    first = [row[0] for row in rows]
    if len(set(first)) == len(first) and (quoted or all(name.isdecimal() for name in first)):
        return ["", *names], 1
    return names, 0
