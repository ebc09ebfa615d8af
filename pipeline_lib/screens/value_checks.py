"""What a measured value must be, whatever the publication."""

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.sources.rejections import Rejections
from pipeline_lib.sources.row_block import RowBlock

ONE_SIDED_MAXIMUM = 0.5
"""A one-sided P-value taken on the side that the score lies on cannot be greater."""

GREATEST_MAGNITUDE = 1e9
"""What no measurement of a genotype reaches in size.

Fitness and its interactions lie near 1, S-scores within some tens, colony sizes within some 100,000 pixels, summed
intensities of pixels within some 100,000,000. What is greater is a sentinel or an overflow; sums of its squares over a
screen leave the range of float32.
"""

_SENTINELS = (99.0, 999.0, 9999.0, 99999.0, 999999.0)
"""Numbers that, with either sign, programs write where there is no measurement."""
_FEWEST_OTHERS = 10
"""Other values of a block without which nothing shows what a common magnitude is."""
_BEYOND = 10.0
"""Times by which a sentinel exceeds every other value."""


def check_values(
    block: RowBlock,
    rejections: Rejections,
    *,
    needed: str,
    p_value: str | None = None,
    p_maximum: float = 1.0,
    std: str | None = None,
) -> NDArray[np.bool_]:
    """Return the rows whose values are possible, bool [n]; the others are rejected.

    Parameters
    ----------
    block
        Rows of the file.
    rejections
        Gets the rows without a value, with one (or an SD) beyond `GREATEST_MAGNITUDE`, one such as -999 that stands for
        a missing one, a P-value out of range or a negative SD.
    needed
        Column without which a row is nothing.
    p_value, p_maximum
        Column of P-values and the greatest possible one.
    std
        Column of standard deviations.
    """
    values = block.number(needed)
    usable = ~np.isnan(values)
    block.reject(~usable, "no measurement", rejections)
    wrong = np.abs(values) > GREATEST_MAGNITUDE
    block.reject(wrong, [_too_great("value", value) for value in values[wrong]], rejections)
    usable &= ~wrong
    wrong = usable & _sentinels(values, usable)
    reasons = [f"no measurement: {value:g}, where no other value is a tenth as great" for value in values[wrong]]
    block.reject(wrong, reasons, rejections)
    usable &= ~wrong
    if p_value is not None:
        p = block.number(p_value)
        wrong = usable & ((p < 0) | (p > p_maximum))
        block.reject(
            wrong, [f"P-value {value:.10g} is not within 0 and {p_maximum:g}" for value in p[wrong]], rejections
        )
        usable &= ~wrong
    if std is not None:
        spread = block.number(std)
        wrong = usable & (spread < 0)
        block.reject(wrong, [f"standard deviation {value:g} is negative" for value in spread[wrong]], rejections)
        usable &= ~wrong
        wrong = usable & (spread > GREATEST_MAGNITUDE)
        block.reject(wrong, [_too_great("standard deviation", value) for value in spread[wrong]], rejections)
        usable &= ~wrong
    return usable


def _sentinels(values: NDArray[np.float64], usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which values [n] stand for a missing one: all nines, far beyond every other value of the block."""
    sizes = np.abs(values)
    nines = np.isin(sizes, _SENTINELS)
    others = sizes[usable & ~nines]
    if not nines.any() or len(others) < _FEWEST_OTHERS:
        return np.zeros(len(values), dtype=bool)
    return nines & (sizes > _BEYOND * others.max())


def _too_great(what: str, value: float) -> str:
    return f"{what} {value:g} is beyond {GREATEST_MAGNITUDE:,.0f} in size, which no measurement reaches"
