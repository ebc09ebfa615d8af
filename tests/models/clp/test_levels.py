"""Gains of a level: least squares towards what is expected, log odds of calls, and how far off they are."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from pipeline_lib.models.clp.levels import LevelGains, NoProfiles, case_of, units_of
from pipeline_lib.models.interface import FitContext
from pipeline_lib.models.profile_predictor.cases import CrossEstimates
from tests.small_cell import small_cell, small_screen

GENERATOR = np.random.default_rng(11)
ROWS = 6000
CASE = GENERATOR.integers(0, 4, ROWS)
DESIGN = np.column_stack([GENERATOR.normal(size=ROWS), 0.2 * GENERATOR.normal(size=ROWS), np.ones(ROWS)])
EXPECTED = np.array([1.0, 0.0, 0.0])
UNIT_SD = np.ones(ROWS)
UNITS = np.full(4, float(ROWS))


def test_planted_gains_of_every_case_are_recovered():
    planted = np.array([[1.0, 0.5, 0.1], [0.6, 2.0, 0.0], [0.3, 0.0, -0.4], [0.1, 1.0, 0.2]])
    target = np.einsum("nf,nf->n", DESIGN, planted[CASE]) + 0.1 * GENERATOR.normal(size=ROWS)
    found = LevelGains.least_squares(DESIGN, target, UNIT_SD, CASE, UNITS, EXPECTED)
    # A ridge of 10 observations' worth leaves a bias of a few per cent.
    np.testing.assert_allclose(found.gain, planted, atol=0.12)
    assert found.unit == pytest.approx(target.std())


def test_without_observations_the_expected_gains_stand():
    nothing = np.zeros(2)
    found = LevelGains.least_squares(DESIGN[:2], DESIGN[:2, 0] + nothing, UNIT_SD[:2], CASE[:2], UNITS, EXPECTED)
    np.testing.assert_allclose(found.gain, np.tile(EXPECTED, (4, 1)), atol=1e-9)


def test_a_case_without_rows_takes_the_gains_of_all():
    target = 0.5 * DESIGN[:, 0]
    found = LevelGains.least_squares(DESIGN, target, UNIT_SD, np.zeros(ROWS, dtype=int), UNITS, EXPECTED)
    np.testing.assert_allclose(found.gain[3], found.gain[1])
    np.testing.assert_allclose(found.gain[3, 0], 0.5, atol=0.02)


def test_the_gain_of_a_measured_cross_is_not_that_of_unseen_sides():
    case = np.where(CASE == 0, 1, CASE)
    found = LevelGains.least_squares(DESIGN, 1.5 * DESIGN[:, 0], UNIT_SD, case, UNITS, EXPECTED)
    np.testing.assert_allclose(found.gain[0], EXPECTED)
    np.testing.assert_allclose(found.gain[1:, 0], 1.5, atol=0.02)


@pytest.mark.parametrize("size", [1e-12, 1e-4])
def test_a_column_of_rounding_errors_or_of_one_small_value_gets_no_gain_that_would_carry_far(size):
    """Flux balance gives most pairs an epsilon of 1e-12; another pair's -0.5 must not come out as thousands of SD."""
    column = size * GENERATOR.normal(size=ROWS)
    target = DESIGN[:, 0] + GENERATOR.normal(size=ROWS)
    for design_column in (column, np.where(np.arange(ROWS) == 0, 100 * size, 0.0)):
        design = np.column_stack([DESIGN[:, 0], design_column, np.ones(ROWS)])
        found = LevelGains.least_squares(design, target, UNIT_SD, CASE, UNITS, EXPECTED)
        assert np.abs(0.5 * found.gain[:, 1]).max() < 2 * found.unit


