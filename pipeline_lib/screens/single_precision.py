"""Published decimals of numbers that a program kept in single precision."""

import numpy as np
from numpy.typing import NDArray

SAFE_DIGITS = 6
"""Significant decimal digits that single precision keeps whatever the number (``FLT_DIG`` of the C standard)."""


def published_decimals(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the decimals that numbers in single precision were made of: 0.044870998710393906 is 0.044871.

    A number is restored where it is exactly one of single precision and the shortest decimal that single precision
    reads as it has at most `SAFE_DIGITS` significant digits. Every other number stays as it is: it was no such decimal
    (the mean of several, say).

    Parameters
    ----------
    values
        float64 [n]; NaN stays NaN.

    Returns
    -------
    float64 [n]
    """
    distinct, inverse = np.unique(values, return_inverse=True)
    with np.errstate(over="ignore"):
        single = distinct.astype(np.float32)
    in_single = np.isfinite(distinct) & (single.astype(np.float64) == distinct)
    restored = distinct.copy()
    # The digits of the shortest decimal that reads back as the same single-precision number.
    shortest = single[in_single].astype(str).astype(np.float64)
    rounded = np.array([float(f"{value:.{SAFE_DIGITS - 1}e}") for value in shortest.tolist()])
    restored[in_single] = np.where(rounded == shortest, shortest, distinct[in_single])
    return restored[inverse.reshape(values.shape)]
