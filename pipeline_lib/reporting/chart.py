"""Drawings inside the page: interactive charts of points, and grids of verdicts with an interval in each cell."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from matplotlib.ticker import MaxNLocator

from pipeline_lib.evaluation.tables.differences import Verdict
from pipeline_lib.reporting import style

_TICKS = 5
_LETTER, _LINE = 2.1, 6.5
"""Width of a letter and height of a line in percent of a chart as wide as a phone."""
_RADIUS = (1.3, 1.8)
"""Half of a point's width and height, likewise."""
_LINES_AWAY = (0, -1, 1, -2, 2, -3, 3, -4, 4)


@dataclass(frozen=True)
class Point:
    """A point, by its values, its look ('model' or 'rival'), its words, and its name where it is labelled."""

    x: float
    y: float
    kind: str
    words: str
    label: str = ""


@dataclass(frozen=True)
class Axis:
    """A linear axis over its values, with ticks at round numbers.

    Attributes
    ----------
    label
        Quantity and unit.
    low, high
        Its ends.
    counts
        Whether it shows numbers of things, so that its ticks are integers.
    """

    label: str
    low: float
    high: float
    counts: bool = False

    @classmethod
    def over(cls, values: Sequence[float], label: str, *, from_zero: bool = False) -> "Axis":
        """Return the axis that holds all values, with some room; its ticks are integers where all values are."""
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        low = min(low, 0.0) if from_zero else low
        room = 0.04 * max(high - low, 1e-9)
        counts = all(isinstance(value, int) for value in values)
        return cls(label, low if from_zero and low == 0 else low - room, high + room, counts)

    def place(self, value: float) -> float:
        """Return where a value lies, in percent of the axis."""
        return round(100 * (value - self.low) / (self.high - self.low), 2)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Place in percent and text of every tick."""
        values = MaxNLocator(_TICKS, integer=self.counts).tick_values(self.low, self.high)
        inside = [float(value) for value in values if self.low <= value <= self.high]
        return [(self.place(value), f"{np.round(value, 10):,g}") for value in inside]


@dataclass(frozen=True)
class SignificanceAxis(Axis):
    """The axis of minus log10 P (`pipeline_lib.reporting.style`) from zero; `high` is a height."""

    @classmethod
    def up_to(cls, largest: float) -> "SignificanceAxis":
        """Return the axis that holds every value up to the largest."""
        return cls(style.LABEL, 0.0, 1.06 * float(style.height(largest)))

    def place(self, value: float) -> float:
        """Return where a value of minus log10 P lies, in percent of the axis."""
        return super().place(float(style.height(value)))

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Place in percent and text of every tick."""
        return [(self.place(value), f"{value:g}") for value in style.ticks(self.high)]


@dataclass(frozen=True)
class Label:
    """Where the name of a point stands, in percent from the left and from the top, and the point that it is of."""

    text: str
    x: float
    y: float
    to_the_left: bool
    point: tuple[float, float]

    @property
    def box(self) -> "Box":
        """What the text covers."""
        width = _LETTER * len(self.text)
        left = self.x - width if self.to_the_left else self.x
        return left, left + width, self.y - _LINE / 2, self.y + _LINE / 2

    @property
    def away(self) -> bool:
        """Whether a line leads from the point to its name."""
        return self.y != self.point[1]


Box = tuple[float, float, float, float]
"""Left, right, top and bottom, in percent of a chart."""


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]


@dataclass(frozen=True)
class Chart:
    """Points over two axes.

    Attributes
    ----------
    level
        A horizontal line (NaN for none) and, in `level_words`, what it shows.
    """

    name: str
    title: str
    caption: str
    x: Axis
    y: Axis
    points: list[Point]
    level: float = float("nan")
    level_words: str = ""

    @property
    def has_level(self) -> bool:
        """Whether the horizontal line is drawn."""
        return bool(np.isfinite(self.level))

    @property
    def labels(self) -> list[Label]:
        """The names of the labelled points, the first of them first, where they cover no point and no other name.

        A name without such a place is left out: it is there when its point is pointed at.
        """
        places = [(self.x.place(point.x), round(100 - self.y.place(point.y), 2)) for point in self.points]
        taken = [(x - _RADIUS[0], x + _RADIUS[0], y - _RADIUS[1], y + _RADIUS[1]) for x, y in places]
        placed: list[Label] = []
        for point, place in zip(self.points, places, strict=True):
            if not point.label:
                continue
            free = (
                label
                for label in _label_places(point.label, place)
                if not any(_overlap(label.box, box) for box in [*taken, *(other.box for other in placed)])
            )
            label = next(free, None)
            if label is not None:
                placed.append(label)
        return placed


