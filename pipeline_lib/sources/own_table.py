"""Tables of one's own, whose kind shows in their content, and tables with typed columns: Parquet, Feather, Arrow."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyarrow import feather, ipc

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.excel_table import read_sheet, sheet_header
from pipeline_lib.sources.file_kinds import FEATHER, OLD_FEATHER, PARQUET, FileKind
from pipeline_lib.sources.row_block import Column, Rejections, RowBlock, column_places, one_block
from pipeline_lib.sources.table_layout import DELIMITERS, TextLines, find_layout
from pipeline_lib.sources.text_table import read_blocks, text_stream
from pipeline_lib.sources.upstream_file import open_upstream
from pipeline_lib.sources.written_numbers import no_number, parse_numbers, truth_as_numbers

_NAME_SEPARATOR = "+"
"""Stands between the names of a list: what separates genes in one field of a table of text, too."""


def read_columnar(path: Path, columns: Mapping[str, Column], rejections: Rejections) -> RowBlock:
    """Read the wanted columns of a Parquet, Feather or Arrow file.

    Numbers may be of any numeric type, or text that is read by the rules of `parse_numbers`; text may be of any type
    that has a text, lists of gene names among them. Rows are counted from 1; there is no header row.

    Parameters
    ----------
    path
        The file.
    columns
        Wanted columns by the name that the caller uses.
    rejections
        Gets the rows whose numbers are none.

    Raises
    ------
    PipelineError
        When the file cannot be read, has no rows, lacks a column, or a column holds something else.
    """
    table = load_columnar(path)
    if table.num_rows == 0:
        raise PipelineError(f"{path}: the file holds no rows; give the whole file.")
    lines = np.arange(1, table.num_rows + 1, dtype=np.int64)

    def originals(rows: NDArray[np.int64]) -> list[str]:
        return ["\t".join(str(value) for value in row.values()) for row in table.take(pa.array(rows)).to_pylist()]

    usable = np.ones(table.num_rows, dtype=bool)
    converted: dict[str, pa.Array] = {}
    block = RowBlock(pa.table({}), lines, originals)
    for name, place in column_places(table.column_names, columns, str(path)).items():
        column, spelling = table.column(place).combine_chunks(), columns[name].spellings[0]
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        truth = columns[name].holds == "number or truth"
        if not columns[name].is_number:
            lists = columns[name].holds == "names"
            converted[name] = _text(column, spelling, path, lists=lists).fill_null("").dictionary_encode()
        elif truth and pa.types.is_boolean(column.type):
            converted[name] = column.cast(pa.int8()).cast(pa.float64())
        elif _is_text(column.type):
            encoded = column.cast(pa.string()).fill_null("").dictionary_encode()
            encoded = truth_as_numbers(encoded) if truth else encoded
            parsed = parse_numbers(encoded, lines, comma_allowed=True)
            parsed.signs.check(path, spelling, comma_allowed=True)
            parsed.signs.check_whole(path, spelling, comma_allowed=True)
            if parsed.wrong.any() and not np.isfinite(parsed.values).any():
                raise _other_type(path, spelling, column, "number")
            wrong = parsed.wrong & usable
            reasons = [no_number(spelling, text) for text in encoded.filter(pa.array(wrong)).to_pylist()]
            block.reject(wrong, reasons, rejections)
            usable &= ~wrong
            converted[name] = pa.array(parsed.values, from_pandas=True)
        else:
            converted[name] = _numbers(column, spelling, path)
    rows = np.flatnonzero(usable)
    return RowBlock(pa.table(converted).take(pa.array(rows)), lines[rows], lambda some: originals(rows[some]))


def columnar_header(path: Path, columns: Mapping[str, Column]) -> list[str]:
    """Return the names of all columns of a Parquet, Feather or Arrow file that has the wanted ones.

    Raises
    ------
    PipelineError
        When the file cannot be read or lacks a column.
    """
    names: list[str] = _schema(path).names
    column_places(names, columns, str(path))
    return [name.strip() for name in names]


def load_columnar(path: Path) -> pa.Table:
    """Return the whole table of a Parquet, Feather or Arrow file.

    Raises
    ------
    PipelineError
        When the file is of another kind, truncated or damaged.
    """
    with _opened(path) as (kind, source):
        if kind is PARQUET:
            table = pq.ParquetFile(source).read()
        elif kind is OLD_FEATHER:
            table = _read_old_feather(source)
        else:
            table = (ipc.open_file if kind is FEATHER else ipc.open_stream)(source).read_all()
        # A damaged file may hold text, in names or values, that is no UTF-8.
        table.validate(full=True)
        table.column_names  # noqa: B018 - decodes them
        return table


def _schema(path: Path) -> pa.Schema:
    with _opened(path) as (kind, source):
        if kind is PARQUET:
            return pq.ParquetFile(source).schema_arrow
        if kind is OLD_FEATHER:
            return _read_old_feather(source).schema
        return (ipc.open_file if kind is FEATHER else ipc.open_stream)(source).schema


def _read_old_feather(source: pa.NativeFile) -> pa.Table:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return feather.read_table(source)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[FileKind, pa.NativeFile]]:
    """Open a file of typed columns where it is, or in memory where it is packed; damage ends in one sentence."""
    with open_upstream(path) as upstream:
        kind = upstream.kind
        if kind.holds != "columns":
            raise PipelineError(f"{path} is {kind.name}; give a Parquet or Feather file.")
        source = pa.BufferReader(upstream.stream.read()) if upstream.packed else pa.memory_map(str(path))
        try:
            with source:
                yield kind, source
        except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
            raise PipelineError(
                f"{path} is {kind.name} that is truncated or damaged ({str(error).splitlines()[0]}); fetch it or write "
                "it again."
            ) from error


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _text(column: pa.Array, spelling: str, path: Path, *, lists: bool) -> pa.StringArray:
    """Return a column as text; the names of a list are joined where there may be `lists`."""
    try:
        if lists and (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
            names = column.cast(pa.list_(pa.string()))
            # A missing name within a list is no name; it must not take the others with it.
            filled = pa.ListArray.from_arrays(names.offsets, names.values.fill_null(""), mask=names.is_null())
            return pc.binary_join(filled, _NAME_SEPARATOR)
        return column.cast(pa.string())
    except pa.ArrowException as error:
        raise _other_type(path, spelling, column, "text") from error


def _numbers(column: pa.Array, spelling: str, path: Path) -> pa.Array:
    if pa.types.is_boolean(column.type) or pa.types.is_binary(column.type):
        raise _other_type(path, spelling, column, "number")
    try:
        return column.cast(pa.float64(), safe=False)
    except pa.ArrowException as error:
        raise _other_type(path, spelling, column, "number") from error


def _other_type(path: Path, spelling: str, column: pa.Array, wanted: str) -> PipelineError:
    return PipelineError(
        f"{path}: column '{spelling}' is {column.type}, not {wanted}; give the name of another column, or write its "
        f"values as {wanted}."
    )


_QUOTE = '"'
_HEADER_BYTES = 1 << 16


def read_own_table(
    path: Path, columns: Mapping[str, Column], rejections: Rejections, sheet: str | None = None
) -> RowBlock:
    """Read the wanted columns of a table: delimited text, a workbook, or a file of typed columns, packed or not.

    Parameters
    ----------
    path
        The file.
    columns
        Wanted columns by the name that the caller uses.
    rejections
        Gets the rows that cannot be used.
    sheet
        Sheet of a workbook that holds the table. None: the one that has the columns.

    Raises
    ------
    PipelineError
        When the file is missing, is of no kind that can be read, has no rows, or lacks a column or the sheet.
    """
    with open_upstream(path) as upstream:
        kind = upstream.kind
    if kind.holds == "workbook":
        return read_sheet(path, columns, rejections, sheet)
    _refuse_sheet(path, kind.name, sheet)
    if kind.holds == "columns":
        return read_columnar(path, columns, rejections)
    return one_block(read_blocks(path, columns, rejections, delimiters=DELIMITERS, quote=_QUOTE), path)


def read_every_row(path: Path, columns: Mapping[str, Column], advice: str) -> RowBlock:
    """Read the wanted columns of a table none of whose rows may be at fault; numbers are finite or missing.

    Rows in which every wanted column is empty are left out: spreadsheets leave them behind a table.

    Parameters
    ----------
    path
        The file.
    columns
        Wanted columns by the name that the caller uses.
    advice
        What to do about a row at fault, as the end of a sentence.

    Raises
    ------
    PipelineError
        As `read_own_table`, and for the first row at fault.
    """
    rejections = Rejections(path)
    block = read_own_table(path, columns, rejections)
    empty = np.ones(len(block), dtype=bool)
    for name in block.table.column_names:
        if columns[name].is_number:
            values = block.number(name)
            infinite = np.isinf(values)
            reasons = [no_number(columns[name].spellings[0], str(value)) for value in values[infinite]]
            block.reject(infinite, reasons, rejections)
            empty &= np.isnan(values)
        else:
            cells = block.text(name)
            blank = np.asarray(pc.equal(pc.utf8_trim_whitespace(cells.dictionary.cast(pa.string())), ""))
            empty &= blank[np.asarray(cells.indices)]
    if rejections.rows:
        first = int(np.argmin(rejections.rows))
        others = len(set(rejections.rows)) - 1
        more = f" ({others} more rows are at fault)" if others else ""
        raise PipelineError(f"{path}, row {rejections.rows[first]}: {rejections.reasons[first]}{more}; {advice}.")
    kept = np.flatnonzero(~empty)
    if not len(kept):
        raise PipelineError(f"{path}: the file holds no rows; give the whole file.")
    return _take(block, kept)


def _take(block: RowBlock, kept: NDArray[np.int64]) -> RowBlock:
    return RowBlock(block.table.take(pa.array(kept)), block.lines[kept], lambda rows: block.originals(kept[rows]))


def _refuse_sheet(path: Path, kind: str, sheet: str | None) -> None:
    if sheet is not None:
        raise PipelineError(f"{path} is {kind}, which has no sheets; leave the key 'sheet' out.")


def own_table_header(path: Path, columns: Mapping[str, Column], sheet: str | None = None) -> list[str]:
    """Return the names of all columns of a table, '' for one without a name; only its header is read.

    Parameters
    ----------
    path
        The file.
    columns
        Columns that the table must have: by them the header is known.
    sheet
        As `read_own_table`.

    Raises
    ------
    PipelineError
        When the file is missing, is of no kind that can be read, or lacks a column.
    """
    with open_upstream(path) as upstream:
        kind = upstream.kind
        if kind.holds == "text":
            _refuse_sheet(path, kind.name, sheet)
            lines = TextLines(text_stream(upstream, path), path, _HEADER_BYTES)
            return [name.strip() for name in find_layout(lines, path, columns, DELIMITERS, _QUOTE).names]
    if kind.holds == "workbook":
        return sheet_header(path, columns, sheet)
    _refuse_sheet(path, kind.name, sheet)
    return columnar_header(path, columns)
