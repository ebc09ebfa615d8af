"""Triples from the scores of their pairs."""

import numpy as np
import pytest

from pipeline_lib.models.baselines.digenic import DigenicMinModel, DigenicSumModel, PairScores


@pytest.fixture
def scores(generator):
    return {(i, j): generator.standard_normal() for j in range(12) for i in range(j)}


def screen(bench, scores, combine, generator, pairs=True):
    triples = [[i, j, k] for k in range(12) for j in range(k) for i in range(j)]
    combined = np.array([combine([scores[i, j], scores[i, k], scores[j, k]]) for i, j, k in triples])
    value = 0.3 * combined - 0.1 + 0.01 * generator.standard_normal(len(triples))
    return bench.genotypes(
        [*([list(pair) for pair in scores] if pairs else []), *triples],
        np.concatenate([list(scores.values()) if pairs else [], value]),
    )


@pytest.mark.parametrize(("model_class", "combine"), [(DigenicSumModel, sum), (DigenicMinModel, min)])
def test_a_triple_lies_on_a_line_of_its_combined_pairs(bench, scores, generator, model_class, combine):
    whole = screen(bench, scores, combine, generator)
    held = (whole.order == 3) & (np.arange(len(whole)) % 4 == 0)
    assert bench.correlation(bench.fit(model_class, whole.take(~held)), whole.take(held)) > 0.99


def test_the_least_pair_is_not_the_sum(bench, scores, generator):
    whole = screen(bench, scores, min, generator)
    triples = whole.take(whole.order == 3)
    assert bench.correlation(bench.fit(DigenicSumModel, whole), triples) < 0.95


def test_a_pair_is_its_own_measured_score_and_else_the_mean(bench, scores, generator):
    whole = screen(bench, scores, sum, generator)
    pairs = np.flatnonzero(whole.order == 2)
    model = bench.fit(DigenicSumModel, whole.take(np.delete(np.arange(len(whole)), pairs[:5])))
    predicted = model.predict(whole.take(pairs)).value
    np.testing.assert_allclose(predicted[5:], whole.value[pairs[5:]], atol=1e-9)
    np.testing.assert_allclose(predicted[:5], whole.value[pairs[5:]].mean())


def test_pairs_of_another_screen_serve_where_a_screen_has_none(bench, scores, generator):
    elsewhere = bench.genotypes([list(pair) for pair in scores], 10 * np.array(list(scores.values())), screen="emap")
    triples = screen(bench, scores, sum, generator, pairs=False)
    model = bench.fit(DigenicSumModel, bench.pool(elsewhere, triples))
    assert bench.correlation(model, triples) > 0.99


def test_replicates_and_orientations_of_a_pair_are_averaged(bench):
    train = bench.genotypes([[0, 1], [1, 0], [0, 2]], [1.0, 2.0, 6.0])
    scores = PairScores.of_train(train, bench.num_genes)
    standard = (train.value - 3) / train.value.std()
    np.testing.assert_allclose(scores.scores, [standard[:2].mean(), standard[2]])
