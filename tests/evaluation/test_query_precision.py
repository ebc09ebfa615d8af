"""Precision at the top of each query, and its mean over queries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_lib.evaluation.intervals.design import ClusterDesign
from pipeline_lib.evaluation.intervals.estimates import draw_resamples
from pipeline_lib.evaluation.metrics.ranking import QueryPrecision


def by_query(query):
    query = np.asarray(query)
    return ClusterDesign("query", query[:, None], (int(query.max()) + 1,))


def test_each_query_is_ranked_by_itself():
    """Two queries of twelve rows: the first's two calls are on top, the second's only call is the last."""
    query = np.repeat([0, 1], 12)
    score = np.tile(np.arange(12.0)[::-1], 2) + 100 * query
    called = np.zeros(24, dtype=bool)
    called[[0, 1, 23]] = True
    found = QueryPrecision.of(score, called, by_query(query))
    assert found.precision.tolist() == [0.2, 0.0]
    assert found.draws(draw_resamples(by_query(query), 5, [0]))[0] == pytest.approx(0.1)


def test_queries_without_calls_or_with_ten_rows_at_most_are_left_out():
    query = np.repeat([0, 1, 2], [12, 12, 10])
    called = np.zeros(34, dtype=bool)
    called[[12, 24]] = True
    found = QueryPrecision.of(np.arange(34.0), called, by_query(query))
    assert found.query.tolist() == [1]


def test_a_constant_prediction_has_the_prevalence_of_each_query():
    query = np.repeat([0, 1], [20, 50])
    called = np.zeros(70, dtype=bool)
    called[[*range(5), *range(20, 30)]] = True
    found = QueryPrecision.of(np.zeros(70), called, by_query(query))
    assert found.precision.tolist() == pytest.approx([5 / 20, 10 / 50])


@given(st.integers(0, 10_000), st.integers(0, 2))
@settings(max_examples=40, deadline=None)
def test_it_equals_a_loop_over_queries(seed, decimals):
    rng = np.random.default_rng(seed)
    query = rng.integers(0, 6, 120)
    score, called = np.round(rng.normal(size=120), decimals), rng.random(120) < 0.3
    found = QueryPrecision.of(score, called, by_query(query), k=7)
    expected = {}
    for code in np.unique(query):
        rows = np.flatnonzero(query == code)
        if len(rows) > 7 and called[rows].any():
            # Ties in every order: the mean precision is the expected one.
            least = np.sort(score[rows])[::-1][6]
            sure, tied = score[rows] > least, score[rows] == least
            expected[code] = (called[rows][sure].sum() + called[rows][tied].mean() * (7 - sure.sum())) / 7
    assert dict(zip(found.query, found.precision, strict=True)) == pytest.approx(expected)


def test_in_a_symmetric_screen_each_gene_is_the_query_in_turn():
    first, second = np.triu_indices(14, 1)
    design = ClusterDesign("gene", np.column_stack([first, second]), (14, 14))
    called = (first == 0) | (second == 0)
    found = QueryPrecision.of(called.astype(float), called, design)
    assert found.query.tolist() == list(range(14))
    assert found.precision.tolist() == pytest.approx([1.0] + [0.1] * 13)


def test_influence_is_the_derivative_by_the_weight_of_a_query_and_sums_to_zero():
    rng = np.random.default_rng(0)
    query = np.repeat(np.arange(8), 15)
    found = QueryPrecision.of(rng.normal(size=120), rng.random(120) < 0.4, by_query(query))
    influence = found.influence(120)
    assert influence.sum() == pytest.approx(0, abs=1e-12)
    weight = np.ones(len(found.query))
    weight[3] += 1e-6
    moved = (weight @ found.precision / weight.sum() - found.precision.mean()) / 1e-6
    assert influence[query == found.query[3]].sum() == pytest.approx(moved, rel=1e-4)


def test_draws_are_means_over_the_queries_that_were_drawn():
    rng = np.random.default_rng(1)
    query = np.repeat(np.arange(8), 15)
    design = by_query(query)
    found = QueryPrecision.of(rng.normal(size=120), rng.random(120) < 0.4, design)
    resamples = draw_resamples(design, 20, [0])
    for draw, counts in enumerate(resamples.counts[0]):
        taken = np.repeat(found.precision, counts[found.query].astype(int))
        assert found.draws(resamples)[draw] == pytest.approx(taken.mean())
