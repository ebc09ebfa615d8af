"""The perceptron on summed gene vectors."""

from dataclasses import replace

import numpy as np

from pipeline_lib.models.baselines.embedding_mlp import EmbeddingMlpModel


def additive(bench, generator):
    effect = generator.standard_normal(60)
    return bench.thirds(bench.emap(effect[:, None] + effect))


def test_additive_effects_are_learned(bench, generator):
    train, validation, test = additive(bench, generator)
    assert bench.correlation(bench.fit(EmbeddingMlpModel, train, validation, trials=12), test) > 0.95


def test_as_many_epochs_as_trials_are_scored_and_the_best_is_kept(bench, generator):
    train, validation, _ = additive(bench, generator)
    model = bench.fit(EmbeddingMlpModel, train, validation, trials=8)
    residual = validation.value - model.predict(validation).value
    np.testing.assert_allclose(model.assays["screen", "interaction"].residual, np.sqrt(np.mean(residual**2)))


def test_the_same_seed_gives_the_same_numbers(bench, generator):
    train, validation, test = additive(bench, generator)
    first, second = (bench.fit(EmbeddingMlpModel, train, validation, trials=2).predict(test) for _ in range(2))
    np.testing.assert_array_equal(first.value, second.value)


def test_a_gene_that_training_lacks_counts_as_no_gene(bench, generator):
    train, validation, _ = bench.thirds(bench.emap(generator.standard_normal((40, 40))))
    model = bench.fit(EmbeddingMlpModel, train, validation, trials=2)
    pairs, single = bench.genotypes([[3, 55], [3, 58]], [0, 0]), bench.genotypes([[3]], [0])
    np.testing.assert_allclose(model.predict(pairs).value, model.predict(single).value[0], atol=1e-6)


def test_nothing_is_learned_from_permuted_values(bench, generator):
    train, validation, test = bench.thirds(bench.emap(generator.standard_normal((60, 60))))
    assert abs(bench.correlation(bench.fit(EmbeddingMlpModel, train, validation), test)) < 0.2


def test_an_unseen_genes_effect_is_predicted_from_its_features(bench, generator):
    cell = bench.cell()
    feature = generator.standard_normal(len(cell.genes)).astype(np.float32)
    screen = bench.emap(0.8 * (feature[:60, None] + feature[:60]) + 0.1 * generator.standard_normal((60, 60)))
    unseen = np.isin(screen.genes[:, :2], np.arange(8)).any(axis=1)
    train, held = screen.take(~unseen), screen.take(unseen)
    validation, test = held.take(np.arange(len(held)) % 2 == 0), held.take(np.arange(len(held)) % 2 == 1)
    described = replace(cell, features={"own": feature[:, None]})
    model = bench.fit(EmbeddingMlpModel, train, validation, described)
    assert bench.correlation(model, test) > 0.9
    assert bench.correlation(bench.fit(EmbeddingMlpModel, train, validation, cell), test) < 0.8
    again = EmbeddingMlpModel.from_state(model.state(), described)
    np.testing.assert_allclose(again.predict(test).value, model.predict(test).value, rtol=1e-6)
