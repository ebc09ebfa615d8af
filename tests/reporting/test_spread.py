"""Squared error is least at a spread of r; the distribution fits best at a spread of one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_lib.reporting.findings import stretched


@given(seed=st.integers(0, 1000), spread=st.floats(0.05, 2))
@settings(max_examples=30, deadline=None)
def test_the_error_is_that_of_the_predictions_written_out(seed, spread):
    random = np.random.default_rng(seed)
    measured, predicted = random.normal(2, 3, 200), random.normal(size=200)
    curve = stretched(measured, predicted)
    x = (measured - measured.mean()) / measured.std()
    y = spread * (predicted - predicted.mean()) / predicted.std()
    assert curve.at(spread).rmse == pytest.approx(np.sqrt(np.mean((x - y) ** 2)))


def test_the_published_example():
    # r = 0.45: squared error 1 - r^2 at its optimum, 2 (1 - r) at the full spread.
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 1000))
    a = (a - a.mean()) / a.std()
    b = b - b.mean() - a * np.mean(a * (b - b.mean()))
    measured = 0.45 * a + np.sqrt(1 - 0.45**2) * b / b.std()
    curve = stretched(measured, a)
    assert curve.pearson == pytest.approx(0.45)
    assert curve.at(0.45).rmse ** 2 == pytest.approx(0.7975)
    assert curve.at(1.0).rmse ** 2 == pytest.approx(1.10)


def test_equal_distributions_have_no_distance():
    values = np.random.default_rng(3).normal(size=300)
    assert stretched(values, np.roll(values, 7)).at(1.0).wasserstein == pytest.approx(0, abs=1e-12)


def test_what_does_not_vary_cannot_be_stretched():
    assert stretched(np.ones(5), np.arange(5.0)) is None
    assert stretched(np.arange(5.0), np.ones(5)) is None
