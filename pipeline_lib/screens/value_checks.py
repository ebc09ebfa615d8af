"""Check measured values, whatever the publication, and read calls as 0 and 1."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.rejections import Rejections
from pipeline_lib.sources.row_block import RowBlock
from pipeline_lib.sources.written_numbers import is_missing, parse_numbers

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


_WORDS = (("false", "true"), ("f", "t"), ("no", "yes"), ("n", "y"))
"""Words for not called and called, of which a column may use one pair, in lower case."""

_LISTED = 5


def call_values(encoded: pa.DictionaryArray, path: Path, column: str) -> NDArray[np.float64]:
    """Return calls as 0 and 1, NaN where missing.

    Parameters
    ----------
    encoded
        The column as text [n], dictionary-encoded: 0 and 1, or one pair of words for no and yes throughout.
    path, column
        The file and its column, for errors.

    Returns
    -------
    float64 [n]

    Raises
    ------
    PipelineError
        When the column holds anything else: which of two other values means "called" is not for the reader to guess.
    """
    distinct = encoded.dictionary.cast(pa.string())
    present = ~is_missing(distinct)
    lines = np.arange(len(distinct), dtype=np.int64)
    numbers = parse_numbers(distinct.dictionary_encode(), lines, comma_allowed=False).values
    words = np.array([text.strip().lower() for text in distinct.to_pylist()], dtype=object)
    spellings = [np.where(np.isin(numbers, (0, 1)), numbers, np.nan)]
    spellings += [np.where(words == yes, 1.0, np.where(words == no, 0.0, np.nan)) for no, yes in _WORDS]
    for values in spellings:
        if not np.isnan(values[present]).any():
            return np.asarray(values[encoded.indices.to_numpy(zero_copy_only=False)])
    found = distinct.filter(pa.array(present)).to_pylist()
    listed = ", ".join(f"'{text}'" for text in found[:_LISTED]) + (", ..." if len(found) > _LISTED else "")
    raise PipelineError(
        f"{path}: column '{column}' holds {listed}, which are no calls; write 1 for a called interaction and 0 for "
        "what was tested and not called."
    )
