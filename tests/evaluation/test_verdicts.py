"""A win or a loss needs the whole interval on one side of zero, and a q-value over the family."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.evaluation.tables.differences import EQUIVALENT, verdict

bounds = st.floats(-2, 2, allow_nan=False)


@given(first=bounds, second=bounds, q_value=st.floats(0, 1))
def test_a_win_needs_the_interval_above_zero_and_a_small_q(first: float, second: float, q_value: float) -> None:
    low, high = sorted((first, second))
    found = verdict(low, high, q_value)
    assert (found == "win") == (low > 0 and high >= EQUIVALENT and q_value < 0.05)
    assert (found == "loss") == (high < 0 and low <= -EQUIVALENT and q_value < 0.05)
    assert found != "undetermined"


def test_what_rounding_makes_of_one_model_is_neither_better_nor_worse() -> None:
    assert verdict(-9e-9, -1e-9, 0.0) == verdict(1e-9, 9e-9, 0.0) == "level"
    assert verdict(1e-5, 2e-3, 0.0) == "win"


@given(first=bounds, second=bounds)
def test_of_errors_the_smaller_is_the_better(first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert verdict(low, high, 0.01, lower_is_better=True) == verdict(-high, -low, 0.01)


@pytest.mark.parametrize("bound", [np.nan, np.inf, -np.inf])
def test_without_an_interval_there_is_no_verdict(bound: float) -> None:
    assert verdict(bound, 1.0, 0.01) == verdict(-1.0, bound, 0.01) == verdict(0.1, 0.2, np.nan) == "undetermined"
