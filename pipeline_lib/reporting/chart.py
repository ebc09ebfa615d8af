"""Interactive charts of points: each is labelled when it is pointed at."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import MaxNLocator

_TICKS = 5


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
    """

    label: str
    low: float
    high: float

    @classmethod
    def over(cls, values: Sequence[float], label: str, *, from_zero: bool = False) -> "Axis":
        """Return the axis that holds all values, with some room."""
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        low = min(low, 0.0) if from_zero else low
        room = 0.04 * max(high - low, 1e-9)
        return cls(label, low if from_zero and low == 0 else low - room, high + room)

    def place(self, value: float) -> float:
        """Return where a value lies, in percent of the axis."""
        return round(100 * (value - self.low) / (self.high - self.low), 2)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Place in percent and text of every tick."""
        values = MaxNLocator(_TICKS).tick_values(self.low, self.high)
        inside = [float(value) for value in values if self.low <= value <= self.high]
        return [(self.place(value), f"{np.round(value, 10):,g}") for value in inside]


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
