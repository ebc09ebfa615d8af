"""The report: one self-contained page and its tables, that works from a file without a network."""

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd

from pipeline_lib.reporting.chart import Chart, Grid
from pipeline_lib.reporting.drawing import NARROW, WIDE, FigureRecord, Picture, read_picture
from pipeline_lib.reporting.findings import Finding


def packed_json(content: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    """Return JSON as base64 of gzip: no character of it can be read as markup, and equal contents give equal texts.

    Raises
    ------
    ValueError
        For NaN and infinity, which JSON has no word for.
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode("ascii")


FIRST = 10
"""Rows that most tables show until a reader opens all."""
_DIGITS = 3
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
    at_first
        Rows that are shown until a reader opens all.
    rankings
        Places of columns of ranks, one of which a reader chooses as the order; at first it is the first.
    """

    name: str
    title: str
    columns: list[Column]
    rows: list[list[Cell]]
    filters: list[Filter] = field(default_factory=list)
    folded: bool = True
    at_first: int = FIRST
    rankings: tuple[int, ...] = ()

    @property
    def chosen(self) -> list[list[Cell]]:
        """The rows that pass the filters as they are at first."""
        wanted = [(one.column, one.chosen) for one in self.filters if one.chosen]
        return [row for row in self.rows if all(str(row[column].value) == value for column, value in wanted)]

    @property
    def first(self) -> list[list[Cell]]:
        """The rows that stand on the page itself."""
        return self.chosen[: self.at_first]

    @property
    def long(self) -> bool:
        """Whether a reader is helped by filters."""
        return len(self.rows) > self.at_first

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
    digits: Mapping[str, int] | None = None,
    folded: bool = True,
    at_first: int = FIRST,
    rankings: Sequence[str] = (),
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
        Digits after the point of a column's fractional numbers; 3 in others.
    folded
        Whether the page shows the heading alone at first.
    at_first
        Rows that are shown until a reader opens all.
    rankings
        Columns of ranks, one of which a reader chooses as the order; `frame` stands in that of the first.
    """
    labels, links, digits = labels or {}, links or {}, digits or {}
    heads = [str(column) for column in frame.columns]
    columns, cells = [], []
    for head in heads:
        values = frame[head]
        displayed = _digits(values, digits.get(head, _DIGITS))
        columns.append(Column(labels.get(head, head.replace("_", " ")), displayed is not None, displayed or 0))
        cells.append(_cells(values, displayed, links.get(head, [""] * len(frame))))
    chosen = [
        Filter(labels.get(head, head.replace("_", " ")), heads.index(head), options, value if value in options else "")
        for head, value in (filters or {}).items()
        if len(options := _options(frame[head])) > 1
    ]
    rows = [list(row) for row in zip(*cells, strict=True)]
    return HtmlTable(name, title, columns, rows, chosen, folded, at_first, tuple(map(heads.index, rankings)))


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


@dataclass(frozen=True)
class EmbeddedFigure:
    """A figure inside the page, as it is drawn and in one column; its SVG and PNG lie beside the page."""

    name: str
    title: str
    caption: str
    alternative: str
    wide: Picture
    narrow: Picture


@dataclass
class Section:
    """One section of the page.

    Attributes
    ----------
    key, title
        Its address on the page and its heading.
    findings, paragraphs, grids, charts, figures, tables, blocks, references
        What it holds, in this order.
    gene_pages
        Whether a reader looks up genes here.
    folded
        Whether the page shows its heading alone until a reader opens it.
    absent
        Why this run has nothing for the whole section, which is then left out; empty where it has.
    """

    key: str
    title: str
    paragraphs: list[str] = field(default_factory=list)
    figures: list[EmbeddedFigure] = field(default_factory=list)
    tables: list[HtmlTable] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    references: list[tuple[str, str, str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    gene_pages: bool = False
    folded: bool = False
    absent: str = ""


@dataclass(frozen=True)
class Tab:
    """Sections that a reader looks at together, under one name of the navigation."""

    key: str
    title: str
    sections: list[Section]


@dataclass(frozen=True)
class Fact:
    """A name and a value of the first screen."""

    name: str
    value: str


@dataclass(frozen=True)
class FirstScreen:
    """What a reader sees before the tabs: whose run, the verdict, its drawing where there is one, the facts."""

    run: str
    verdict: str
    grids: list[Grid]
    facts: list[Fact]


def embed(record: FigureRecord, folder: Path) -> EmbeddedFigure:
    """Read the pictures of a figure into the page."""
    return EmbeddedFigure(
        name=record.name,
        title=record.title,
        caption=record.caption,
        alternative=record.alternative,
        wide=read_picture(folder / WIDE.format(name=record.name)),
        narrow=read_picture(folder / NARROW.format(name=record.name)),
    )


def render(first: FirstScreen, tabs: list[Tab], gene_pages: str, provenance: dict[str, Any]) -> str:
    """Return the page; every text is escaped, whatever a gene or a screen is called.

    Parameters
    ----------
    first, tabs
        What it shows.
    gene_pages
        What `pipeline_lib.reporting.gene_pages.gene_pages` returns.
    provenance
        The run's provenance.
    """
    return _template("report.html.j2").render(
        first=first,
        tabs=tabs,
        gene_pages=gene_pages,
        provenance=provenance,
        style=_page("report.css"),
        script="\n".join(_page(name) for name in ("unpack.js", "tabs.js", "tables.js", "genes.js")),
    )


def render_gallery(run: str, topics: list[tuple[str, list[FigureRecord]]]) -> str:
    """Return the gallery: every figure that shows something, by topic, read from the files beside the page."""
    drawn = [(topic, [record for record in records if not record.empty]) for topic, records in topics]
    displayed = [(topic, records) for topic, records in drawn if records]
    return _template("gallery.html.j2").render(run=run, topics=displayed, style=_page("report.css"))


def _page(name: str) -> str:
    return (files("pipeline_lib.reporting") / "page" / name).read_text(encoding="utf-8")


def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_page),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
