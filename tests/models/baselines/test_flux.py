"""Flux balance as a predictor."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.models.baselines.flux import FluxBalanceAnalysisModel, FluxResults, MinimalAdjustmentModel


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


@pytest.fixture
def solved(cell):
    """The same cell without the genotype on which the solver failed."""
    return replace(cell, knockouts=cell.knockouts.dropna(subset="fitness"))


def test_genes_outside_the_model_change_nothing(bench, cell):
    results = FluxResults.read(cell, "fba")
    genes = bench.genotypes([[0], [0, 40], [0, 1, 40], [40], [40, 41], [1, 0]], [0] * 6).genes
    fitness, interaction = results.of(genes)
    np.testing.assert_allclose(fitness, [0.5, 0.5, 0.1, 1.0, 1.0, 0.1])
    np.testing.assert_allclose(interaction, [0.0, 0.0, 0.0, 0.0, 0.0, -0.3])


def test_a_genotype_on_which_the_solver_failed_has_no_value(bench, cell):
    fitness, interaction = FluxResults.read(cell, "fba").of(bench.genotypes([[0, 2]], [0]).genes)
    assert np.isnan(fitness).all()
    assert np.isnan(interaction).all()


def test_the_fitness_of_a_single_knockout_is_known_only_where_it_was_solved(cell):
    """G002 was not solved, the solver failed on G003, G040 is not in the model."""
    failed = pd.DataFrame([(["G003"], "fba", np.nan, np.nan)], columns=cell.knockouts.columns)
    results = FluxResults.read(replace(cell, knockouts=pd.concat([cell.knockouts, failed])), "fba")
    np.testing.assert_array_equal(results.single_fitness()[[0, 1, 2, 3, 40]], [0.5, 0.8, np.nan, np.nan, 1.0])


def test_a_fit_on_genotypes_on_which_the_solver_failed_is_refused(bench, cell):
    train = bench.genotypes([[0, 1], [0, 2]], [-0.2, 0.1])
    with pytest.raises(PipelineError, match="the solver failed on 1 of 4 genotypes"):
        bench.fit(FluxBalanceAnalysisModel, train, cell=cell)


def test_methods_are_distinguished(bench, cell):
    pair = bench.genotypes([[0, 1]], [0]).genes
    assert FluxResults.read(cell, "fba").of(pair)[0] == 0.1
    assert FluxResults.read(cell, "moma").of(pair)[0] == 0.2


def test_a_genotype_that_the_table_lacks_is_refused_not_given_a_constant(bench, solved):
    model = bench.fit(FluxBalanceAnalysisModel, bench.genotypes([[0, 1], [40, 41]], [-2.0, 1.0]), cell=solved)
    with pytest.raises(PipelineError, match=r"'fba' results .* lack 2 genotypes, the first G000\+G003"):
        model.predict(bench.genotypes([[0, 3], [2, 3, 40], [0, 3, 40]], [0, 0, 0]))


def test_a_genotype_that_the_table_lacks_is_solved_once_where_there_is_a_solver(bench, solved):
    asked = []

    def solve(genes, method, index):  # noqa: ARG001 - the protocol's
        asked.append((genes.tolist(), method))
        return np.array([0.4, 0.7]), np.array([-0.1, 0.25])

    results = FluxResults.read(replace(solved, solve=solve), "fba")
    fitness, interaction = results.of(bench.genotypes([[2, 3], [0, 3], [0, 3, 40], [0, 1], [2, 3]], [0] * 5).genes)
    assert asked == [([[0, 3, -1], [2, 3, -1]], "fba")]
    np.testing.assert_allclose(fitness, [0.7, 0.4, 0.4, 0.1, 0.7])
    np.testing.assert_allclose(interaction, [0.25, -0.1, 0.0, -0.3, 0.25])


def test_fitness_that_no_screen_measured_is_predicted_in_the_metabolic_models_units(bench, solved):
    model = bench.fit(FluxBalanceAnalysisModel, bench.genotypes([[0, 1], [40, 41]], [-2.0, 1.0]), cell=solved)
    asked = replace(bench.genotypes([[0], [1], [0, 1]], [0] * 3, phenotype="fitness"), screen=np.full(3, -1))
    np.testing.assert_allclose(model.predict(asked).value, [0.5, 0.8, 0.1])


def test_simulated_fitness_is_put_on_a_line(bench, solved):
    train = bench.genotypes([[0], [1], [40], [0, 1], [40, 41]], [0.6, 0.84, 1.0, 0.2, 1.1], phenotype="fitness")
    predicted = bench.fit(FluxBalanceAnalysisModel, train, cell=solved).predict(train).value
    slope, intercept = np.polyfit([0.5, 0.8, 1.0], train.value[:3], 1)
    np.testing.assert_allclose(predicted[:3], intercept + slope * np.array([0.5, 0.8, 1.0]))
    np.testing.assert_allclose(predicted[3:], [0.2, 1.1])


def test_a_wrong_direction_shows_as_a_negative_correlation(bench, solved):
    train = bench.genotypes([[0, 1], [40, 41], [42, 43]], [2.0, 0.0, 0.1])
    model = bench.fit(MinimalAdjustmentModel, train, cell=solved)
    assert bench.correlation(model, train) == pytest.approx(-np.corrcoef([0.2, 0, 0], train.value)[0, 1])


def test_a_negative_interaction_is_a_call(bench, solved):
    train = bench.genotypes([[0, 1], [40, 41], [42, 43]], [1.0, 0.0, 0.0], phenotype="call")
    np.testing.assert_allclose(
        bench.fit(FluxBalanceAnalysisModel, train, cell=solved).predict(train).value, [1, 0, 0], atol=1e-12
    )


def test_missing_results_are_named(bench):
    with pytest.raises(PipelineError, match=r"'moma' results .* lack 1 genotypes, the first G000\+G001.*--method moma"):
        bench.fit(MinimalAdjustmentModel, bench.genotypes([[0, 1]], [0.0]), cell=bench.cell(in_gem=[0, 1]))
