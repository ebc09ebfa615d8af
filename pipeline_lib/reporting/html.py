"""The report: one self-contained page that works from a file, without a network."""

from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2

from pipeline_lib.reporting.chart import Chart
from pipeline_lib.reporting.drawing import FigureRecord
from pipeline_lib.reporting.findings import Finding
from pipeline_lib.reporting.grid import Grid
from pipeline_lib.reporting.html_table import HtmlTable
from pipeline_lib.reporting.page_pictures import NARROW, WIDE, Picture, read_picture


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
    """What a reader sees before the tabs: whose run, the verdict, its drawing, the facts."""

    run: str
    verdict: str
    scoreboard: Grid | None
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
