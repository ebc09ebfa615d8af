"""Sheets of workbooks, with or without a title row above the header."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.screens.batch import Rejections
from pipeline_lib.screens.block_parser import not_a_number, number_column
from pipeline_lib.screens.row_block import Column, RowBlock, column_places
from pipeline_lib.screens.upstream_file import open_upstream

_TITLE_ROWS = 3
"""Rows above the header that are looked past."""


def read_sheet(path: Path, columns: Mapping[str, Column], rejections: Rejections) -> RowBlock:
    """Read the wanted columns of a workbook's first sheet.

    The header is the first row, or one of the next few where titles stand above it.

    Parameters
    ----------
    path
        The workbook (.xlsx).
    columns
        Wanted columns by the name that the caller uses.
    rejections
        Gets the rows whose numbers are none.

    Raises
    ------
    PipelineError
        When the file is no workbook, has no such header, or no rows.
    """
    sheet = _load(path)
    header_row, places = _find_header(path, sheet, columns)
    body = sheet.slice(header_row + 1)
    if body.height == 0:
        raise PipelineError(f"{path}: the sheet holds no rows below its header; give the whole file.")
    lines = np.arange(body.height, dtype=np.int64) + header_row + 2

    def originals(rows: NDArray[np.int64]) -> list[str]:
        return ["\t".join("" if cell is None else cell for cell in body.row(int(row))) for row in rows]

    usable = np.ones(body.height, dtype=bool)
    converted: dict[str, pa.Array] = {}
    block = RowBlock(pa.table({}), lines, originals)
    for name, place in places.items():
        encoded = body.to_series(place).fill_null("").to_arrow().cast(pa.string()).dictionary_encode()
        if columns[name].holds == "text":
            converted[name] = encoded
            continue
        values, wrong = number_column(encoded)
        wrong &= usable
        reasons = [not_a_number(columns[name], text) for text in encoded.filter(pa.array(wrong)).to_pylist()]
        block.reject(wrong, reasons, rejections)
        usable &= ~wrong
        converted[name] = pa.array(values, from_pandas=True)
    rows = np.flatnonzero(usable)
    return RowBlock(pa.table(converted).take(pa.array(rows)), lines[rows], lambda some: originals(rows[some]))


def _load(path: Path) -> Any:  # noqa: ANN401 - a polars frame; polars is imported where it is used
    """Return the first sheet, every cell as text."""
    import fastexcel

    with open_upstream(path) as stream:
        content = stream.read()
    try:
        workbook = fastexcel.read_excel(content)
        return workbook.load_sheet(0, header_row=None, dtypes="string").to_polars()
    except fastexcel.FastExcelError as error:
        reason = str(error).splitlines()[0]
        raise PipelineError(f"{path} is not a workbook that can be read ({reason}); fetch it again.") from error


def _find_header(path: Path, sheet: Any, columns: Mapping[str, Column]) -> tuple[int, dict[str, int]]:  # noqa: ANN401
    failures: list[tuple[int, PipelineError]] = []
    for row in range(min(_TITLE_ROWS, sheet.height)):
        header = ["" if cell is None else str(cell) for cell in sheet.row(row)]
        try:
            return row, column_places(header, columns, f"{path}: row {row + 1}")
        except PipelineError as error:
            failures.append((sum(map(bool, header)), error))
    if not failures:
        raise PipelineError(f"{path}: the sheet holds no rows; give the whole file.")
    # The fullest of the first rows is the one that was meant as the header.
    raise max(failures, key=lambda failure: failure[0])[1]