def test_a_thousand_crosses_of_two_queries_say_little_of_a_third():
    """Both queries lie 0.4 above what is expected; ten queries' worth of belief in 0 leaves a sixth of it."""
    target = DESIGN[:, 0] + 0.4
    of_unseen_queries = np.ones(ROWS, dtype=int)
    units = np.array([0.0, 2.0, 0.0, 0.0])
    found = LevelGains.least_squares(DESIGN, target, UNIT_SD, of_unseen_queries, units, EXPECTED)
    assert 0.05 < found.gain[1, 2] < 0.15
    many = LevelGains.least_squares(DESIGN, target, UNIT_SD, of_unseen_queries, UNITS, EXPECTED)
    assert many.gain[1, 2] == pytest.approx(0.4, abs=0.01)


def test_units_of_an_unseen_query_are_its_strains_or_its_gene_sets():
    crosses = small_screen()
    n = len(crosses)
    estimates = CrossEstimates.empty(n)
    estimates.unseen[:, 0] = True
    estimates.unseen_genes[:, 0] = True
    sets = np.unique(crosses.genes[:, 0], return_counts=True)[1]
    assert units_of(crosses, case_of(estimates), estimates.unseen_genes).tolist() == pytest.approx(
        [0, sets.sum() ** 2 / (sets @ sets), 0, 0]
    )
    strains = replace(crosses, query=np.arange(n) % 5, strains=tuple("abcde"))
    assert units_of(strains, case_of(estimates), estimates.unseen_genes).tolist() == pytest.approx(
        [0, 5, 0, 0], rel=0.01
    )


def test_calls_give_rounding_errors_no_gain():
    column = 1e-12 * GENERATOR.normal(size=ROWS)
    target = (DESIGN[:, 0] + GENERATOR.normal(size=ROWS) > 0).astype(float)
    found = LevelGains.log_odds(np.column_stack([DESIGN[:, 0], column, np.ones(ROWS)]), target, CASE)
    assert np.abs(found.gain[:, 1]).max() < 1e-3


def test_the_sd_of_a_level_is_that_of_its_errors_case_by_case():
    noise = np.array([0.5, 1.0, 2.0, 4.0])[CASE] * GENERATOR.normal(size=ROWS)
    found = LevelGains.least_squares(DESIGN, DESIGN[:, 0] + noise, UNIT_SD, CASE, UNITS, EXPECTED)
    stated = [float(found.std(np.ones(1), np.array([k]))[0]) for k in range(4)]
    np.testing.assert_allclose(stated, [0.5, 1.0, 2.0, 4.0], rtol=0.1)


def test_log_odds_of_calls_follow_the_planted_ones():
    odds = 2.0 * DESIGN[:, 0] - 1.0
    target = (GENERATOR.random(ROWS) < expit(odds)).astype(float)
    found = LevelGains.log_odds(DESIGN, target, CASE)
    assert np.corrcoef(found.value(DESIGN, CASE), odds)[0, 1] > 0.99
    for k in range(4):
        rows = k == CASE
        called = expit(found.value(DESIGN[rows], CASE[rows])).mean()
        assert called == pytest.approx(target[rows].mean(), abs=0.02)


@pytest.mark.parametrize("called", [0.0, 1.0])
def test_a_level_where_all_or_none_are_called_has_finite_odds(called):
    found = LevelGains.log_odds(DESIGN, np.full(ROWS, called), CASE)
    odds = found.value(DESIGN, CASE)
    assert np.isfinite(odds).all()
    assert ((odds > 0) == bool(called)).all()


def test_cases_are_none_query_array_and_both_unseen():
    found = CrossEstimates.empty(4)
    found.unseen[:] = [[False, False], [True, False], [False, True], [True, True]]
    assert case_of(found).tolist() == [0, 1, 2, 3]


def test_no_profiles_know_the_mean_and_the_spread_alone():
    train = small_screen()
    profiles = NoProfiles()
    position, estimates = profiles.fit(train, small_cell(), FitContext())
    assert position.tolist() == list(range(len(train)))
    assert np.ptp(estimates.value) == 0
    assert estimates.value[0] == pytest.approx(train.value.mean())
    again = NoProfiles.from_state(profiles.state(), small_cell())
    assert again.estimates(train).std[0] == pytest.approx(train.value.std())
