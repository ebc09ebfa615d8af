"""Values of calls: whether a pair or a triple was called an interaction, as 0 and 1."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.written_numbers import is_missing, parse_numbers

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
