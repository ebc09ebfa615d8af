"""Sheets of workbooks, with or without title rows above the header, and cells merged over several rows."""

import html
import io
import re
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.row_block import Column, Rejections, RowBlock, column_places
from pipeline_lib.sources.table_layout import TITLE_ROWS
from pipeline_lib.sources.upstream_file import open_upstream
from pipeline_lib.sources.written_numbers import no_number, parse_numbers, truth_as_numbers

if TYPE_CHECKING:
    import polars as pl


_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_SHEET = re.compile(r"<(?:\w+:)?sheet\s[^>]*>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\s[^>]*>")
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)"')


@dataclass(frozen=True)
class MergedCells:
    """A range of merged cells.

    Attributes
    ----------
    name
        As spreadsheet programs write it (``A2:A4``).
    first_column, last_column
        From 0.
    first_row, last_row
        From 1.
    """

    name: str
    first_column: int
    last_column: int
    first_row: int
    last_row: int


def merged_rows(content: bytes, sheet: str, columns: Collection[int], below: int) -> MergedCells | None:
    """Return the first range of merged cells that holds several rows of some columns.

    Parameters
    ----------
    content
        The workbook. Only .xlsx files say which cells are merged; of others nothing is known.
    sheet
        Name of the sheet.
    columns
        Positions of the columns, from 0.
    below
        Row of the header, from 1: only rows below it count.
    """
    return next(
        (
            cells
            for cells in _merged_cells(content, sheet)
            if cells.last_row > max(cells.first_row, below + 1)
            and any(cells.first_column <= column <= cells.last_column for column in columns)
        ),
        None,
    )


def _merged_cells(content: bytes, sheet: str) -> Iterator[MergedCells]:
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if not {_WORKBOOK, _RELATIONS} <= set(archive.namelist()):
            return
        ids = {
            html.unescape(_attribute(tag, "name")): _attribute(tag, r"\w+:id")
            for tag in _SHEET.findall(archive.read(_WORKBOOK).decode("utf-8"))
        }
        targets = {
            _attribute(tag, "Id"): _attribute(tag, "Target")
            for tag in _RELATION.findall(archive.read(_RELATIONS).decode("utf-8"))
        }
        target = targets.get(ids.get(sheet, ""), "")
        member = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        if member not in archive.namelist():
            return
        for left, top, right, bottom in _MERGED.findall(archive.read(member)):
            yield MergedCells(
                f"{left.decode()}{int(top)}:{right.decode()}{int(bottom)}",
                _column(left),
                _column(right),
                int(top),
                int(bottom),
            )


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'\s{name}="([^"]*)"', tag)
    return found[1] if found else ""


def _column(letters: bytes) -> int:
    """Return the position of a column, from 0: A is 0, Z 25, AA 26."""
    position = 0
    for letter in letters:
        position = position * 26 + letter - ord("A") + 1
    return position - 1


_TRUTH_VALUES = ("true", "false")


def read_sheet(
    path: Path, columns: Mapping[str, Column], rejections: Rejections, wanted: str | None = None
) -> RowBlock:
    """Read the wanted columns of a workbook: of the one sheet that has them, or of the sheet that is named.

    The header is the first of the sheet's first rows that names the wanted columns. A number is the number of the
    cell, to its last digit; a number that was typed as text is read by the rules of `parse_numbers`. Empty rows are
    left out.

    Parameters
    ----------
    path
        The workbook (.xlsx, .xls or .ods).
    columns
        Wanted columns by the name that the caller uses.
    rejections
        Gets the rows whose numbers are none.
    wanted
        Name of the sheet to read. None: the one that has the columns; hidden sheets only where no visible one has them.

    Raises
    ------
    PipelineError
        When the file is no workbook, has no such header, has it in several sheets, has no rows, or merges
        cells of wanted columns over several rows.
    """
    content, workbook = _open(path)
    sheet, header_row, places = _find_header(path, workbook, columns, wanted)
    merged = merged_rows(content, sheet, set(places.values()), header_row + 1)
    if merged:
        raise PipelineError(
            f"{path}: sheet '{sheet}': the cells {merged.name} are merged, so that only the first row has the value; "
            "split them and write the value into every row."
        )
    text = _load(path, workbook, sheet, "string").to_polars()
    # Text loses the digits of a number beyond the ninth decimal, numbers lose what is not one: both are needed.
    text, numbers = (cells.slice(header_row + 1) for cells in (text, _load(path, workbook, sheet, "float").to_polars()))
    filled = np.flatnonzero(~text.select(_all_empty()).to_series().to_numpy())
    if not len(filled):
        raise PipelineError(f"{path}: the sheet '{sheet}' holds no rows below its header; give the whole file.")
    text, numbers = text[filled], numbers[filled]
    lines = filled + header_row + 2

    def originals(rows: NDArray[np.int64]) -> list[str]:
        return ["\t".join("" if cell is None else cell for cell in text.row(int(row))) for row in rows]

    usable = np.ones(len(lines), dtype=bool)
    converted: dict[str, pa.Array] = {}
    block = RowBlock(pa.table({}), lines, originals)
    for name, place in places.items():
        cells = text.to_series(place).fill_null("")
        if not columns[name].is_number:
            converted[name] = cells.to_arrow().cast(pa.string()).dictionary_encode()
            continue
        spelling = columns[name].spellings[0]
        values = numbers.to_series(place).cast(float).fill_null(float("nan")).to_numpy()
        is_number = np.isfinite(values) & ~cells.is_in(_TRUTH_VALUES).to_numpy()
        typed = pa.array(np.where(is_number, "", cells.to_numpy()), pa.string()).dictionary_encode()
        if columns[name].holds == "number or truth":
            typed = truth_as_numbers(typed)
        parsed = parse_numbers(typed, lines, comma_allowed=True)
        parsed.signs.check(path, spelling, comma_allowed=True)
        parsed.signs.check_whole(path, spelling, comma_allowed=True)
        wrong = parsed.wrong & usable
        reasons = [no_number(spelling, cell) for cell in typed.filter(pa.array(wrong)).to_pylist()]
        block.reject(wrong, reasons, rejections)
        usable &= ~wrong
        converted[name] = pa.array(np.where(is_number, values, parsed.values), from_pandas=True)
    rows = np.flatnonzero(usable)
    return RowBlock(pa.table(converted).take(pa.array(rows)), lines[rows], lambda some: originals(rows[some]))


