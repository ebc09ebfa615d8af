"""Tables of one's own: what kind of file one is shows in its content, never in its name."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.columnar_table import columnar_header, read_columnar
from pipeline_lib.sources.excel_table import read_sheet, sheet_header
from pipeline_lib.sources.rejections import Rejections
from pipeline_lib.sources.row_block import Column, RowBlock, one_block
from pipeline_lib.sources.table_layout import DELIMITERS, find_layout
from pipeline_lib.sources.text_lines import TextLines
from pipeline_lib.sources.text_table import read_blocks, text_stream
from pipeline_lib.sources.upstream_file import open_upstream
from pipeline_lib.sources.written_numbers import no_number

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
