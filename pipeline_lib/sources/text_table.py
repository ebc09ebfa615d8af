"""Delimited text of any size, block by block, with the line number of every row that cannot be used."""

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.row_block import Column, Reason, Rejections, RowBlock, column_places
from pipeline_lib.sources.table_layout import TableLayout, TextLines, find_layout
from pipeline_lib.sources.upstream_file import Upstream, open_upstream
from pipeline_lib.sources.written_numbers import MISSING, DecimalSigns, Sign, no_number, parse_numbers, truth_as_numbers

_TEXT = pa.dictionary(pa.int32(), pa.string())
_GLANCE = 1000

RejectedLine = tuple[int, Reason, str]
"""Line in the file, reason, the line's text."""


@dataclass(frozen=True)
class ParsedBlock:
    """What became of a block of lines.

    Attributes
    ----------
    block
        The rows that can be used.
    rejected
        The others.
    signs
        What each column of numbers shows of its decimal sign.
    """

    block: RowBlock
    rejected: list[RejectedLine]
    signs: Mapping[str, DecimalSigns]


@dataclass(frozen=True)
class BlockParser:
    """Turns the bytes of whole lines into columns.

    Attributes
    ----------
    path
        The file, for errors.
    width
        Number of fields that a row must have.
    places
        Position of each wanted column.
    columns
        What each wanted column holds.
    delimiter, quote
        Characters between and around fields; without a quote character fields are never quoted.
    """

    path: Path
    width: int
    places: Mapping[str, int]
    columns: Mapping[str, Column]
    delimiter: str
    quote: str | None

    def parse(self, raw: bytes, first_line: int) -> ParsedBlock:
        """Return what becomes of the lines `raw`, UTF-8, the first of which is line `first_line` of the file.

        Raises
        ------
        PipelineError
            When the bytes are not UTF-8 or quoted fields hold line ends.
        """
        # Before the parser, which answers a malformed row that is not UTF-8 with a traceback that nobody can catch.
        if not raw.isascii():
            self._check_utf8(raw, first_line)
        originals = _Originals(raw, first_line)
        numbers = [name for name in self.places if self.columns[name].is_number]
        try:
            table, lines, rejected = self._read(raw, first_line, fast=True)
            fast = not any(self._needs_text(table.column(name)) for name in numbers)
        except pa.ArrowInvalid:
            fast = False
        if fast:
            signs = {name: _seen_in_fractions(table.column(name), lines) for name in numbers}
        else:
            table, lines, rejected = self._read(raw, first_line, fast=False)
            table, lines, no_numbers, signs = self._numbers(table, lines, originals)
            rejected += no_numbers
        return ParsedBlock(RowBlock(table, lines, lambda rows: originals.at(lines[rows])), rejected, signs)

    def _needs_text(self, column: pa.ChunkedArray) -> bool:
        """Return whether numbers show too little of how they were written: infinite, or perhaps with thousands."""
        ends = pc.min_max(column).as_py()
        if any(end is not None and math.isinf(end) for end in ends.values()):
            return True
        return self.delimiter != "," and _like_thousands(column)

    def _read(
        self, raw: bytes, first_line: int, *, fast: bool
    ) -> tuple[pa.Table, NDArray[np.int64], list[RejectedLine]]:
        """Return the wanted columns, the line of each row, and the lines with another number of fields.

        `fast` converts numbers at once, which fails on the first field that is none.
        """
        invalid: list[arrow_csv.InvalidRow] = []

        def skip(row: arrow_csv.InvalidRow) -> str:
            invalid.append(row)
            return "skip"

        types = {
            str(place): pa.float64() if fast and self.columns[name].is_number else _TEXT
            for name, place in self.places.items()
        }
        table = arrow_csv.read_csv(
            pa.BufferReader(raw),
            read_options=arrow_csv.ReadOptions(
                column_names=[str(place) for place in range(self.width)], use_threads=False, block_size=len(raw) + 1
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self.delimiter, quote_char=self.quote or False, invalid_row_handler=skip
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=types,
                include_columns=[str(place) for place in dict.fromkeys(self.places.values())],
                null_values=list(MISSING),
                strings_can_be_null=False,
            ),
        )
        present = self._present_lines(raw, first_line, table.num_rows + len(invalid))
        kept = np.ones(len(present), dtype=bool)
        kept[[row.number - 1 for row in invalid]] = False
        other_width = Reason(f"{{}} fields where there should be {self.width}")
        rejected = [
            (int(present[row.number - 1]), other_width.of(str(row.actual_columns)), row.text) for row in invalid
        ]
        wanted = pa.table([table.column(str(place)) for place in self.places.values()], names=list(self.places))
        return wanted, present[kept], rejected

    def _present_lines(self, raw: bytes, first_line: int, n_rows: int) -> NDArray[np.int64]:
        """Return the line numbers of the block's rows; the parser skips empty lines without a word."""
        n_lines = raw.count(b"\n") + (not raw.endswith(b"\n"))
        present = np.arange(n_lines, dtype=np.int64)
        if n_lines != n_rows:
            lines = raw.split(b"\n")[:n_lines]
            present = np.flatnonzero(np.fromiter((line.strip(b"\r") != b"" for line in lines), np.bool_, n_lines))
        if len(present) != n_rows:
            raise PipelineError(
                f"{self.path}: rows {first_line} to {first_line + n_lines - 1}: a quoted field runs over several "
                "lines; write one row a line."
            )
        return present + first_line

    def _check_utf8(self, raw: bytes, first_line: int) -> None:
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError as error:
            line = first_line + raw[: error.start].count(b"\n")
            raise PipelineError(f"{self.path}: row {line} is not UTF-8; save the file as UTF-8.") from error

    def _numbers(
        self, table: pa.Table, lines: NDArray[np.int64], originals: "_Originals"
    ) -> tuple[pa.Table, NDArray[np.int64], list[RejectedLine], dict[str, DecimalSigns]]:
        """Convert numbers one distinct text at a time; rows that hold none are rejected."""
        usable = np.ones(table.num_rows, dtype=bool)
        rejected: list[RejectedLine] = []
        signs: dict[str, DecimalSigns] = {}
        for place, name in enumerate(table.column_names):
            if not self.columns[name].is_number:
                continue
            encoded = table.column(name).unify_dictionaries().combine_chunks()
            if self.columns[name].holds == "number or truth":
                encoded = truth_as_numbers(encoded)
            numbers = parse_numbers(encoded, lines, comma_allowed=self.delimiter != ",")
            wrong = numbers.wrong & usable
            usable &= ~wrong
            texts = encoded.filter(pa.array(wrong)).to_pylist()
            reasons = [no_number(self.columns[name].spellings[0], text) for text in texts]
            rejected += zip(lines[wrong].tolist(), reasons, originals.at(lines[wrong]), strict=True)
            table = table.set_column(place, name, pa.array(numbers.values, from_pandas=True))
            signs[name] = numbers.signs
        return table.filter(pa.array(usable)), lines[usable], rejected, signs


