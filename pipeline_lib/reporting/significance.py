"""The axis of P-values: minus log10 P, linear where most genotypes lie, logarithmic above, so that nothing is cut."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axis import Axis
from matplotlib.ticker import FixedFormatter, FixedLocator
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

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
