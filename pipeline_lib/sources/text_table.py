"""Delimited text of any size, block by block, with the line number of every row that cannot be used."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.block_parser import BlockParser, ParsedBlock
from pipeline_lib.sources.rejections import Rejections
from pipeline_lib.sources.row_block import Column, RowBlock, column_places
from pipeline_lib.sources.table_layout import TableLayout, find_layout
from pipeline_lib.sources.text_lines import TextLines
from pipeline_lib.sources.upstream_file import Upstream, open_upstream
from pipeline_lib.sources.written_numbers import DecimalSigns

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
