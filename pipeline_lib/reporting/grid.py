"""Grids of verdicts: assays or models down, splits across, a small drawing with an interval in each cell."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from pipeline_lib.evaluation.tables.verdicts import Verdict


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
        'model', 'baseline', 'ceiling' or 'bound' (a lower bound of a ceiling): its look.
    at, low, high
        Percent of the cell's width; low and high are None without an interval.
    words
        What it shows, for who points at it.
    beyond
        The arrow that is drawn for it where its value lies beyond the axis.
    """

    kind: str
    at: float
    low: float | None
    high: float | None
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
    """A grid: heads of columns, and a name with one cell a column for each row (None where nothing was compared).

    Attributes
    ----------
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
    rows: list[tuple[str, list[GridCell | None]]]
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
        return any(one.beyond for _, cells in self.rows for cell in cells if cell is not None for one in cell.marks)

    @property
    def verdicts(self) -> set[Verdict]:
        """The verdicts that occur in it."""
        return {cell.verdict for _, cells in self.rows for cell in cells if cell is not None}


def mark(scale: Scale, kind: str, words: str, value: float, low: float = np.nan, high: float = np.nan) -> list[Mark]:
    """Return the mark of a value, or none where it is unknown."""
    if not np.isfinite(value):
        return []
    left, right = (scale.place(low), scale.place(high)) if np.isfinite([low, high]).all() else (None, None)
    return [Mark(kind, scale.place(value), left, right, words, scale.beyond(value))]


def scale_around_zero(values: Iterable[float], label: str) -> Scale:
    """Return an axis with zero in its middle that holds four fifths of the finite values and bounds."""
    known = np.abs([value for value in values if np.isfinite(value)])
    limit = max(0.01, 1.15 * float(np.quantile(known, 0.8))) if len(known) else 0.01
    return Scale(-limit, limit, label)
