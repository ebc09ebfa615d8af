"""Points with intervals as a few elements of HTML: they take the colours of the page, narrow screens included."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd


@dataclass(frozen=True)
class Interval:
    """One row: its label, the estimate, and the ends of its interval (NaN: none)."""

    label: str
    value: float
    low: float
    high: float


def interval_drawing(rows: Sequence[Interval], title: str) -> str:
    """Draw estimates with their intervals below one another, with a line at zero.

    Parameters
    ----------
    rows
        From top to bottom; those without an estimate are left out.
    title
        What the horizontal axis measures.

    Returns
    -------
    str
        One figure of HTML with the numbers as text beside the points; a sentence where there is nothing to draw.
    """
    shown = [row for row in rows if not pd.isna(row.value)]
    if not shown:
        return f"*{title}: not in this run.*"
    ends = [end for row in shown for end in (row.value, row.low, row.high) if not pd.isna(end)]
    low, high = min(0.0, math.floor(min(ends) * 10) / 10), max(0.1, math.ceil(max(ends) * 10) / 10)

    def across(value: float) -> str:
        return f"{100 * (value - low) / (high - low):.1f}%"

    lines = [_line("", f'<i class="ends"><b>{low:g}</b><b>{high:g}</b></i>', "")]
    for row in shown:
        whisker = "" if pd.isna(row.low) else _whisker(across(row.low), (row.high - row.low) / (high - low))
        point = f'<i class="point" style="left:{across(row.value)}"></i>'
        drawn = f'<i class="zero" style="left:{across(0)}"></i>{whisker}{point}'
        interval = "" if pd.isna(row.low) else f" ({row.low:.3f} to {row.high:.3f})"
        lines.append(_line(escape(row.label), drawn, f"{row.value:.3f}{interval}"))
    caption = f"{escape(title)}, with 95 percent intervals."
    return f'<figure class="intervals">{"".join(lines)}<figcaption>{caption}</figcaption></figure>'


def _line(label: str, plot: str, value: str) -> str:
    return f'<div><span>{label}</span><span class="plot">{plot}</span><span>{value}</span></div>'


def _whisker(left: str, width: float) -> str:
    return f'<i class="whisker" style="left:{left};width:{100 * width:.1f}%"></i>'
