"""A drawn figure, its words, and how both are kept on disk."""

import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from pipeline_lib.artefacts.atomic import atomic_path, read_json, write_json, write_text
from pipeline_lib.reporting.one_column import in_one_column
from pipeline_lib.reporting.page_pictures import NARROW, WIDE, write_picture

_RESTRUCTURED = re.compile(r"([\\*_`|<>:\[\]])")
"""Characters that reStructuredText reads as markup."""


@dataclass(frozen=True)
class Drawn:
    """One figure and its words.

    Attributes
    ----------
    name
        File name without suffix.
    figure
        The figure.
    title
        Heading in the report.
    caption
        What is shown, with n and units; what intervals mean.
    alternative
        What a reader who cannot see the figure should know.
    empty
        Whether there was nothing to draw; the caption then gives the reason, and the report leaves the figure out.
    """

    name: str
    figure: Figure
    title: str
    caption: str
    alternative: str
    empty: bool = False


@dataclass(frozen=True)
class FigureRecord:
    """What the report page knows of a figure."""

    name: str
    title: str
    caption: str
    alternative: str
    empty: bool = False


def save(drawn: list[Drawn], folder: Path, dpi: int) -> None:
    """Write every figure, the same bytes for the same content, and close it.

    ``<name>.svg`` and ``<name>.png`` are for papers; ``page/`` holds what the report embeds: the figure as it is, and
    its panels below each other for narrow screens. A figure in which there was nothing to draw states so in its own
    files, and no page lists it.
    """
    for item in drawn:
        for suffix, metadata in ((".svg", {"Date": None}), (".png", {"Software": None})):
            with atomic_path(folder / f"{item.name}{suffix}") as temporary:
                item.figure.savefig(temporary, dpi=dpi, metadata=metadata)
            # All have one layout, and it takes as long as the drawing.
            item.figure.set_layout_engine("none")
        write_picture(item.figure, folder / WIDE.format(name=item.name))
        narrow = item.figure if item.empty else in_one_column(item.figure)
        write_picture(narrow, folder / NARROW.format(name=item.name))
        plt.close(item.figure)


def write_listed(drawn: list[Drawn], figures: Path, listed: Path, captions: Path) -> None:
    """Write what ``snakemake --report`` lists: a folder of the figures that show something, and their words.

    Parameters
    ----------
    drawn
        Figures of one topic, saved.
    figures
        Folder that `save` wrote them to.
    listed
        Folder for copies of those that show something.
    captions
        Template of reStructuredText: Snakemake renders it once a file, whose name is the wildcard ``figure``.
    """
    displayed = [item for item in drawn if not item.empty]
    listed.mkdir(parents=True, exist_ok=True)
    for item in displayed:
        with atomic_path(listed / f"{item.name}.svg") as temporary:
            shutil.copyfile(figures / f"{item.name}.svg", temporary)
    # Within a literal of Python no character is a template's.
    words = {item.name: f"{_plain(item.title)}. {_plain(item.caption)}" for item in displayed}
    write_text(f"{{{{ {words!r}[snakemake.wildcards.figure] }}}}\n", captions)


def _plain(text: str) -> str:
    """Return a text as reStructuredText in which no character is markup."""
    return _RESTRUCTURED.sub(r"\\\1", " ".join(text.split()))


def write_records(drawn: list[Drawn], path: Path) -> None:
    """Write the words of a topic's figures beside them."""
    write_json([asdict(FigureRecord(d.name, d.title, d.caption, d.alternative, d.empty)) for d in drawn], path)


def read_records(path: Path) -> list[FigureRecord]:
    """Read what `write_records` wrote."""
    content: list[dict[str, Any]] = read_json(path)
    return [FigureRecord(**item) for item in content]


def empty_figure(name: str, title: str, why: str, width: float) -> Drawn:
    """Return a figure that states why there is nothing to draw: a gap in the data is a finding too."""
    figure, axes = plt.subplots(figsize=(width, width * 0.35))
    axes.axis("off")
    axes.text(0.5, 0.5, why, ha="center", va="center", wrap=True)
    return Drawn(name, figure, title, why, why, empty=True)
