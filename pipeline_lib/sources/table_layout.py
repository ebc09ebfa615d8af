"""Where the header of a table stands, what separates its fields, and which column holds what."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.row_block import Column, column_places
from pipeline_lib.sources.text_lines import TextLines

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
