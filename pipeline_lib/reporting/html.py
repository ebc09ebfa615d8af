"""The report: one self-contained page that works from a file, without a network."""

import base64
from dataclasses import dataclass, field
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import jinja2
from PIL import Image

from pipeline_lib.reporting.drawing import FigureRecord
from pipeline_lib.reporting.findings import Finding
from pipeline_lib.reporting.html_table import HtmlTable
from pipeline_lib.reporting.small_svg import small_svg


@dataclass(frozen=True)
class EmbeddedFigure:
    """A figure inside the page: both formats as data addresses, and the size it is shown at."""

    name: str
    title: str
    caption: str
    alternative: str
    svg: str
    png: str
    width: int
    height: int


@dataclass
class Section:
    """One section of the page.

    Attributes
    ----------
    key, title
        Its address on the page and its heading.
    paragraphs, figures, tables, blocks, references
        What it holds, in this order.
    missing
        Figures that this run has nothing for; the page shows their captions, which say why.
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
    missing: list[FigureRecord] = field(default_factory=list)
    absent: str = ""


@dataclass(frozen=True)
class Fact:
    """A name and a value of the first screen."""

    name: str
    value: str


def embed(record: FigureRecord, folder: Path, dpi: int) -> EmbeddedFigure:
    """Read a figure's two files into the page; two columns fill the page."""
    png, svg = folder / f"{record.name}.png", folder / f"{record.name}.svg"
    with Image.open(png) as picture:
        width, height = picture.size
        small = _with_palette(picture)
    shown = 96 / dpi * 1.62
    return EmbeddedFigure(
        name=record.name, title=record.title, caption=record.caption, alternative=record.alternative,
        svg=_address(small_svg(svg.read_text("utf-8")).encode(), "image/svg+xml"), png=_address(small, "image/png"),
        width=round(width * shown), height=round(height * shown),
    )  # fmt: skip


def _with_palette(picture: Image.Image) -> bytes:
    """Return a PNG of 256 colours: a third of the bytes, and no eye tells it from the file in ``figures/``."""
    content = BytesIO()
    flat = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    flat.save(content, "PNG", optimize=True, dpi=picture.info.get("dpi"))
    return content.getvalue()


def _address(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def render(
    *,
    run: str,
    description: str,
    counts: str,
    drawing: EmbeddedFigure | None,
    facts: list[Fact],
    findings: list[Finding],
    sections: list[Section],
    provenance: dict[str, Any],
) -> str:
    """Return the page; every text is escaped, whatever a gene or a screen is called."""
    return _template("report.html.j2").render(
        run=run, description=description, counts=counts, drawing=drawing,
        facts=facts, findings=findings, sections=sections, provenance=provenance,
        style=_page("report.css"), script=_page("report.js"),
    )  # fmt: skip


def render_gallery(run: str, topics: list[tuple[str, list[FigureRecord]]]) -> str:
    """Return the gallery: every figure of every topic, read from the files beside the page."""
    return _template("gallery.html.j2").render(run=run, topics=topics, style=_page("report.css"))


def _page(name: str) -> str:
    return (files("pipeline_lib.reporting") / "page" / name).read_text(encoding="utf-8")


def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(_page(name))
