"""A drawn figure, its words, and how both are kept on disk."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from pipeline_lib.artefacts.atomic import atomic_path, read_json, write_json


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
        Whether there was nothing to draw; the caption then says why, and pages show it instead of the figure.
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
    """Write every figure as SVG and PNG, the same bytes for the same content, and close it."""
    for item in drawn:
        for suffix, metadata in ((".svg", {"Date": None}), (".png", {"Software": None})):
            with atomic_path(folder / f"{item.name}{suffix}") as temporary:
                item.figure.savefig(temporary, dpi=dpi, metadata=metadata)
            # Both have one layout, and it takes as long as the drawing.
            item.figure.set_layout_engine("none")
        plt.close(item.figure)


def write_records(drawn: list[Drawn], path: Path) -> None:
    """Write the words of a topic's figures beside them."""
    write_json([asdict(FigureRecord(d.name, d.title, d.caption, d.alternative, d.empty)) for d in drawn], path)


def read_records(path: Path) -> list[FigureRecord]:
    """Read what `write_records` wrote."""
    content: list[dict[str, Any]] = read_json(path)
    return [FigureRecord(**item) for item in content]


def empty_figure(name: str, title: str, why: str, width: float) -> Drawn:
    """Return a figure that says why there is nothing to draw: a gap in the data is a finding too."""
    figure, axes = plt.subplots(figsize=(width, width * 0.35))
    axes.axis("off")
    axes.text(0.5, 0.5, why, ha="center", va="center", wrap=True)
    return Drawn(name, figure, title, why, why, empty=True)
