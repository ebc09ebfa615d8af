"""What a measured value must be, whatever the publication."""

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.screens.batch import Rejections
from pipeline_lib.screens.row_block import RowBlock

ONE_SIDED_MAXIMUM = 0.5
"""A one-sided P-value taken on the side that the score lies on cannot be greater."""


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
        Gets the rows without a value, with an infinite one, a P-value out of range or a negative SD.
    needed
        Column without which a row is nothing.
    p_value, p_maximum
        Column of P-values and the greatest possible one.
    std
        Column of standard deviations.
    """
    values = block.number(needed)
    usable = np.isfinite(values)
    block.reject(~usable, "no measurement", rejections)
    if p_value is not None:
        p = block.number(p_value)
        wrong = usable & ((p < 0) | (p > p_maximum))
        block.reject(wrong, [f"P-value {value:g} is not within 0 and {p_maximum:g}" for value in p[wrong]], rejections)
        usable &= ~wrong
    if std is not None:
        spread = block.number(std)
        wrong = usable & (spread < 0)
        block.reject(wrong, [f"standard deviation {value:g} is negative" for value in spread[wrong]], rejections)
        usable &= ~wrong
    return usable
