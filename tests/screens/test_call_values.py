"""A call is 0 or 1, or the same in words; anything else is not guessed at."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.screens.batch import call_values


def values(*texts: str) -> list[float]:
    return call_values(pa.array(texts).dictionary_encode(), Path("t.csv"), "sl").tolist()


@pytest.mark.parametrize(
    "texts", [("0", "1", "1"), ("0.0", "1.0", "1"), ("FALSE", "true", "TRUE"), ("F", "T", "T"), ("no", "Yes", "YES")]
)
def test_zero_and_one_and_pairs_of_words_are_calls(texts: tuple[str, ...]) -> None:
    assert values(*texts) == [0, 1, 1]


def test_missing_calls_are_missing() -> None:
    np.testing.assert_array_equal(values("1", "-", "NA", "0", ""), [1, np.nan, np.nan, 0, np.nan])


@pytest.mark.parametrize(
    "texts",
    [
        ("-1", "1"),
        ("1", "2"),
        ("SL", "non-SL"),
        ("TRUE", "0"),
        ("yes", "false"),
        ("0.5", "1"),
        ("positive", "negative"),
    ],
)
def test_other_values_are_refused_with_what_was_found(texts: tuple[str, str]) -> None:
    with pytest.raises(
        PipelineError, match=f"t.csv: column 'sl' holds '{texts[0]}'.*, which are no calls; write 1 for"
    ):
        values(*texts)
