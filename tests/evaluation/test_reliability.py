"""Reliability by analysis of variance."""

import numpy as np
import pytest

from pipeline_lib.evaluation.ceilings.reliability import (
    RowSums,
    ceiling,
    group_columns,
    repeat_reliability,
    repeats,
    reported_reliability,
    variance_components,
)
from pipeline_lib.evaluation.intervals.design import ClusterDesign, RobustSpread
from pipeline_lib.evaluation.intervals.estimates import draw_resamples

# Four judges rate six targets: table 2 of Shrout and Fleiss (1979, Psychol. Bull. 86:420-428).
RATINGS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float)


def test_the_textbook_example_has_an_intraclass_correlation_of_0_17() -> None:
    group = np.repeat(np.arange(6), 4)
    between, within = variance_components(group_columns(RATINGS.ravel(), group).sum(axis=1))
    # Their mean squares: 11.24 between targets, 6.26 within.
    assert within == pytest.approx(6.26, abs=0.005)
    assert between == pytest.approx((11.24 - 6.26) / 4, abs=0.005)
    assert between / (between + within) == pytest.approx(0.17, abs=0.005)


def test_groups_of_unequal_size_recover_the_variances_they_were_drawn_with() -> None:
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(20_000), rng.integers(2, 6, size=20_000))
    value = rng.normal(0, 2, size=20_000)[group] + rng.normal(0, 3, size=len(group))
    between, within = variance_components(group_columns(value, group).sum(axis=1))
    assert between == pytest.approx(4, rel=0.04)
    assert within == pytest.approx(9, rel=0.02)


def test_only_what_is_measured_twice_repeats() -> None:
    found = repeats(np.array([5, 7, 5, 9, 7, 7]), np.array([10, 11, 12, 13, 14, 15]))
    assert found.rows.tolist() == [10, 11, 12, 14, 15]
    assert found.group.tolist() == [0, 1, 0, 1, 1]
    assert found.groups == 2


def test_every_draw_is_the_estimate_of_the_clusters_drawn() -> None:
    rng = np.random.default_rng(1)
    query = np.repeat(np.arange(10), 40)
    group = np.repeat(np.arange(200), 2)
    value = rng.normal(size=200)[group] + rng.normal(size=400)
    design = ClusterDesign("query", query[:, None], (10,))
    resamples = draw_resamples(design, 5, [0])
    sums, _ = repeat_reliability(value, np.zeros(400), repeats(group, np.arange(400)), np.ones(400))
    among = sums.estimate(design, resamples, 10)
    for draw in range(6):
        counts = resamples.counts[0][draw, :10].astype(int)
        rows = np.concatenate([np.flatnonzero(query == q) for q in range(10) for _ in range(counts[q])])
        copies = np.repeat(np.arange(len(rows) // 2), 2)
        between, within = variance_components(group_columns(value[rows], copies).sum(axis=1))
        found = among.value if draw == 0 else among.draws[draw - 1]
        assert found == pytest.approx(between / (between + within))


def test_the_influence_of_a_row_is_what_a_little_more_weight_of_it_does() -> None:
    rng = np.random.default_rng(6)
    value, std = rng.normal(3, 2, size=60), rng.uniform(0.5, 1, size=60)
    design = ClusterDesign("gene", np.column_stack([np.arange(60), np.arange(60)[::-1]]), (60, 60))
    sums = reported_reliability(value, np.zeros(60), std)
    estimate = sums.estimate(design, draw_resamples(design, 1, [0]), 60)
    assert isinstance(estimate.spread, RobustSpread)
    influence = estimate.spread.influence
    for row in range(3):
        weights = np.ones(60)
        weights[row] += 1e-6
        moved = float(sums.formula((sums.columns @ weights)[:, None])[0]) - estimate.value
        assert moved / 1e-6 == pytest.approx(influence[row], rel=1e-3, abs=1e-6)
    assert influence.sum() == pytest.approx(0, abs=1e-6)


def test_repeats_that_vary_less_than_the_screen_understate_its_reliability() -> None:
    """Repeats of weak genotypes alone: their own ratio is low, the whole screen's is what it is."""
    rng = np.random.default_rng(2)
    truth = np.append(np.repeat(rng.normal(0, 0.5, size=1000), 2), rng.normal(0, 3, size=4000))
    value = truth + rng.normal(size=6000)
    found = repeats(np.repeat(np.arange(1000), 2), np.arange(2000))
    among, screen = map(of_data, repeat_reliability(value, np.zeros(6000), found, np.ones(2000)))
    assert among == pytest.approx(0.2, abs=0.05)
    assert screen == pytest.approx(1 - 1 / value.var(), abs=0.02)


def of_data(sums: RowSums) -> float:
    return float(sums.formula(sums.columns.sum(axis=1, keepdims=True))[0])


def test_reported_sds_are_subtracted_from_the_variance() -> None:
    value, std = np.array([0.0, 2.0, 4.0, 6.0]), np.array([1.0, np.nan, 1.0, np.sqrt(2)])
    # Known rows: variance of 0, 4, 6 is 56 / 9; mean square of the SDs is 4 / 3.
    assert of_data(reported_reliability(value, np.zeros(4), std)) == pytest.approx(1 - (4 / 3) / (56 / 9))


@pytest.mark.parametrize(("reliability", "best"), [(0.59, 0.768), (0.88, 0.938), (1.0, 1.0), (-0.2, 0.0)])
def test_the_ceiling_is_the_root_of_the_reliability(reliability: float, best: float) -> None:
    assert ceiling(np.array([reliability]))[0] == pytest.approx(best, abs=5e-4)


def test_centring_by_a_mean_of_five_loses_a_fifth_of_the_variance_which_is_given_back() -> None:
    rng = np.random.default_rng(4)
    query = np.repeat(np.arange(20_000), 5)
    value = rng.normal(size=len(query))
    centred = value - (np.bincount(query, weights=value) / 5)[query]
    std = np.full(len(query), 0.5)
    # Reliability 1 - 0.25 / variance: of 0.8 as it is, of 1 with the share given back.
    for share, variance in ((0.0, 0.8), (0.2, 1.0)):
        found = of_data(reported_reliability(centred, np.full(len(query), share), std))
        assert found == pytest.approx(1 - 0.25 / variance, rel=0.02)