def _like_thousands(column: pa.ChunkedArray) -> bool:
    """Return whether all fractions of a column are what points between thousands would be read as (1.234, 12.5)."""
    values = np.asarray(column.fill_null(0.0))
    for part in (values[:_GLANCE], values):
        fractions = part[part != np.trunc(part)]
        thousands = np.rint(fractions * 1000)
        if (np.abs(fractions) < 1).any() or (fractions != thousands / 1000).any():
            return False
    return bool(len(fractions))


def _seen_in_fractions(column: pa.ChunkedArray, lines: NDArray[np.int64]) -> DecimalSigns:
    """Return that a column of numbers without commas has decimal points, by its first value with a fraction."""
    values = np.asarray(column.fill_null(0.0))
    for start, end in ((0, _GLANCE), (_GLANCE, len(values))):
        fractions = values[start:end] != np.trunc(values[start:end])
        if fractions.any():
            row = start + int(fractions.argmax())
            place = (int(lines[row]), repr(float(values[row])))
            # Numbers with thousands are read as text: here a point is a decimal sign.
            return DecimalSigns({Sign.POINT: place, Sign.SURE_POINT: place})
    return DecimalSigns()


@dataclass(frozen=True)
class _Originals:
    """The lines of a block as the file holds them."""

    raw: bytes
    first_line: int

    def at(self, lines: NDArray[np.int64]) -> list[str]:
        """Return the text of some lines, given by their numbers in the file."""
        if not len(lines):
            return []
        texts = self.raw.split(b"\n")
        return [texts[line - self.first_line].decode("utf-8", "replace") for line in lines]


