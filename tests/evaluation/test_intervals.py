"""Intervals and P-values out of draws."""

import numpy as np
import pytest
from scipy import stats

from pipeline_lib.evaluation.intervals.design import ClusterDesign
from pipeline_lib.evaluation.intervals.estimates import Error, Estimate, expanded_tail, fold_seeds

DRAWS = np.random.default_rng(0).normal(0.3, 0.1, size=4000)


def test_few_clusters_widen_the_tails_as_hesterberg_describes() -> None:
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
    assert fold_seeds([one]) is one


def test_seeds_are_averaged_and_the_variance_of_their_mean_is_in_the_interval() -> None:
    """With a resampling error that is small beside it, the interval is Student's t of three seeds."""
    values = np.array([0.1, 0.3, 0.5])
    folded = fold_seeds([Estimate(value, value + 1e-4 * (DRAWS - 0.3), 60) for value in values])
    assert folded.value == pytest.approx(0.3)
    low, high = folded.interval(0.95)
    assert (low, high) == pytest.approx(stats.t.interval(0.95, 2, loc=0.3, scale=values.std(ddof=1) / np.sqrt(3)))
    assert folded.p_value() == pytest.approx(stats.ttest_1samp(values, 0).pvalue, rel=1e-4)


def test_an_interval_over_three_seeds_covers_the_mean_of_all_seeds() -> None:
    """Seeds of SD 0.1 and a resampling error of SD 0.1: 95 percent intervals, 400 times."""
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(400):
        sampled = rng.normal(0, 0.1)
        seeds = sampled + rng.normal(0, 0.1, size=3)
        draws = rng.normal(0, 0.1, size=500)
        low, high = fold_seeds([Estimate(seed, seed + draws, 60) for seed in seeds]).interval(0.95)
        covered += low <= 0 <= high
    assert 0.93 <= covered / 400 <= 0.99


def test_equal_seeds_change_nothing() -> None:
    one = Estimate(0.3, DRAWS, 60)
    assert fold_seeds([one, one, one]).interval(0.95) == pytest.approx(one.interval(0.95))


def test_the_errors_of_two_means_over_seeds_add_as_welch_has_it() -> None:
    """Satterthwaite's degrees of freedom of two groups of seeds, as scipy's unequal-variance t-test has them."""
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(0, 1, size=3), rng.normal(0, 3, size=5)
    both = Error(ours.var(ddof=1) / 3, 2).plus(Error(theirs.var(ddof=1) / 5, 4))
    assert both.freedom == pytest.approx(stats.ttest_ind(ours, theirs, equal_var=False).df)


def test_a_difference_of_the_detectable_size_is_found_four_times_in_five() -> None:
    rng = np.random.default_rng(1)
    error, clusters = 0.1, 40
    size = Estimate(0.0, rng.normal(0, error, size=4000), clusters).detectable(0.95)
    # The bootstrap's SD is that of the estimate times sqrt((G - 1) / G).
    truth = rng.normal(size, error * np.sqrt(clusters / (clusters - 1)), size=400)
    found = [
        Estimate(value, value + rng.normal(0, error, size=1000), clusters).interval(0.95)[0] > 0 for value in truth
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.06)


def test_draws_over_pairs_of_genes_shrink_about_the_value() -> None:
    design = ClusterDesign("gene", np.column_stack(np.triu_indices(100, 1)), (100, 100))
    influence = np.random.default_rng(2).normal(size=4950)
    wide, narrow = Estimate(0.3, DRAWS, 100), Estimate(0.3, DRAWS, 100, design.spread(influence))
    assert np.ptp(narrow.interval(0.95)) == pytest.approx(np.ptp(wide.interval(0.95)) / np.sqrt(3), rel=0.08)
    squared = Estimate(0.09, DRAWS**2, 100, design.spread(0.6 * influence)).square_root()
    assert squared.interval(0.95) == pytest.approx(narrow.interval(0.95), abs=0.01)


def test_the_interval_of_a_share_is_one_of_shares():
    """Draws that are widened about 0.02 reach below 0, where no share is."""
    draws = np.random.default_rng(0).normal(0.02, 0.02, 500)
    estimate = Estimate(0.02, draws, 20.0)
    low, high = estimate.interval(0.95)
    assert low < 0
    assert estimate.interval_within(0.95, 0.0, 1.0) == (0.0, high)


def test_an_unknown_interval_stays_unknown_within_bounds():
    assert np.isnan(Estimate(0.5, np.array([0.5, 0.5]), 1.0).interval_within(0.95, 0.0, 1.0)).all()
