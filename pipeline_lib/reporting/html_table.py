"""Tables of the page: sortable, filterable, downloadable, and escaped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

_LONG = 60
"""Characters beyond which a text is given a wide column, lest its row be as tall as the table."""


@dataclass(frozen=True)
class Cell:
    """One cell: what is sorted and exported, and what is shown."""

    value: str
    text: str
    number: bool = False
    link: str = ""

    @property
    def style(self) -> str:
        """The class of the cell on the page: n for a number, w for words that need width."""
        return "n" if self.number else "w" if len(self.text) > _LONG else ""

    @property
    def carried(self) -> str | None:
        """The value where the page cannot read it off the text; None where it can."""
        told = self.text.replace(",", "") if self.number else self.text
        return None if told == self.value else self.value


@dataclass(frozen=True)
class Column:
    """Head of a column."""

    label: str


@dataclass(frozen=True)
class Filter:
    """A drop-down above a table; ``chosen`` is selected at first."""

    label: str
    column: int
    options: list[str]
    chosen: str = ""


@dataclass(frozen=True)
class HtmlTable:
    """A table of the page."""

    name: str
    title: str
    columns: list[Column]
    rows: list[list[Cell]]
    filters: list[Filter] = field(default_factory=list)


def html_table(
    name: str,
    title: str,
    frame: pd.DataFrame,
    *,
    labels: Mapping[str, str] | None = None,
    filters: Mapping[str, str] | None = None,
    links: Mapping[str, Sequence[str]] | None = None,
    digits: int = 3,
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
        Columns to filter by, and the value that is chosen at first ('' for all).
    links
        Column to the address of each of its cells; '' for none.
    digits
        Digits after the point of fractional numbers; the CSV has full precision.
    """
    labels = labels or {}
    columns = list(frame.columns)
    cells = [_cells(frame[column], digits) for column in columns]
    for column, addresses in (links or {}).items():
        position = columns.index(column)
        cells[position] = [replace(cell, link=link) for cell, link in zip(cells[position], addresses, strict=True)]
    return HtmlTable(
        name=name,
        title=title,
        columns=[Column(labels.get(column, str(column).replace("_", " "))) for column in columns],
        rows=[list(row) for row in zip(*cells, strict=True)],
        filters=[
            Filter(labels.get(column, column.replace("_", " ")), columns.index(column), _options(frame[column]), chosen)
            for column, chosen in (filters or {}).items()
        ],
    )


def _options(values: pd.Series) -> list[str]:
    return sorted(values.dropna().astype(str).unique())


def _cells(values: pd.Series, digits: int) -> Sequence[Cell]:
    if pd.api.types.is_bool_dtype(values):
        return [Cell("yes" if value else "no", "yes" if value else "no") for value in values]
    if pd.api.types.is_integer_dtype(values):
        return [Cell("", "–", number=True) if pd.isna(v) else Cell(str(v), f"{v:,}", number=True) for v in values]
    if pd.api.types.is_float_dtype(values):
        return [
            Cell("", "–", number=True) if not np.isfinite(v) else Cell(repr(float(v)), f"{v:,.{digits}f}", number=True)
            for v in values
        ]
    # Lists count as values; None, NaN and NA as nothing.
    missing = values.isna()
    texts = ["" if gone else str(value) for value, gone in zip(values, missing, strict=True)]
    return [Cell(text, text) for text in texts]
