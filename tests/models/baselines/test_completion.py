"""Matrix completion: closed forms of full matrices, and low-rank truths."""

import numpy as np
import pytest

from pipeline_lib.models.baselines.linear import TwoWayModel
from pipeline_lib.models.baselines.matrix_completion import (
    FactorisationModel,
    NearestProfilesModel,
    SoftImputeModel,
    alternate,
    profile_correlations,
    soft_impute_path,
)
from pipeline_lib.models.crosses.effects import ScoreMatrix


def thresholded(matrix, threshold):
    left, singular, right = np.linalg.svd(matrix, full_matrices=False)
    return (left * np.maximum(singular - threshold, 0)) @ right


@pytest.fixture
def full(generator):
    matrix = generator.standard_normal((30, 18)) + 4 * np.outer(generator.standard_normal(30), np.ones(18))
    return ScoreMatrix(matrix, np.ones_like(matrix))


def test_soft_impute_of_a_full_matrix_thresholds_its_singular_values(full, generator):
    shares = np.array([0.5, 0.2, 0.05])
    largest = np.linalg.svd(full.values, compute_uv=False)[0]
    for share, factors in zip(shares, soft_impute_path(full, shares, 18, generator), strict=True):
        np.testing.assert_allclose(factors.left @ factors.right.T, thresholded(full.values, share * largest), atol=1e-6)


def test_soft_impute_meets_the_optimality_condition_on_a_partial_matrix(generator):
    """At the minimum, the singular-value threshold of the filled matrix is the solution itself (Mazumder, lemma 1)."""
    observed = (generator.random((25, 25)) < 0.7).astype(float)
    matrix = ScoreMatrix(generator.standard_normal((25, 25)) * observed, observed)
    # A short path by small steps, so that the warm starts have converged.
    shares = np.repeat([0.6, 0.5, 0.4], 20)
    *_, last = soft_impute_path(matrix, shares, 25, generator)
    solution = last.left @ last.right.T
    largest = np.linalg.svd(matrix.values, compute_uv=False)[0]
    filled = np.where(observed > 0, matrix.values, solution)
    np.testing.assert_allclose(thresholded(filled, 0.4 * largest), solution, atol=0.02 * np.abs(solution).max())


def test_factorisation_of_a_full_matrix_thresholds_its_singular_values(full):
    """min |X - LR'|^2 + c(|L|^2 + |R|^2) is the singular value decomposition thresholded at c (Srebro 2005)."""
    start = np.linalg.svd(full.values, full_matrices=False)[2].T
    factors = alternate(full, start, penalty=12.0, rounds=10)
    np.testing.assert_allclose(factors.left @ factors.right.T, thresholded(full.values, 12.0), atol=1e-2)


@pytest.mark.parametrize("model_class", [SoftImputeModel, FactorisationModel])
def test_a_low_rank_truth_is_recovered_where_nothing_was_measured(bench, generator, model_class):
    matrix = bench.low_rank(3, 60, generator)
    train, validation, test = bench.thirds(bench.emap(matrix + 0.1 * generator.standard_normal((60, 60))))
    model = bench.fit(model_class, train, validation)
    assert bench.correlation(model, test) > 0.95
    assert bench.correlation(bench.fit(TwoWayModel, train, validation), test) < 0.5


@pytest.mark.parametrize("model_class", [SoftImputeModel, FactorisationModel, NearestProfilesModel])
def test_a_symmetric_screen_is_predicted_the_same_from_both_sides(bench, generator, model_class):
    genotypes = bench.emap(bench.low_rank(3, 30, generator))
    train, validation, test = bench.thirds(genotypes)
    model = bench.fit(model_class, train, validation)
    swapped = type(test)(**{**vars(test), "query": test.array, "array": test.query})
    np.testing.assert_allclose(model.predict(swapped).value, model.predict(test).value, atol=1e-12)


@pytest.mark.parametrize("model_class", [SoftImputeModel, FactorisationModel, NearestProfilesModel])
def test_without_structure_completion_adds_nothing(bench, generator, model_class):
    train, validation, test = bench.thirds(bench.emap(generator.standard_normal((60, 60))))
    assert abs(bench.correlation(bench.fit(model_class, train, validation), test)) < 0.2


@pytest.mark.parametrize("model_class", [SoftImputeModel, FactorisationModel, NearestProfilesModel])
def test_an_unknown_gene_is_left_to_the_effects(bench, generator, model_class):
    train = bench.emap(bench.low_rank(3, 30, generator))
    new = bench.genotypes([[3, 55]], [0], query=["G003_d"], array=["G055_d"])
    effects = bench.fit(TwoWayModel, train).predict(new).value
    np.testing.assert_allclose(bench.fit(model_class, train).predict(new).value, effects, atol=1e-9)


def test_profile_correlations_use_the_columns_measured_in_both(generator):
    observed = (generator.random((8, 40)) < 0.7).astype(float)
    values = generator.standard_normal((8, 40)) * observed
    correlation = profile_correlations(values, observed)
    both = (observed[1] > 0) & (observed[5] > 0)
    expected = values[1, both] @ values[5, both] / np.sqrt((values[1, both] ** 2).sum() * (values[5, both] ** 2).sum())
    assert correlation[1, 5] == pytest.approx(expected)
    assert np.all(np.diag(correlation) == 0)
    few = np.zeros((8, 40))
    few[:, :9] = 1
    assert not profile_correlations(values * few, observed * few).any()


def test_a_missing_cross_is_copied_from_a_twin_strain(bench, generator):
    """Genes 2k and 2k + 1 work in one complex: their profiles are the same."""
    profile = np.repeat(bench.low_rank(25, 25, generator), 2, axis=0).repeat(2, axis=1)
    train, validation, test = bench.thirds(bench.emap(profile))
    assert bench.correlation(bench.fit(NearestProfilesModel, train, validation), test) > 0.9
