"""A drawn figure, its words, and how both are kept on disk."""

import re
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
    its panels below each other for narrow screens and print. ``captions/`` holds its words for ``snakemake --report``.
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
        write_text(_caption(item), folder / "captions" / f"{item.name}.rst")
        plt.close(item.figure)


def _caption(item: Drawn) -> str:
    """Return title and caption as reStructuredText in which no character is markup, nor a template's."""
    title, caption = (_RESTRUCTURED.sub(r"\\\1", " ".join(text.split())) for text in (item.title, item.caption))
    words = f"{title}. {caption}\n".replace("{% endraw %}", "")
    return f"{{% raw %}}{words}{{% endraw %}}"


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
