"""Published decimals behind numbers that passed through single precision."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.screens.readers.torchcell_tau import published_decimals


def test_the_decimals_of_a_published_score_come_back() -> None:
    kept = np.array([0.044870998710393906, 0.21469999849796295, -0.006819000001996756])
    assert published_decimals(kept).tolist() == [0.044871, 0.2147, -0.006819]


@given(st.integers(-999_999, 999_999))
def test_every_score_of_six_decimals_survives_single_precision(millionths: int) -> None:
    published = millionths / 1e6
    kept = np.array([float(np.float32(published))])
    assert published_decimals(kept)[0] == published


def test_what_was_no_short_decimal_stays() -> None:
    third, mean = float(np.float32(1 / 3)), float(np.float32(np.mean([0.1234, 0.4321, 0.5])))
    untouched = np.array([third, mean, 1 / 3, 0.2147, np.nan, np.inf, 0.0, 1e300])
    np.testing.assert_array_equal(published_decimals(untouched), untouched)
