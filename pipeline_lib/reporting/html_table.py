"""Tables of the page: sortable, filterable, downloadable, and escaped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from pipeline_lib.reporting.packed_json import packed_json

FIRST = 10
"""Rows that are shown until a reader opens all."""
_LONG = 60
"""Characters beyond which a text is given a wide column, lest its row be as tall as the table."""


@dataclass(frozen=True)
class Cell:
    """One cell: what is sorted and exported, and what is shown.

    Attributes
    ----------
    value
        A number, a text, or None where there is none.
    text
        What is shown.
    link
        Where the text leads; '' for nowhere.
    """

    value: float | str | None
    text: str
    link: str = ""

    @property
    def wide(self) -> bool:
        """Whether the text needs width."""
        return len(self.text) > _LONG


@dataclass(frozen=True)
class Column:
    """A column: its head, whether it holds numbers, and their digits after the point."""

    label: str
    number: bool
    digits: int


@dataclass(frozen=True)
class Filter:
    """A drop-down above a table; ``chosen`` is selected at first."""

    label: str
    column: int
    options: list[str]
    chosen: str = ""


@dataclass(frozen=True)
class HtmlTable:
    """A table of the page.

    Attributes
    ----------
    name, title
        File name of its CSV, and its heading.
    columns, rows
        What it holds.
    filters
        Drop-downs above it.
    folded
        Whether the page shows its heading alone until a reader opens it.
    """

    name: str
    title: str
    columns: list[Column]
    rows: list[list[Cell]]
    filters: list[Filter] = field(default_factory=list)
    folded: bool = True

    @property
    def chosen(self) -> list[list[Cell]]:
        """The rows that pass the filters as they are at first."""
        wanted = [(one.column, one.chosen) for one in self.filters if one.chosen]
        return [row for row in self.rows if all(str(row[column].value) == value for column, value in wanted)]

    @property
    def first(self) -> list[list[Cell]]:
        """The rows that stand on the page itself."""
        return self.chosen[:FIRST]

    @property
    def long(self) -> bool:
        """Whether a reader is helped by filters."""
        return len(self.rows) > FIRST

    @property
    def data(self) -> str:
        """Every row, packed: most tables are never opened beyond their first rows. A cell with a link is a pair."""
        rows = [[[cell.value, cell.link] if cell.link else cell.value for cell in row] for row in self.rows]
        digits = [column.digits if column.number else None for column in self.columns]
        return packed_json({"digits": digits, "rows": rows})


def html_table(
    name: str,
    title: str,
    frame: pd.DataFrame,
    *,
    labels: Mapping[str, str] | None = None,
    filters: Mapping[str, str] | None = None,
    links: Mapping[str, Sequence[str]] | None = None,
    digits: int = 3,
    folded: bool = True,
) -> HtmlTable:
    """Turn a frame into a table of the page.

    Parameters
    ----------
    name
        Identifier and file name of the CSV.
    title
        Heading.
    frame
        What to show, in this order.
    labels
        Heads of columns; a column without one keeps its name.
    filters
        Columns to filter by, and the value that is chosen at first ('' for all, and where no row has it).
    links
        Column to the address of each of its cells; '' for none.
    digits
        Digits after the point of fractional numbers.
    folded
        Whether the page shows the heading alone at first.
    """
    labels, links = labels or {}, links or {}
    heads = [str(column) for column in frame.columns]
    columns, cells = [], []
    for head in heads:
        values = frame[head]
        displayed = _digits(values, digits)
        columns.append(Column(labels.get(head, head.replace("_", " ")), displayed is not None, displayed or 0))
        cells.append(_cells(values, displayed, links.get(head, [""] * len(frame))))
    chosen = [
        Filter(labels.get(head, head.replace("_", " ")), heads.index(head), options, value if value in options else "")
        for head, value in (filters or {}).items()
        if len(options := _options(frame[head])) > 1
    ]
    return HtmlTable(name, title, columns, [list(row) for row in zip(*cells, strict=True)], chosen, folded)


def _options(values: pd.Series) -> list[str]:
    return sorted(values.dropna().astype(str).unique())


def _digits(values: pd.Series, digits: int) -> int | None:
    """Return the digits after the point of a column's numbers; None where it holds texts."""
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        return None
    return 0 if pd.api.types.is_integer_dtype(values) else digits


def _cells(values: pd.Series, digits: int | None, links: Sequence[str]) -> list[Cell]:
    return [_cell(value, digits, link) for value, link in zip(values, links, strict=True)]


def _cell(value: Any, digits: int | None, link: str) -> Cell:  # noqa: ANN401 - whatever a frame holds
    if digits is not None:
        if pd.isna(value) or not np.isfinite(value):
            return Cell(None, "–", link)
        number = int(value) if digits == 0 else float(value)
        return Cell(number, f"{number:,.{digits}f}", link)
    if isinstance(value, bool | np.bool_):
        text = "yes" if value else "no"
    # Lists count as values; None, NaN and NA as nothing.
    else:
        text = "" if value is None or (np.ndim(value) == 0 and pd.isna(value)) else str(value)
    return Cell(text, text, link)
