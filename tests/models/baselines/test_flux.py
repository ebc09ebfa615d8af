"""Flux balance as a predictor."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.models.baselines.flux import FluxBalanceAnalysisModel, MinimalAdjustmentModel
from pipeline_lib.models.baselines.flux_results import FluxResults


@pytest.fixture
def cell(bench):
    knockouts = pd.DataFrame(
        [
            (["G000", "G001", "G040"], "fba", 0.1, 0.0),
            (["G000"], "fba", 0.5, np.nan),
            (["G001"], "fba", 0.8, np.nan),
            (["G000", "G001"], "fba", 0.1, -0.3),
            (["G001", "G000"], "moma", 0.2, -0.2),
            (["G000", "G002"], "fba", np.nan, np.nan),
        ],
        columns=["genes", "method", "fitness", "interaction"],
    )
    return bench.cell(in_gem=[0, 1, 2, 3], knockouts=knockouts)


def test_genes_outside_the_model_change_nothing(bench, cell):
    results = FluxResults.read(cell, "fba")
    genes = bench.genotypes([[0], [0, 40], [0, 1, 40], [40], [40, 41]], [0] * 5).genes
    np.testing.assert_allclose(results.of_fitness(genes), [0.5, 0.5, 0.1, 1.0, 1.0])
    np.testing.assert_allclose(results.of_interaction(genes)[1:], 0.0)
    np.testing.assert_allclose(results.of_interaction(bench.genotypes([[1, 0]], [0]).genes), -0.3)


def test_the_interaction_of_a_pair_is_not_that_of_a_triple_with_a_gene_outside_the_model(bench, cell):
    pair, triple = FluxResults.read(cell, "fba").of_interaction(bench.genotypes([[0, 1], [0, 1, 40]], [0, 0]).genes)
    assert (pair, triple) == (-0.3, 0.0)


def test_a_genotype_without_growth_has_fitness_0_and_one_that_was_not_solved_is_unknown(bench, cell):
    results = FluxResults.read(cell, "fba")
    np.testing.assert_array_equal(results.of_fitness(bench.genotypes([[0, 2], [0, 3]], [0, 0]).genes), [0.0, np.nan])


def test_methods_are_told_apart(bench, cell):
    pair = bench.genotypes([[0, 1]], [0]).genes
    assert FluxResults.read(cell, "fba").of_fitness(pair) == 0.1
    assert FluxResults.read(cell, "moma").of_fitness(pair) == 0.2


def test_simulated_fitness_is_put_on_a_line(bench, cell):
    train = bench.genotypes([[0], [1], [40], [0, 1], [40, 41]], [0.6, 0.84, 1.0, 0.2, 1.1], phenotype="fitness")
    predicted = bench.fit(FluxBalanceAnalysisModel, train, cell=cell).predict(train).value
    slope, intercept = np.polyfit([0.5, 0.8, 1.0], train.value[:3], 1)
    np.testing.assert_allclose(predicted[:3], intercept + slope * np.array([0.5, 0.8, 1.0]))
    np.testing.assert_allclose(predicted[3:], [0.2, 1.1])


def test_a_genotype_that_was_not_solved_gets_the_mean_of_its_order(bench, cell):
    train = bench.genotypes([[0, 1], [40, 41]], [-2.0, 1.0])
    new = bench.genotypes([[0, 3]], [0])
    assert bench.fit(FluxBalanceAnalysisModel, train, cell=cell).predict(new).value[0] == pytest.approx(-0.5)


def test_a_wrong_direction_shows_as_a_negative_correlation(bench, cell):
    train = bench.genotypes([[0, 1], [40, 41], [42, 43]], [2.0, 0.0, 0.1])
    model = bench.fit(MinimalAdjustmentModel, train, cell=cell)
    assert bench.correlation(model, train) == pytest.approx(-np.corrcoef([0.2, 0, 0], train.value)[0, 1])


def test_a_negative_interaction_is_a_call(bench, cell):
    train = bench.genotypes([[0, 1], [40, 41], [42, 43]], [1.0, 0.0, 0.0], phenotype="call")
    np.testing.assert_allclose(
        bench.fit(FluxBalanceAnalysisModel, train, cell=cell).predict(train).value, [1, 0, 0], atol=1e-12
    )


def test_missing_results_are_named(bench):
    with pytest.raises(PipelineError, match=r"no 'moma' results.*--method moma"):
        bench.fit(MinimalAdjustmentModel, bench.genotypes([[0, 1]], [0.0]), cell=bench.cell())
