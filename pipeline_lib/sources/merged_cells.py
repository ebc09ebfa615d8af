"""Cells of an Excel workbook that are merged over several rows, of which only the first has a value."""

import html
import io
import re
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass

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
