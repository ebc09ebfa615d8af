"""Metrics that need a ranking of their own in every resample."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from pipeline_lib.evaluation.intervals.design import ClusterDesign
from pipeline_lib.evaluation.intervals.estimates import Resamples, draw_resamples
from pipeline_lib.evaluation.metrics.ranking import RankingBootstrap


def case(seed: int, decimals: int) -> tuple[ClusterDesign, Resamples, np.ndarray, np.ndarray, np.ndarray]:
    """Return pairs of genes with tied values and tied scores, and which pairs are called."""
    rng = np.random.default_rng(seed)
    first, second = np.triu_indices(25, 1)
    design = ClusterDesign("gene", np.column_stack([first, second]), (25, 25))
    y = np.round(rng.normal(size=300), decimals)
    x = np.round(0.7 * y + rng.normal(size=300), decimals)
    return design, draw_resamples(design, 15, [seed]), x, y, y > 1


@pytest.mark.parametrize("decimals", [0, 1, 9])
def test_every_draw_equals_scipy_and_scikit_learn_on_the_rows_written_out(decimals: int, literal: Callable) -> None:
    design, resamples, x, y, called = case(decimals, decimals)
    bootstrap = RankingBootstrap(design, resamples, y)
    spearman, metrics = bootstrap.spearman(x), bootstrap.calls(x, called)
    for draw in range(16):
        rows = literal(design, resamples, draw)
        assert spearman[draw] == pytest.approx(stats.spearmanr(x[rows], y[rows])[0])
        assert metrics["auroc"][draw] == pytest.approx(roc_auc_score(called[rows], x[rows]))
        assert metrics["average_precision"][draw] == pytest.approx(average_precision_score(called[rows], x[rows]))
        assert metrics["prevalence"][draw] == pytest.approx(called[rows].mean())


def test_precision_at_recall_is_scikit_learns_curve(literal: Callable) -> None:
    design, resamples, x, y, called = case(5, 1)
    recalls = np.array([0.1, 0.5, 0.9, 1.0])
    found = RankingBootstrap(design, resamples, y).precision_at_recalls(x, called, recalls)
    for draw in range(16):
        rows = literal(design, resamples, draw)
        precision, recall, _ = precision_recall_curve(called[rows], x[rows])
        expected = [precision[np.flatnonzero(recall >= wanted - 1e-12)[-1]] for wanted in recalls]
        assert found[:, draw] == pytest.approx(expected)


def single(n: int) -> tuple[ClusterDesign, Resamples]:
    design = ClusterDesign("query", np.arange(n)[:, None], (n,))
    return design, draw_resamples(design, 50, [0])


def test_precision_at_100_counts_the_hundred_highest_scores() -> None:
    design, resamples = single(1000)
    score = np.arange(1000.0)
    called = np.zeros(1000, dtype=bool)
    called[[*range(900, 930), *range(100)]] = True
    found = RankingBootstrap(design, resamples, score).calls(score, called)
    assert found["precision_at_100"][0] == pytest.approx(0.30)


def test_ties_across_the_hundredth_place_are_shared_out_evenly() -> None:
    design, resamples = single(300)
    # 50 rows above, then 200 tied rows of which 60 are called: the other 50 places hold 50 * 60 / 200 calls.
    score = np.repeat([2.0, 1.0, 0.0], [50, 200, 50])
    called = np.zeros(300, dtype=bool)
    called[:20] = True
    called[50:110] = True
    found = RankingBootstrap(design, resamples, score).calls(score, called)
    assert found["precision_at_100"][0] == pytest.approx((20 + 15) / 100)


def test_with_fewer_than_100_rows_precision_at_100_is_the_prevalence() -> None:
    design, resamples = single(40)
    called = np.arange(40) < 10
    found = RankingBootstrap(design, resamples, np.arange(40.0)).calls(np.arange(40.0), called)
    assert found["precision_at_100"] == pytest.approx(found["prevalence"])


def test_a_constant_score_is_worth_a_guess() -> None:
    design, resamples = single(500)
    called = np.arange(500) % 10 == 0
    bootstrap = RankingBootstrap(design, resamples, called.astype(float))
    found = bootstrap.calls(np.ones(500), called)
    assert found["auroc"] == pytest.approx(np.full(51, 0.5))
    assert found["average_precision"] == pytest.approx(found["prevalence"])
    assert found["precision_at_100"] == pytest.approx(found["prevalence"])
    assert (bootstrap.spearman(np.ones(500)) == 0).all()


def test_a_resample_without_calls_has_no_average_precision() -> None:
    design, resamples = single(30)
    called = np.arange(30) == 4
    found = RankingBootstrap(design, resamples, np.arange(30.0)).calls(np.arange(30.0), called)
    drawn = resamples.counts[0][:, 4] > 0
    assert (np.isfinite(found["average_precision"]) == drawn).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=4, max_size=60))
def test_a_monotone_change_of_scores_changes_no_rank_metric(rows: list[tuple[int, bool]]) -> None:
    score, called = np.array([float(value) for value, _ in rows]), np.array([mark for _, mark in rows])
    design, resamples = single(len(rows))
    bootstrap = RankingBootstrap(design, resamples, called.astype(float))
    before, after = bootstrap.calls(score, called), bootstrap.calls(np.exp(score) - 7, called)
    for name, values in before.items():
        assert after[name] == pytest.approx(values, nan_ok=True)
    assert bootstrap.spearman(np.exp(score)) == pytest.approx(bootstrap.spearman(score), nan_ok=True)
