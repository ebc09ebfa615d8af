"""Recalibration on the validation fold."""

import numpy as np
import pytest
from scipy import stats

from pipeline_lib.evaluation.tables.calibration import covered, cumulative, recalibrate_spread, recalibrate_value

RNG = np.random.default_rng(0)
PREDICTION = RNG.normal(size=4000)


def test_a_value_in_the_middle_of_its_prediction_has_cumulative_probability_one_half() -> None:
    found = cumulative(np.array([1.0, 1.0]), np.array([0.5, 0.5]), np.array([1.0, 1.0 + 0.5 * 1.96]))
    assert found == pytest.approx([0.5, 0.975], abs=1e-4)


def test_the_central_interval_of_a_gaussian() -> None:
    probability = stats.norm.cdf([-1.97, -1.95, 0, 1.95, 1.97])
    assert covered(probability, 0.95).tolist() == [False, True, True, True, False]


def test_sds_that_are_half_of_what_they_should_be_are_doubled() -> None:
    value = PREDICTION + RNG.normal(0, 1, size=4000)
    fitted = recalibrate_spread(PREDICTION, np.full(4000, 0.5), value)
    assert fitted.scale == pytest.approx(2, rel=0.04)


def test_isotonic_levels_map_observed_to_uniform_even_where_errors_are_not_gaussian() -> None:
    errors = RNG.exponential(size=(2, 4000)) - 1
    fitted = recalibrate_spread(PREDICTION, np.ones(4000), PREDICTION + errors[0])
    fresh = fitted.levels.predict(cumulative(PREDICTION, np.ones(4000), PREDICTION + errors[1]))
    assert stats.kstest(fresh, "uniform").statistic < 0.04


def test_isotonic_values_undo_a_monotone_distortion() -> None:
    value = PREDICTION**3 + RNG.normal(0, 0.1, size=4000)
    fitted = recalibrate_value(PREDICTION[:2000], value[:2000]).predict(PREDICTION[2000:])
    assert np.mean(np.abs(fitted - PREDICTION[2000:] ** 3)) < 0.15
    assert (np.diff(fitted[np.argsort(PREDICTION[2000:])]) >= 0).all()