def sheet_header(path: Path, columns: Mapping[str, Column], wanted: str | None = None) -> list[str]:
    """Return the names of all columns of the sheet that `read_sheet` reads, '' for one without a name.

    Raises
    ------
    PipelineError
        When the file is no workbook, has no such header, or has it in several sheets.
    """
    workbook = _open(path)[1]
    sheet, row, _ = _find_header(path, workbook, columns, wanted)
    cells = _load(path, workbook, sheet, "string", TITLE_ROWS).to_polars().row(row)
    return ["" if cell is None else str(cell).strip() for cell in cells]


def _open(path: Path) -> tuple[bytes, Any]:
    """Return a workbook's bytes and its reader, which is of fastexcel, imported where it is used."""
    import fastexcel

    with open_upstream(path) as upstream:
        if upstream.kind.holds != "workbook":
            raise PipelineError(f"{path} is {upstream.kind.name}; give the workbook (.xlsx) itself.")
        content, name = upstream.stream.read(), upstream.kind.name
    try:
        return content, fastexcel.read_excel(content)
    except fastexcel.FastExcelError as error:
        raise PipelineError(_unreadable(path, name, error)) from error


def _load(path: Path, workbook: Any, sheet: str, kind: str, rows: int | None = None) -> Any:  # noqa: ANN401
    """Return a sheet from its first row, every cell as text ("string") or as a number where it is one ("float")."""
    import fastexcel

    try:
        return workbook.load_sheet(sheet, header_row=None, skip_rows=0, n_rows=rows, dtypes=kind)
    except fastexcel.FastExcelError as error:
        raise PipelineError(_unreadable(path, f"a workbook with a sheet '{sheet}'", error)) from error


def _unreadable(path: Path, what: str, error: Exception) -> str:
    return (
        f"{path} begins as {what} but cannot be read ({str(error).splitlines()[0]}); "
        "save it as xlsx or csv, or fetch it again."
    )


def _all_empty() -> "pl.Expr":
    import polars as pl

    return pl.all_horizontal(pl.all().is_null())


def _find_header(
    path: Path,
    workbook: Any,  # noqa: ANN401
    columns: Mapping[str, Column],
    wanted: str | None,
) -> tuple[str, int, dict[str, int]]:
    """Return the sheet to read, the row of its header (from 0) and where each wanted column is."""
    sheets: list[str] = workbook.sheet_names
    if wanted is not None and wanted not in sheets:
        raise PipelineError(f"{path}: there is no sheet '{wanted}'; there are: {_listed(sheets)}.")
    failures: list[tuple[int, PipelineError]] = []
    found: dict[bool, list[tuple[str, int, dict[str, int]]]] = {True: [], False: []}
    for sheet in sheets if wanted is None else [wanted]:
        where = f"{path}: sheet '{sheet}'" if len(sheets) > 1 else f"{path}"
        loaded = _load(path, workbook, sheet, "string", TITLE_ROWS)
        for row, cells in enumerate(loaded.to_polars().iter_rows()):
            header = ["" if cell is None else str(cell) for cell in cells]
            try:
                places = column_places(header, columns, f"{where}: row {row + 1}")
            except PipelineError as error:
                failures.append((sum(map(bool, header)), error))
                continue
            found[loaded.visible == "visible"].append((sheet, row, places))
            break
    candidates = found[True] or found[False]
    if len(candidates) > 1:
        listed = _listed([sheet for sheet, _, _ in candidates])
        raise PipelineError(
            f"{path}: the sheets {listed} all have the wanted columns; name the one to read by the key 'sheet' of the "
            "screen, or keep one in the workbook."
        )
    if candidates:
        return candidates[0]
    if not failures:
        raise PipelineError(f"{path}: the sheet holds no rows; give the whole file.")
    # The fullest of the first rows is the one that was meant as the header.
    raise max(failures, key=lambda failure: failure[0])[1]


def _listed(sheets: Sequence[str]) -> str:
    return ", ".join(f"'{sheet}'" for sheet in sheets)
