"""Least-squares gains: those that made the target are found, and the SD follows what the error grows with."""

import numpy as np
import pytest

from pipeline_lib.cell.testable import effective_number
from pipeline_lib.models.profile_predictor.completion import Gains

CROSSES = 20_000
PRIOR = 20.0


@pytest.fixture
def generator():
    return np.random.default_rng(11)


def test_the_weights_of_the_estimates_are_found(generator):
    estimates = [generator.standard_normal(CROSSES), 5 * generator.standard_normal(CROSSES)]
    target = 0.7 * estimates[0] - 0.2 * estimates[1] + generator.standard_normal(CROSSES)
    gains = Gains.fit(estimates, [], target, CROSSES, PRIOR)
    np.testing.assert_allclose(gains.weight, [0.7, -0.2], atol=0.03)
    assert gains.std(gains.value(estimates), []).mean() == pytest.approx(1.0, rel=0.03)


def test_the_variance_grows_with_the_posterior_variance(generator):
    certain = generator.random(CROSSES)
    estimate = generator.standard_normal(CROSSES)
    target = estimate + np.sqrt(0.5 + 2.0 * certain) * generator.standard_normal(CROSSES)
    gains = Gains.fit([estimate], [certain], target, CROSSES, PRIOR)
    std = gains.std(np.zeros(2), [np.array([0.0, 1.0])])
    np.testing.assert_allclose(std**2, [0.5, 2.5], rtol=0.15)


def test_the_scale_of_an_estimate_does_not_matter(generator):
    estimates, target = [generator.standard_normal(50), generator.standard_normal(50)], generator.standard_normal(50)
    plain = Gains.fit(estimates, [], target, 50, PRIOR)
    scaled = Gains.fit([1e6 * estimates[0], estimates[1]], [], target, 50, PRIOR)
    np.testing.assert_allclose(plain.value(estimates), scaled.value([1e6 * estimates[0], estimates[1]]), rtol=1e-6)


def test_an_estimate_that_is_rounding_error_weighs_nothing(generator):
    """That of a side with one strain is 1e-31 in the fit and 1e-10 later: its weight would be 1e20."""
    estimate, rounding = generator.standard_normal(CROSSES), 1e-31 * generator.standard_normal(CROSSES)
    gains = Gains.fit([estimate, rounding], [], estimate + 0.1 * generator.standard_normal(CROSSES), CROSSES, PRIOR)
    assert abs(gains.weight[1]) < 1e-9
    assert gains.weight[0] == pytest.approx(1.0, abs=0.01)


def test_two_values_decide_little():
    gains = Gains.fit([np.array([1.0, -1.0])], [], np.array([1.0, -1.0]), 2, PRIOR)
    assert 0 < gains.weight[0] < 0.2


def test_many_crosses_of_two_queries_decide_little():
    """Twenty queries' worth of belief in 0 beside two queries leaves an eleventh of the gain."""
    estimate = np.repeat([1.0, -1.0], CROSSES // 2)
    assert Gains.fit([estimate], [], estimate, 2, PRIOR).weight[0] == pytest.approx(1 / 11, abs=0.01)
    assert Gains.fit([estimate], [], estimate, CROSSES, PRIOR).weight[0] == pytest.approx(1.0, abs=0.01)


def test_rival_estimates_are_never_subtracted_from_each_other(generator):
    """Two estimates of one value with the same errors: least squares on twenty values would weigh their difference."""
    truth = generator.standard_normal(20)
    first = truth + generator.standard_normal(20)
    second = first + 0.1 * generator.standard_normal(20)
    assert (Gains.stack([first, second], truth, PRIOR).weight >= 0).all()


def test_the_effective_number_of_equal_groups_is_their_number_and_small_ones_hardly_count():
    assert effective_number(np.repeat([4, 7, 9], 5)) == pytest.approx(3)
    assert effective_number(np.append(np.repeat([1, 2], 1000), [3, 4, 5])) == pytest.approx(2, abs=0.01)


def test_without_any_value_nothing_is_predicted_and_the_sd_is_that_of_the_unit():
    nothing = np.zeros(0)
    gains = Gains.fit([nothing, nothing], [nothing], nothing, 0, PRIOR)
    np.testing.assert_array_equal(gains.value([np.ones(3), np.ones(3)]), 0.0)
    np.testing.assert_array_equal(gains.std(np.zeros(3), [np.ones(3)]), 1.0)


def test_rounding_errors_get_no_gain():
    """An estimate that is 0 but for rounding where the gains are fitted may be large where they are used."""
    generator = np.random.default_rng(3)
    useful, noise = generator.normal(size=400), 1e-12 * generator.normal(size=400)
    gains = Gains.fit([useful, noise], [], useful + generator.normal(size=400), 400, PRIOR)
    assert gains.weight[0] == pytest.approx(0.95, abs=0.15)
    assert abs(gains.weight[1]) < 1e-3
