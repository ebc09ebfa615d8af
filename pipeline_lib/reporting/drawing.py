"""A drawn figure, its words, how both are kept on disk, and how it looks on the page and on a phone."""

import base64
import re
import shutil
import textwrap
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.ticker import AutoLocator, MaxNLocator
from PIL import Image

from pipeline_lib.artefacts.atomic import atomic_path, read_json, write_json, write_text
from pipeline_lib.reporting.style import legend_below

WIDTH = 3.0
"""Inches: at the width of a phone's screen a label of 7 points is shown at 11 pixels."""
_LEAST, _MOST = 1.1, 4.6
"""Heights of a panel, in inches."""
_SHORT = 18
"""Characters of a legend's labels, two of which stand beside each other, and of one line of a row's name."""
_LINE = 0.11
"""Height of a line of a row's name, in inches."""
_TICKS = 4


def in_one_column(figure: Figure) -> Figure:
    """Change a drawn figure: one column of panels `WIDTH` wide, legends in lines that fit it.

    Panels keep their heights, those of a fixed shape their proportions; what a panel inherits from its neighbour (tick
    labels of a shared axis) is shown on each.

    Returns
    -------
    Figure
        `figure` itself.
    """
    placed = [axes for axes in figure.axes if axes.get_subplotspec() is not None]
    # A panel with the reason why it is empty is left out: the caption states it too.
    panels = [axes for axes in placed if axes.axison or axes.has_data()] or placed
    for unused in (axes for axes in placed if axes not in panels):
        unused.remove()
    heights = [_height(axes) * _wrapped(axes) for axes in panels]
    legends = [_in_lines(figure, legend) for legend in list(figure.legends)]
    lines = sum(legends)
    figure.set_size_inches(WIDTH, sum(heights) + 0.14 * lines + 0.1)
    grid = GridSpec(len(panels), 1, figure=figure, height_ratios=heights)
    for place, axes in enumerate(panels):
        axes.set_subplotspec(grid[place])
        axes.tick_params(labelbottom=True, labelleft=True)
        if isinstance(axes.xaxis.get_major_locator(), AutoLocator | MaxNLocator):
            axes.locator_params(axis="x", nbins=_TICKS)
    for above, axes in pairwise(panels):
        if not axes.get_ylabel() and _same_values(above, axes):
            axes.set_ylabel(above.get_ylabel())
    figure.set_layout_engine("constrained")
    return figure


def _same_values(above: Axes, below: Axes) -> bool:
    """Tell whether two panels share their vertical axis, so that the label of one is that of the other."""
    return bool(above.get_shared_y_axes().joined(above, below))


def _height(axes: Axes) -> float:
    """Return the height of a panel with its labels when it is `WIDTH` wide, in inches."""
    box = axes.get_tightbbox()
    if box is None:
        return _LEAST
    height, width = box.height / axes.figure.dpi, box.width / axes.figure.dpi
    shaped = axes.get_aspect() != "auto" or bool(axes.images)
    return float(np.clip(height * WIDTH / width if shaped else height, _LEAST, max(_MOST, height)))


def _wrapped(axes: Axes) -> float:
    """Break the names of a panel's rows into lines; return how many times higher its rows have to be."""
    names = [label.get_text() for label in axes.get_yticklabels()]
    # A panel that shares its rows with one before it has their names in lines already.
    lines = [name if "\n" in name else textwrap.fill(name, _SHORT, break_long_words=False) for name in names]
    if not any("\n" in name for name in lines):
        return 1.0
    if lines != names:
        axes.set_yticks(axes.get_yticks(), lines)
    row = axes.get_window_extent().height / axes.figure.dpi / len(names)
    return max(1.0, _LINE * max(name.count("\n") + 1 for name in lines) / row)


def _in_lines(figure: Figure, legend: Legend) -> int:
    """Put a legend below the panels, in as many columns as fit; return its lines."""
    handles = [handle for handle in legend.legend_handles if handle is not None]
    labels = [text.get_text() for text in legend.get_texts()]
    columns = 2 if max(map(len, labels), default=0) <= _SHORT else 1
    legend.remove()
    legend_below(figure, (handles, labels), columns)
    return -(-len(labels) // columns)


WIDE = "page/{name}.webp"
"""A figure below ``figures/`` as it is drawn."""
NARROW = "page/{name}.narrow.webp"
"""The same with its panels below each other."""
_DPI = 180
_SCALE = 96 / _DPI * 1.62
"""Pixels of the page per pixel of a picture: two columns of a journal fill the page."""
_COLOURS = 128


@dataclass(frozen=True)
class Picture:
    """A picture as a data address, and the size that it is shown at, in pixels."""

    address: str
    width: int
    height: int


def write_picture(figure: Figure, path: Path) -> None:
    """Write a figure as a lossless WebP of few colours: a fifth of the bytes of its PNG."""
    content = BytesIO()
    figure.savefig(content, format="png", dpi=_DPI)
    content.seek(0)
    with Image.open(content) as picture:
        few = picture.convert("RGB").quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    with atomic_path(path) as temporary:
        few.convert("RGB").save(temporary, "WEBP", lossless=True, quality=60, method=4)


def read_picture(path: Path) -> Picture:
    """Read what `write_picture` wrote."""
    content = path.read_bytes()
    with Image.open(BytesIO(content)) as picture:
        width, height = (round(side * _SCALE) for side in picture.size)
    return Picture(f"data:image/webp;base64,{base64.b64encode(content).decode('ascii')}", width, height)


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


def with_names(drawn: Drawn, name: Callable[[str], str], reason: str) -> Drawn:
    """Write the models of a figure by other names.

    Parameters
    ----------
    drawn
        The figure, whose texts are changed.
    name
        Returns a text with the models in it by their names for people.
    reason
        What the caption states where a name differs.
    """
    differs = False
    for axes in drawn.figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            texts = [label.get_text() for label in axis.get_ticklabels()]
            if (named := list(map(name, texts))) != texts:
                axis.set_ticks(axis.get_ticklocs(), named)
                differs = True
    for text in drawn.figure.findobj(Text):
        if (named_text := name(text.get_text())) != text.get_text():
            text.set_text(named_text)
            differs = True
    return replace(drawn, caption=f"{drawn.caption} {reason}") if differs else drawn


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
