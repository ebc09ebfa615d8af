"""Intervals and P-values out of draws."""

import numpy as np
import pytest
from scipy import stats

from pipeline_lib.evaluation.clusters import ClusterDesign
from pipeline_lib.evaluation.intervals import Estimate, expanded_tail, fold_seeds

DRAWS = np.random.default_rng(0).normal(0.3, 0.1, size=4000)


def test_few_clusters_widen_the_tails_as_hesterberg_says() -> None:
    # n = 12: t(0.975, 11) = 2.201, times sqrt(12 / 11) = 2.299, whose normal tail is 1.08 percent.
    assert expanded_tail(0.025, 12) == pytest.approx(0.0108, abs=5e-5)
    assert expanded_tail(0.025, 100_000) == pytest.approx(0.025, abs=1e-5)


def test_with_many_clusters_the_interval_is_the_percentile_interval() -> None:
    low, high = Estimate(0.3, DRAWS, 10**6).interval(0.95)
    assert [low, high] == pytest.approx(np.quantile(DRAWS, [0.025, 0.975]), abs=1e-4)


def test_fewer_than_four_clusters_give_no_interval_and_no_p_value() -> None:
    estimate = Estimate(0.3, DRAWS, 3.9)
    assert np.isnan(estimate.interval(0.95)).all()
    assert np.isnan(estimate.p_value())
    assert np.isfinite(Estimate(0.3, DRAWS, 4).interval(0.95)).all()


@pytest.mark.parametrize("groups", [8, 60, 5000])
def test_the_interval_at_one_minus_p_just_touches_zero(groups: int) -> None:
    estimate = Estimate(0.15, DRAWS - 0.15, groups)
    p_value = estimate.p_value()
    assert 0 < p_value < 0.5
    wider, narrower = estimate.interval(1 - p_value * 0.9), estimate.interval(1 - p_value * 1.1)
    assert wider[0] < 0 < narrower[0]


def test_no_difference_is_no_evidence() -> None:
    same = Estimate(0.3, DRAWS, 60)
    difference = same.minus(same)
    assert difference.value == 0
    assert difference.interval(0.95) == (0, 0)
    assert difference.p_value() == 1


def test_a_paired_difference_is_narrower_than_two_intervals_apart() -> None:
    noise = np.random.default_rng(1).normal(0, 0.01, size=len(DRAWS))
    better, worse = Estimate(0.32, DRAWS + 0.02 + noise, 60), Estimate(0.30, DRAWS, 60)
    low, high = better.minus(worse).interval(0.95)
    assert low < 0.02 < high
    assert high - low < 0.05
    assert np.ptp(better.interval(0.95)) > 0.35


def test_p_values_are_never_zero() -> None:
    assert Estimate(0.3, np.full(1999, 0.3), 10**6).p_value() == pytest.approx(2 / 2000, rel=1e-3)


def test_draws_that_are_no_numbers_are_left_out() -> None:
    with_gaps = np.append(DRAWS, [np.nan] * 50)
    assert Estimate(0.3, with_gaps, 60).interval(0.95) == Estimate(0.3, DRAWS, 60).interval(0.95)
    assert np.isnan(Estimate(float("nan"), DRAWS, 60).interval(0.95)).all()


def test_one_seed_is_itself() -> None:
    one = Estimate(0.3, DRAWS, 60)
    assert fold_seeds([one], [0]) is one


def test_seeds_are_averaged_and_their_spread_is_in_the_interval() -> None:
    seeds = [Estimate(0.3 + shift, DRAWS + shift, 60) for shift in (-0.2, 0.0, 0.2)]
    folded = fold_seeds(seeds, [0])
    assert folded.value == pytest.approx(0.3)
    between = np.var([-0.2, 0.0, 0.2]) / 3
    low, high = folded.interval(0.95)
    expected = 2 * stats.t.ppf(0.975, 59) * np.sqrt(DRAWS.var() + between)
    assert high - low == pytest.approx(expected, rel=0.1)


def test_equal_seeds_change_nothing() -> None:
    one = Estimate(0.3, DRAWS, 60)
    assert fold_seeds([one, one, one], [0]).interval(0.95) == pytest.approx(one.interval(0.95))


def test_draws_over_pairs_of_genes_shrink_about_the_value() -> None:
    design = ClusterDesign("gene", np.column_stack(np.triu_indices(100, 1)), (100, 100))
    influence = np.random.default_rng(2).normal(size=4950)
    wide, narrow = Estimate(0.3, DRAWS, 100), Estimate(0.3, DRAWS, 100, design, influence)
    assert np.ptp(narrow.interval(0.95)) == pytest.approx(np.ptp(wide.interval(0.95)) / np.sqrt(3), rel=0.08)
    squared = Estimate(0.09, DRAWS**2, 100, design, 0.6 * influence).square_root()
    assert squared.interval(0.95) == pytest.approx(narrow.interval(0.95), abs=0.01)
