"""Delimited text of any size, block by block, with the line number of every row that cannot be used."""

import codecs
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.screens.batch import Rejections
from pipeline_lib.screens.row_block import Column, RowBlock, column_places
from pipeline_lib.screens.upstream_file import open_upstream

BLOCK_BYTES = 1 << 25
MISSING = ("", "NaN", "nan", "NA", "N/A", "null", "NULL", "None")
_THREADS = 2
_DECIMAL_COMMA = re.compile(r"\s*[-+]?\d*,\d+(?:[eE][-+]?\d+)?\s*")


def read_blocks(
    path: Path,
    columns: Mapping[str, Column],
    rejections: Rejections,
    *,
    delimiter: str = "\t",
    header: Sequence[str] | None = None,
    quote: str | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[RowBlock]:
    """Read the wanted columns of a delimited text file.

    A byte-order mark and CRLF line ends are removed. Rows with another number of fields than the header, and
    numbers that are none, are rejected with their line. Decimal commas are read as decimal points.

    Parameters
    ----------
    path
        Text, gzip, or a zip that holds one text file.
    columns
        Wanted columns by the name that the caller uses.
    rejections
        Gets the rows that cannot be used.
    delimiter
        One character.
    header
        Names of the columns of a file that has none; None: the file's first line.
    quote
        Character around fields that hold the delimiter; None: fields are never quoted.
    block_bytes
        Size of a block: what memory is bounded by.

    Raises
    ------
    PipelineError
        When the file is missing, empty, not UTF-8, or lacks a required column.
    """
    with open_upstream(path) as stream:
        lines = _Lines(stream, path, block_bytes)
        names = list(header) if header is not None else _split_header(lines.header(), delimiter, quote)
        parser = _Parser(path, names, column_places(names, columns, f"{path}: row 1"), columns, delimiter, quote)
        with ThreadPoolExecutor(_THREADS) as pool:
            waiting: deque[Future[tuple[RowBlock, list[tuple[int, str, str]]]]] = deque()
            for first_line, raw in lines.blocks():
                waiting.append(pool.submit(parser.parse, raw, first_line))
                if len(waiting) > _THREADS:
                    yield _finished(waiting.popleft(), rejections)
            if not lines.any_rows:
                raise PipelineError(f"{path}: the file holds no rows; give the whole file.")
            while waiting:
                yield _finished(waiting.popleft(), rejections)


def _finished(future: "Future[tuple[RowBlock, list[tuple[int, str, str]]]]", rejections: Rejections) -> RowBlock:
    block, rejected = future.result()
    for row, reason, text in rejected:
        rejections.add(row, reason, text)
    return block


class _Lines:
    """Whole lines of a byte stream in blocks, with the line number of each block's first."""

    def __init__(self, stream: BinaryIO, path: Path, block_bytes: int) -> None:
        self._stream = stream
        self._path = path
        self._block_bytes = block_bytes
        self._line = 1
        self.any_rows = False
        start = stream.read(4)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise PipelineError(f"{path}: row 1: the file is UTF-16; save it as UTF-8.")
        self._rest = start.removeprefix(codecs.BOM_UTF8)

    def header(self) -> str:
        """Return the first line."""
        while b"\n" not in self._rest:
            more = self._stream.read(1 << 16)
            if not more:
                break
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        self._line += 1
        try:
            return line.decode("utf-8").rstrip("\r")
        except UnicodeDecodeError as error:
            raise PipelineError(f"{self._path}: row 1: the header is not UTF-8; save the file as UTF-8.") from error

    def blocks(self) -> Iterator[tuple[int, bytes]]:
        """Yield (line number of the first line, bytes of whole lines)."""
        while True:
            more = self._stream.read(self._block_bytes)
            data = self._rest + more
            cut = data.rfind(b"\n") + 1 if more else len(data)
            block, self._rest = data[:cut], data[cut:]
            if block.strip():
                self.any_rows = True
                yield self._line, block
            self._line += block.count(b"\n")
            if not more:
                return


def _split_header(line: str, delimiter: str, quote: str | None) -> list[str]:
    # Space-separated headers may end in a space, where no further column begins.
    names = (line.rstrip() if delimiter == " " else line).split(delimiter)
    return [name.strip(quote) if quote else name for name in names]


@dataclass(frozen=True)
class _Parser:
    """Turns the bytes of one block into columns."""

    path: Path
    names: Sequence[str]
    places: Mapping[str, int]
    columns: Mapping[str, Column]
    delimiter: str
    quote: str | None

    def parse(self, raw: bytes, first_line: int) -> tuple[RowBlock, list[tuple[int, str, str]]]:
        """Return the block and its rejected rows as (line, reason, text)."""
        invalid: list[tuple[int, str, str]] = []
        try:
            table = self._read(raw, invalid, numbers=True)
            lines = self._lines(raw, first_line, table.num_rows, invalid)
        except pa.ArrowInvalid:
            self._check_utf8(raw, first_line)
            invalid.clear()
            table = self._read(raw, invalid, numbers=False)
            lines = self._lines(raw, first_line, table.num_rows, invalid)
            table, lines = self._mend_numbers(table, lines, raw, first_line, invalid)
        block = RowBlock(table, lines, _originals(raw, first_line, lines))
        return block, [(first_line + row - 1, reason, text) for row, reason, text in invalid]

    def _read(self, raw: bytes, invalid: list[tuple[int, str, str]], *, numbers: bool) -> pa.Table:
        def skip(row: arrow_csv.InvalidRow) -> str:
            reason = f"{row.actual_columns} fields where the header has {row.expected_columns}"
            invalid.append((row.number, reason, row.text))
            return "skip"

        text = pa.dictionary(pa.int32(), pa.string())
        types = {
            str(place): pa.float64() if self.columns[name].holds == "number" and numbers else text
            for name, place in self.places.items()
        }
        table = arrow_csv.read_csv(
            pa.BufferReader(raw),
            read_options=arrow_csv.ReadOptions(
                column_names=[str(place) for place in range(len(self.names))],
                use_threads=False,
                block_size=max(len(raw) + 1, 1),
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
        return pa.table([table.column(str(place)) for place in self.places.values()], names=list(self.places))

    def _lines(
        self, raw: bytes, first_line: int, rows: int, invalid: Sequence[tuple[int, str, str]]
    ) -> NDArray[np.int64]:
        """Return the line of every row that was read; `invalid` counts lines of the block from 1."""
        n_lines = raw.count(b"\n") + (not raw.endswith(b"\n"))
        kept = np.ones(n_lines, dtype=bool)
        kept[[row - 1 for row, _, _ in invalid]] = False
        if kept.sum() != rows:
            # Empty lines are skipped by the parser without a word.
            kept &= np.fromiter((bool(line.strip(b"\r")) for line in raw.split(b"\n")[:n_lines]), bool, n_lines)
        if kept.sum() != rows:
            raise PipelineError(
                f"{self.path}: rows {first_line} to {first_line + n_lines - 1}: quoted fields run over several lines; "
                "write one row a line."
            )
        return np.flatnonzero(kept) + first_line

    def _check_utf8(self, raw: bytes, first_line: int) -> None:
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError as error:
            line = first_line + raw[: error.start].count(b"\n")
            raise PipelineError(f"{self.path}: row {line} is not UTF-8; save the file as UTF-8.") from error

    def _mend_numbers(
        self,
        table: pa.Table,
        lines: NDArray[np.int64],
        raw: bytes,
        first_line: int,
        invalid: list[tuple[int, str, str]],
    ) -> tuple[pa.Table, NDArray[np.int64]]:
        """Convert numbers that the fast parser refused; rows that hold no number are rejected."""
        usable = np.ones(table.num_rows, dtype=bool)
        texts = raw.split(b"\n")
        for name in [name for name in table.column_names if self.columns[name].holds == "number"]:
            encoded = table.column(name).unify_dictionaries().combine_chunks()
            distinct = encoded.dictionary.to_pylist()
            converted = [parse_number(text) for text in distinct]
            values = np.array([np.nan if value is None else value for value in converted], dtype=np.float64)
            bad = np.array([value is None for value in converted], dtype=bool)
            codes = encoded.indices.to_numpy(zero_copy_only=False)
            for row in np.flatnonzero(bad[codes] & usable) if len(distinct) else []:
                line = int(lines[row]) - first_line
                reason = (
                    f"column '{self.columns[name].spellings[0]}' holds '{distinct[codes[row]]}', which is no number"
                )
                invalid.append((line + 1, reason, texts[line].decode("utf-8").rstrip("\r")))
                usable[row] = False
            place = table.column_names.index(name)
            numbers = values[codes] if len(distinct) else np.empty(0)
            table = table.set_column(place, name, pa.array(numbers, from_pandas=True))
        return table.filter(pa.array(usable)), lines[usable]


def parse_number(text: str) -> float | None:
    """Return a number written with a decimal point or comma, NaN where it is missing, None where it is none."""
    if text.strip() in MISSING:
        return float("nan")
    if _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    try:
        return float(text)
    except ValueError:
        return None


def _originals(raw: bytes, first_line: int, lines: NDArray[np.int64]) -> Callable[[NDArray[np.int64]], list[str]]:
    def texts(rows: NDArray[np.int64]) -> list[str]:
        all_lines = raw.split(b"\n")
        return [all_lines[lines[row] - first_line].decode("utf-8", "replace").rstrip("\r") for row in rows]

    return texts
