"""Lay the panels of a figure below each other, so that a phone or half a printed page shows its labels at full size."""

import textwrap
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.legend import Legend
from matplotlib.ticker import AutoLocator, MaxNLocator

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
    # A panel that only says why it is empty is left out: the caption says it too.
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
    figure.legend(handles, labels, loc="outside lower center", ncols=columns)
    return -(-len(labels) // columns)