def _label_places(text: str, point: tuple[float, float]) -> Iterator[Label]:
    """Yield the places around a point where its name may stand inside the chart, the nearest first."""
    x, y = point
    for lines, left in product(_LINES_AWAY, (x > 60, x <= 60)):
        label = Label(text, x + (-2.2 if left else 2.2), round(y + lines * _LINE, 2), left, point)
        if label.box[0] >= 0 and label.box[1] <= 100 and label.box[2] >= -_LINE / 2 and label.box[3] <= 100:
            yield label


@dataclass(frozen=True)
class Scale:
    """The axis that every cell of a grid shares."""

    low: float
    high: float
    label: str

    def place(self, value: float) -> float:
        """Return where a value lies, in percent of the cell's width; what lies beyond an end is put at it."""
        share = (value - self.low) / max(self.high - self.low, 1e-12)
        return round(float(np.clip(2 + 96 * share, 0, 100)), 2)

    def beyond(self, value: float) -> str:
        """Return the arrow that stands for a value beyond an end; '' for a value on the axis."""
        return "◂" if value < self.low else "▸" if value > self.high else ""


@dataclass(frozen=True)
class Mark:
    """One dot or tick of a cell, with its interval where it has one.

    Attributes
    ----------
    kind
        'model', 'baseline', 'ceiling', or 'lower' or 'upper' (a bound of a ceiling): its look.
    at
        Percent of the cell's width.
    interval
        Its two ends likewise; empty where it has none.
    words
        What it shows, for who points at it.
    beyond
        The arrow that is drawn for it where its value lies beyond the axis.
    """

    kind: str
    at: float
    interval: tuple[float, ...]
    words: str
    beyond: str = ""


@dataclass(frozen=True)
class GridCell:
    """One comparison.

    Attributes
    ----------
    number
        The value that is written.
    verdict
        What the comparison found.
    marks
        What is drawn.
    words
        The whole comparison in words, for who points at the cell or cannot see it.
    chosen
        Values of the table's filters that show the rows behind it.
    """

    number: float
    verdict: Verdict
    marks: tuple[Mark, ...]
    words: str
    chosen: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The number as it is written, zero without a sign; a dash where there is none."""
        return f"{round(self.number, 2) + 0.0:.2f}" if np.isfinite(self.number) else "–"


@dataclass(frozen=True)
class Grid:
    """A grid: heads of columns, and rows of cells.

    Attributes
    ----------
    rows
        Name of each row and its cells by column; a column in which nothing was compared has none.
    kinds
        The looks of marks that it holds, and what each is called.
    table
        Name of the page's table that a cell filters; '' for none.
    meanings
        What each verdict is called, where the grid compares no models.
    """

    name: str
    title: str
    caption: str
    columns: list[str]
    rows: list[tuple[str, dict[str, GridCell]]]
    scale: Scale
    kinds: Mapping[str, str]
    table: str = ""
    meanings: Mapping[Verdict, str] = field(default_factory=dict)

    @property
    def zero(self) -> float:
        """Where zero lies in a cell."""
        return self.scale.place(0.0)

    @property
    def has_beyond(self) -> bool:
        """Whether a value lies beyond the axis."""
        return any(one.beyond for _, cells in self.rows for cell in cells.values() for one in cell.marks)

    @property
    def verdicts(self) -> set[Verdict]:
        """The verdicts that occur in it."""
        return {cell.verdict for _, cells in self.rows for cell in cells.values()}


def mark(scale: Scale, kind: str, words: str, value: float, low: float = np.nan, high: float = np.nan) -> list[Mark]:
    """Return the mark of a value, or none where it is unknown."""
    if not np.isfinite(value):
        return []
    ends = (scale.place(low), scale.place(high)) if np.isfinite([low, high]).all() else ()
    return [Mark(kind, scale.place(value), ends, words, scale.beyond(value))]


def scale_around_zero(values: Iterable[float], label: str) -> Scale:
    """Return an axis with zero in its middle that holds four fifths of the finite values and bounds."""
    known = np.abs([value for value in values if np.isfinite(value)])
    limit = max(0.01, 1.15 * float(np.quantile(known, 0.8))) if len(known) else 0.01
    return Scale(-limit, limit, label)