_WORTH_A_BAR = 1 << 26


@contextmanager
def reading_progress(path: Path, *, packed: bool) -> Iterator[Callable[[int], None]]:
    """Yield a function to call with the number of bytes read; small files show nothing.

    Of packed files only the bytes unpacked so far are known, not how many there will be.
    """
    size = path.stat().st_size
    if size < _WORTH_A_BAR:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(path.name, total=None if packed else size)
        yield lambda n: progress.advance(task, n)


BLOCK_BYTES = 1 << 25
_THREADS = 2


def read_blocks(
    path: Path,
    columns: Mapping[str, Column],
    rejections: Rejections,
    *,
    delimiters: str = "\t",
    header: Sequence[str] | None = None,
    quote: str | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[RowBlock]:
    """Read the wanted columns of a delimited text file.

    Rows with another number of fields than the header, and numbers that are none, are rejected with their line. The
    decimal sign is decided a column (`pipeline_lib.sources.written_numbers`).

    Parameters
    ----------
    path
        Text in any encoding that `TextLines` reads, packed or not.
    columns
        Wanted columns by the name that the caller uses.
    rejections
        Gets the rows that cannot be used.
    delimiters
        One character, or several of which the header shows which one it is.
    header
        Names of the columns of a file that has none; None: `find_layout` finds it.
    quote
        Character around fields that hold the delimiter; None: fields are never quoted.
    block_bytes
        Size of a block: what memory is bounded by.

    Raises
    ------
    PipelineError
        When the file cannot be opened as text, lacks a required column, or has a column with two decimal signs.
    """
    with open_upstream(path) as upstream:
        lines = TextLines(text_stream(upstream, path), path, block_bytes)
        if header is None:
            layout = find_layout(lines, path, columns, delimiters, quote)
        else:
            layout = TableLayout(header, column_places(header, columns, f"{path}: row 1"), delimiters, 0)
        lines.take(layout.lines)
        parser = BlockParser(path, len(layout.names), layout.places, columns, layout.delimiter, quote)
        collected = _Collected(path, columns, rejections, comma_allowed=layout.delimiter != ",")
        with ThreadPoolExecutor(_THREADS) as pool, reading_progress(path, packed=upstream.packed) as advance:
            waiting: deque[Future[ParsedBlock]] = deque()
            for first_line, raw in lines.blocks():
                waiting.append(pool.submit(parser.parse, raw, first_line))
                advance(len(raw))
                if len(waiting) > _THREADS:
                    yield collected.add(waiting.popleft().result())
            while waiting:
                yield collected.add(waiting.popleft().result())
        collected.check_whole()


def text_stream(upstream: Upstream, path: Path) -> BufferedReader:
    """Return the bytes of an opened file that must be text.

    Raises
    ------
    PipelineError
        When it is of another kind.
    """
    if upstream.kind.holds != "text":
        raise PipelineError(f"{path} is {upstream.kind.name}; export the table as text (csv or tsv).")
    return upstream.stream


@dataclass
class _Collected:
    """What the blocks of one file have seen so far."""

    path: Path
    columns: Mapping[str, Column]
    rejections: Rejections
    comma_allowed: bool
    signs: dict[str, DecimalSigns] = field(default_factory=dict)

    def add(self, parsed: ParsedBlock) -> RowBlock:
        """Return the rows of the next block; its rejected lines and decimal signs are kept."""
        for row, reason, text in parsed.rejected:
            self.rejections.add(row, reason, text)
        for name, seen in parsed.signs.items():
            self.signs[name] = self.signs.get(name, DecimalSigns()).then(seen)
            self.signs[name].check(self.path, self.columns[name].spellings[0], comma_allowed=self.comma_allowed)
        return parsed.block

    def check_whole(self) -> None:
        """Refuse columns whose decimal sign no value has seen."""
        for name, seen in self.signs.items():
            seen.check_whole(self.path, self.columns[name].spellings[0], comma_allowed=self.comma_allowed)
