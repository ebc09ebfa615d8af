"""One look for every figure: sizes of a journal's columns, colours for colour-blind readers, the axis of P-values."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd


MM = 1 / 25.4
ONE_COLUMN = 88 * MM
TWO_COLUMNS = 180 * MM
"""Widths of one and two columns of a journal page, in inches."""

INK = "#24292f"
QUIET = "#8c959f"
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999933", "#882255")
"""Okabe and Ito's colours (2008), the strongest first, and two of Tol's."""

CLP, RIVAL, BASELINE, CEILING = PALETTE[0], PALETTE[1], QUIET, PALETTE[2]
DENSITY = "viridis"

_SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "patch.linewidth": 0.5,
    "figure.constrained_layout.use": True,
    "savefig.bbox": "tight",
    "savefig.pad_inches": 0.03,
    "svg.hashsalt": "cell-latent-perturbation",
    "svg.fonttype": "path",
    "figure.max_open_warning": 0,
}


def plain_logarithm(axis: Axis) -> None:
    """Make an axis logarithmic with plain numbers at 1, 2 and 5 (1 alone over many decades)."""
    if axis is axis.axes.xaxis:
        axis.axes.set_xscale("log")
    else:
        axis.axes.set_yscale("log")
    low, high = axis.get_view_interval()
    steps = (1.0, 2.0, 5.0) if high < 300 * max(low, 1e-12) else (1.0,)
    axis.set_major_locator(LogLocator(subs=steps))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}" if value < 1e6 else f"{value / 1e6:,g} M"))
    axis.set_minor_formatter(NullFormatter())


def equal_axes(axes: Axes, low: float, high: float) -> None:
    """Give both axes of a panel one range and one length a unit, so that what is compared can be compared by eye."""
    room = 0.03 * max(high - low, 1e-9)
    axes.set(xlim=(low - room, high + room), ylim=(low - room, high + room), aspect="equal")
    ticks = axes.xaxis.get_major_locator().tick_values(low, high)
    inside = [tick for tick in ticks if low - room <= tick <= high + room]
    axes.set(xticks=inside, yticks=inside)


def legend_below(figure: Figure, entries: tuple[Sequence[Artist], Sequence[str]], columns: int) -> None:
    """Put a legend of handles and their labels below the panels of a figure."""
    figure.legend(*entries, loc="outside lower center", ncols=columns)


def dots_of_parts(panel: Axes, wholes: "pd.Series[int]", parts: "pd.Series[int]", labels: tuple[str, str]) -> None:
    """Draw a dot of each whole and of its part, one line each, and their legend below the figure.

    Dots, since a bar has no foot on a logarithmic axis; a part of 0 has none.
    """
    y = np.arange(len(wholes))
    panel.plot(wholes, y, "o", color=BASELINE, label=labels[0])
    panel.plot(parts.where(parts > 0), y, "o", color=CLP, label=labels[1])
    panel.grid(axis="y", linewidth=0.3)
    panel.figure.legend(*panel.get_legend_handles_labels(), loc="outside lower right", ncols=2)


@contextmanager
def paper_style() -> Iterator[None]:
    """Draw in the style of the report; what was set before comes back afterwards."""
    with mpl.rc_context():
        sns.set_theme(context="paper", style="ticks", palette=PALETTE, rc=_SETTINGS)
        cast("dict[str, Any]", mpl.rcParams).update(_SETTINGS)
        yield


LABEL = "−log₁₀ P"
KINK = 10.0
"""Up to here the axis is linear; from here on ten times as much is as far again."""
_TICKS = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 20.0, 50.0, 100.0, 200.0)
_COARSE = (0.0, 5.0, 10.0, 30.0, 100.0, 300.0)
_FINE = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
_SMALLEST = 1e-300


def significance(p: "pd.Series[float]") -> "pd.Series[float]":
    """Return minus log10 of P-values; a P that was released as zero counts as the smallest other one."""
    positive = p[p > 0]
    found: pd.Series[float] = -p.clip(lower=float(positive.min()) if len(positive) else _SMALLEST).map(np.log10)
    return found


def height(values: "float | NDArray[np.float64] | pd.Series[float]") -> NDArray[np.float64]:
    """Return where minus log10 P lies on the axis, in units of its linear part."""
    given = np.asarray(values, np.float64)
    return np.where(given <= KINK, given, KINK * (1 + np.log10(np.maximum(given, KINK) / KINK)))


def ticks(top: float) -> list[float]:
    """Return the values of minus log10 P that an axis up to the height `top` names."""
    values = _FINE if top <= _FINE[-1] else _TICKS if top <= KINK else _COARSE
    return [value for value in values if float(height(value)) <= top]


def name_ticks(axis: Axis, top: float) -> None:
    """Name the ticks of an axis that shows heights up to `top`."""
    named = ticks(top)
    axis.set_major_locator(FixedLocator([float(height(value)) for value in named]))
    axis.set_major_formatter(FixedFormatter([f"{value:g}" for value in named]))
