"""Influence of single rows, against leaving them out."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from pipeline_lib.evaluation.intervals import design as influence
from pipeline_lib.evaluation.intervals.design import ClusterDesign
from pipeline_lib.evaluation.intervals.estimates import draw_resamples
from pipeline_lib.evaluation.metrics.moments import MomentBootstrap, MomentSums, pearson_within_query
from pipeline_lib.evaluation.metrics.ranking import RankingBootstrap

N = 400
RNG = np.random.default_rng(0)
Y = RNG.normal(size=N)
X = {"distinct": 0.6 * Y + RNG.normal(size=N), "tied": np.round(0.6 * Y + RNG.normal(size=N), 1)}
CALLED = Y > 1
PART = np.arange(N) % 3 == 0

METRICS: dict[str, tuple[Callable, Callable]] = {
    "pearson": (
        lambda x, y, _: stats.pearsonr(x, y)[0],
        lambda x: influence.of_correlation(x - x.mean(), Y - Y.mean()),
    ),
    "rmse": (lambda x, y, _: np.sqrt(np.mean((x - y) ** 2)), lambda x: influence.of_rmse(x, Y)),
    "spearman": (lambda x, y, _: stats.spearmanr(x, y)[0], lambda x: influence.of_spearman(x, Y)),
    "auroc": (lambda x, _, called: roc_auc_score(called, x), lambda x: influence.of_auroc(x, CALLED)),
    "average precision": (
        lambda x, _, called: average_precision_score(called, x),
        lambda x: influence.of_average_precision(x, CALLED),
    ),
    "mean": (lambda x, *_: x.mean(), influence.of_mean),
    "slope": (
        lambda x, y, _: stats.linregress(x, y).slope,
        lambda x: influence.of_slope(x - x.mean(), Y - Y.mean()),
    ),
    "spread ratio": (
        lambda x, y, _: x.std() / y.std(),
        lambda x: influence.of_spread_ratio(x - x.mean(), Y - Y.mean()),
    ),
}


@pytest.mark.parametrize("values", X)
@pytest.mark.parametrize("metric", METRICS)
def test_leaving_a_row_out_takes_its_influence_away(metric: str, values: str) -> None:
    x = X[values]
    statistic, derivative = METRICS[metric]
    whole = statistic(x, Y, CALLED)
    kept = [np.delete(np.arange(N), row) for row in range(N)]
    taken = np.array([whole - statistic(x[rows], Y[rows], CALLED[rows]) for rows in kept])
    found = derivative(x)
    assert found.sum() == pytest.approx(0, abs=1e-10)
    assert np.corrcoef(taken, found)[0, 1] > 0.995
    assert taken.std() == pytest.approx(found.std(), rel=0.03)


def test_precision_at_a_recall_spreads_as_its_influence_predicts() -> None:
    """Over resamples of 3,000 rows the SD of the precision is the root of the summed squares of influence."""
    rng = np.random.default_rng(2)
    called = rng.random(3000) < 0.15
    score = called + rng.normal(size=3000)
    clusters = ClusterDesign("query", np.arange(3000)[:, None], (3000,))
    recalls = np.array([0.1, 0.3, 0.6, 0.9])
    bootstrap = RankingBootstrap(clusters, draw_resamples(clusters, 400, [0]), score)
    draws = bootstrap.precision_at_recalls(score, called, recalls)
    for found, values in zip(influence.of_precision_at_recalls(score, called, recalls), draws, strict=True):
        assert found.sum() == pytest.approx(0, abs=0.01 * np.abs(found).sum())
        assert np.sqrt(found @ found) == pytest.approx(values[1:].std(), rel=0.2)


def test_the_mean_of_a_part_is_moved_by_its_members_alone() -> None:
    found = influence.of_mean(Y, PART)
    assert (found[~PART] == 0).all()
    assert found[PART] == pytest.approx((Y[PART] - Y[PART].mean()) / PART.sum())


def test_only_the_top_moves_the_precision_at_the_top() -> None:
    found = influence.of_precision_at(X["distinct"], CALLED, 50)
    top = np.argsort(-X["distinct"])[:50]
    rest = np.delete(found, top)
    assert rest == pytest.approx(np.full(N - 50, rest[0]))
    assert found[top][CALLED[top]].min() > found[top][~CALLED[top]].max()


def test_the_correlation_within_queries_is_moved_by_both_turns_of_a_pair() -> None:
    rng = np.random.default_rng(3)
    design = ClusterDesign("gene", np.column_stack(np.triu_indices(20, 1)), (20, 20))
    y, x = rng.normal(size=(2, 190))
    whole = MomentBootstrap(design, draw_resamples(design, 1, [0]), y)
    found = whole.influence_within_query(x)
    taken = []
    for row in range(190):
        rows = np.delete(np.arange(190), row)
        part = MomentBootstrap(design.take(rows), draw_resamples(design, 1, [0]), y[rows]).sums(x[rows])
        taken.append(_within(whole.sums(x)) - _within(part))
    assert np.corrcoef(taken, found)[0, 1] > 0.98


def _within(sums: MomentSums) -> float:
    return float(pearson_within_query(sums)[0])


def test_a_constant_prediction_is_moved_by_nothing() -> None:
    assert (influence.of_correlation(np.zeros(N), Y) == 0).all()
