"""Fitness as a product."""

import numpy as np
import pytest

from pipeline_lib.models.baselines.digenic import MultiplicativeModel


def fitness(bench, genes, value, **keywords):
    return bench.genotypes(genes, value, phenotype="fitness", **keywords)


def test_a_multiple_mutant_is_the_product_of_its_measured_singles(bench):
    train = fitness(bench, [[0], [1], [1], [2], [0, 1]], [0.5, 0.7, 0.9, 1.1, 0.1])
    multiple = fitness(bench, [[0, 1], [0, 1, 2], [2]], [0, 0, 0])
    np.testing.assert_allclose(bench.fit(MultiplicativeModel, train).predict(multiple).value, [0.4, 0.44, 1.1])


def test_singles_of_another_screen_serve_where_a_screen_has_none(bench):
    train = bench.pool(
        fitness(bench, [[0], [1]], [0.5, 0.8], screen="singles"), fitness(bench, [[0, 1]], [0.2], screen="pairs")
    )
    assert bench.fit(MultiplicativeModel, train).predict(train).value[2] == pytest.approx(0.4)


def test_singles_are_estimated_from_multiple_mutants_where_none_was_measured(bench, generator):
    single = generator.uniform(0.5, 1.0, 30)
    pairs = [[i, j] for i in range(30) for j in range(i)]
    train = fitness(bench, pairs, [single[i] * single[j] for i, j in pairs])
    np.testing.assert_allclose(
        bench.fit(MultiplicativeModel, train).predict(fitness(bench, [[i] for i in range(30)], np.zeros(30))).value,
        single,
        rtol=0.05,
    )


def test_a_gene_that_was_never_deleted_gets_a_typical_fitness(bench):
    model = bench.fit(MultiplicativeModel, fitness(bench, [[0], [1]], [0.5, 0.8]))
    assert model.predict(fitness(bench, [[9]], [0])).value[0] == pytest.approx(np.sqrt(0.4))


@pytest.mark.parametrize("phenotype", ["interaction", "call"])
def test_nothing_interacts(bench, phenotype):
    train = bench.genotypes([[0, 1], [1, 2]], [1.0, 1.0], phenotype=phenotype)
    assert bench.fit(MultiplicativeModel, train).predict(train).value.tolist() == [0.0, 0.0]
