"""Delimited text of any size, block by block, with the line number of every row that cannot be used."""

import codecs
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from pipeline_lib.errors import PipelineError
from pipeline_lib.screens.batch import Rejections
from pipeline_lib.screens.block_parser import BlockParser, RejectedLine
from pipeline_lib.screens.progress import reading_progress
from pipeline_lib.screens.row_block import Column, RowBlock, column_places
from pipeline_lib.screens.upstream_file import open_upstream

BLOCK_BYTES = 1 << 25
_THREADS = 2
_LONGEST_HEADER = 1 << 20


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
        Text, or its gzip.
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
        When the file is missing, not UTF-8, or lacks a required column.
    """
    with open_upstream(path) as stream:
        lines = _Lines(stream, path, block_bytes)
        names = list(header) if header is not None else _split_header(lines.header(), delimiter, quote)
        places = column_places(names, columns, f"{path}: row 1")
        parser = BlockParser(path, len(names), places, columns, delimiter, quote)
        with ThreadPoolExecutor(_THREADS) as pool, reading_progress(path) as advance:
            waiting: deque[Future[tuple[RowBlock, list[RejectedLine]]]] = deque()
            for first_line, raw in lines.blocks():
                waiting.append(pool.submit(parser.parse, raw, first_line))
                advance(len(raw))
                if len(waiting) > _THREADS:
                    yield _finished(waiting.popleft(), rejections)
            while waiting:
                yield _finished(waiting.popleft(), rejections)


def _finished(future: "Future[tuple[RowBlock, list[RejectedLine]]]", rejections: Rejections) -> RowBlock:
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
            if len(self._rest) > _LONGEST_HEADER:
                raise PipelineError(f"{self._path}: row 1 has no end; the file is not a table of text.")
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
                yield self._line, block
            self._line += block.count(b"\n")
            if not more:
                return


def _split_header(line: str, delimiter: str, quote: str | None) -> list[str]:
    # Space-separated headers may end in a space, where no further column begins.
    names = (line.rstrip() if delimiter == " " else line).split(delimiter)
    return [name.strip(quote) if quote else name for name in names]
