"""Lookups: equal to the group means that pandas takes."""

from dataclasses import replace

import numpy as np
import pandas as pd

from pipeline_lib.models.baselines.linear import ArrayMeanModel, MeanModel, QueryMeanModel, ScreenMeanModel


def triples(trigenic):
    return trigenic.take(trigenic.order == 3)


def test_query_and_array_means_are_group_means(bench, trigenic):
    train = triples(trigenic)
    for model_class, codes in ((QueryMeanModel, train.query), (ArrayMeanModel, train.array)):
        expected = pd.Series(train.value).groupby(codes).transform("mean")
        np.testing.assert_allclose(bench.fit(model_class, train).predict(train).value, expected, atol=1e-12)


def test_the_mean_of_a_symmetric_strain_counts_both_sides(bench, generator):
    matrix = generator.standard_normal((15, 15))
    train = bench.emap(matrix)
    upper = np.triu(matrix, 1)
    expected = (upper + upper.T).sum(axis=1) / 14
    predicted = bench.fit(QueryMeanModel, train).predict(train).value
    np.testing.assert_allclose(predicted, expected[train.genes[:, 0]], atol=1e-12)


def test_an_unknown_query_gets_the_mean_of_its_order(bench, trigenic):
    new = bench.genotypes([[50, 51, 20], [52, 20]], [0, 0], query=["new", "newer"], array=["G020_dma"] * 2)
    new = replace(new, screens=("trigenic",))
    predicted = bench.fit(QueryMeanModel, trigenic).predict(new).value
    np.testing.assert_allclose(predicted, [trigenic.value[trigenic.order == order].mean() for order in (3, 2)])


def test_the_mean_pools_the_screens_of_a_phenotype_and_the_screen_mean_does_not(bench, generator):
    first = bench.emap(generator.standard_normal((8, 8)), screen="a")
    second = bench.emap(5 + generator.standard_normal((8, 8)), screen="b")
    other = bench.emap(generator.standard_normal((8, 8)), screen="c", phenotype="fitness")
    train = bench.pool(first, second, other)
    assert np.allclose(
        bench.fit(MeanModel, train).predict(train).value[:56], np.concatenate([first.value, second.value]).mean()
    )
    by_screen = bench.fit(ScreenMeanModel, train).predict(train).value
    np.testing.assert_allclose(by_screen, np.repeat([part.value.mean() for part in (first, second, other)], 28))


def test_a_screen_that_training_lacks_is_predicted_by_the_largest_of_its_phenotype(bench):
    small = bench.emap(np.full((5, 5), 1.0), screen="small")
    large = bench.emap(np.full((9, 9), 2.0), screen="large")
    fitness = bench.emap(np.full((20, 20), 0.7), screen="fitness", phenotype="fitness")
    model = bench.fit(ScreenMeanModel, bench.pool(small, large, fitness))
    unstated = replace(small, screen=small.screen - 1, phenotype=np.full(len(small), -1))
    np.testing.assert_allclose(model.predict(replace(small, screens=("new",))).value, 2.0)
    np.testing.assert_allclose(model.predict(unstated).value, 0.7)


def test_the_spread_is_the_residual_of_the_validation_fold(bench, generator):
    train, validation = bench.emap(np.zeros((9, 9))), bench.emap(generator.standard_normal((9, 9)))
    predicted = bench.fit(ScreenMeanModel, train, validation).predict(train)
    np.testing.assert_allclose(predicted.std, np.sqrt(np.mean(validation.value**2)))
