"""The process over genes against scikit-learn's, and its closed forms against refitting."""

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from pipeline_lib.models.profile_predictor.cases import LeftOutPairs, left_out_of_both, smooth_both_sides
from pipeline_lib.models.profile_predictor.kernels import GeneProcess

NOISE = 0.3


@pytest.fixture
def generator():
    return np.random.default_rng(7)


@pytest.fixture
def places(generator):
    return generator.standard_normal((14, 3))


def test_mean_and_variance_are_those_of_scikit_learn(generator, places):
    kernel = RBF(1.5)
    targets = generator.standard_normal((10, 4))
    seen, new = places[:10], places[10:]
    process = GeneProcess.fit(kernel(seen), NOISE)
    peer = GaussianProcessRegressor(kernel, alpha=NOISE, optimizer=None).fit(seen, targets)
    mean, std = peer.predict(new, return_std=True)
    np.testing.assert_allclose(process.predict(kernel(new, seen), targets), mean, atol=1e-6)
    np.testing.assert_allclose(process.variance(kernel(new, seen)), std[:, 0] ** 2, atol=1e-6)


def test_leaving_a_gene_out_is_refitting_without_it(generator, places):
    kernel, targets = RBF(1.5)(places), generator.standard_normal((14, 3))
    process = GeneProcess.fit(kernel, NOISE)
    for gene in range(14):
        others = np.delete(np.arange(14), gene)
        refitted = GeneProcess.fit(kernel[np.ix_(others, others)], NOISE)
        np.testing.assert_allclose(
            process.left_out(targets)[gene], refitted.predict(kernel[[gene]][:, others], targets[others])[0], atol=1e-9
        )
        np.testing.assert_allclose(
            process.left_out_variance()[gene], refitted.variance(kernel[[gene]][:, others])[0], atol=1e-9
        )


def test_a_left_out_gene_is_predicted_without_its_own_profile(generator, places):
    process, targets = GeneProcess.fit(RBF(1.5)(places), NOISE), generator.standard_normal((14, 3))
    planted = targets.copy()
    planted[5] = 1000.0
    np.testing.assert_allclose(process.left_out(planted)[5], process.left_out(targets)[5], atol=1e-8)


def test_a_gene_without_similar_ones_is_predicted_by_the_mean_and_the_prior_variance(generator, places):
    process = GeneProcess.fit(RBF(1.5)(places), NOISE)
    np.testing.assert_array_equal(process.predict(np.zeros((1, 14)), generator.standard_normal((14, 2))), 0.0)
    np.testing.assert_array_equal(process.variance(np.zeros((1, 14))), 1.0)


def test_leaving_two_genes_out_is_refitting_without_both(generator, places):
    kernel = RBF(1.5)(places)
    profiles = generator.standard_normal((14, 14))
    profiles, effects = profiles + profiles.T, generator.standard_normal(14)
    first, second = np.triu_indices(14, 1)
    pairs = LeftOutPairs(GeneProcess.fit(kernel, NOISE).inverse, first, second)
    smoothed, (left, right) = pairs.profiles(profiles), pairs.values(effects)
    for pair in range(0, len(first), 5):
        two = [first[pair], second[pair]]
        others = np.delete(np.arange(14), two)
        weight = kernel[np.ix_(two, others)] @ GeneProcess.fit(kernel[np.ix_(others, others)], NOISE).inverse
        expected = smooth_both_sides(weight[:1], profiles[np.ix_(others, others)], weight[1:])
        np.testing.assert_allclose(smoothed[pair], expected[0, 0], atol=1e-9)
        np.testing.assert_allclose([left[pair], right[pair]], weight @ effects[others], atol=1e-9)


def test_leaving_a_query_and_an_array_out_is_refitting_without_both(generator, places):
    row_kernel, column_kernel = RBF(1.5)(places), RBF(0.7)(places[:6])
    profiles = generator.standard_normal((14, 6))
    rows, columns = np.nonzero(np.ones((14, 6)))
    fitted = GeneProcess.fit(row_kernel, NOISE), GeneProcess.fit(column_kernel, 0.8)
    found = left_out_of_both(*fitted, profiles, rows, columns)
    for cell in range(0, 84, 9):
        i, j = np.delete(np.arange(14), rows[cell]), np.delete(np.arange(6), columns[cell])
        across = row_kernel[[rows[cell]]][:, i] @ GeneProcess.fit(row_kernel[np.ix_(i, i)], NOISE).inverse
        down = column_kernel[[columns[cell]]][:, j] @ GeneProcess.fit(column_kernel[np.ix_(j, j)], 0.8).inverse
        np.testing.assert_allclose(
            found[cell], smooth_both_sides(across, profiles[np.ix_(i, j)], down)[0, 0], atol=1e-9
        )


def test_a_saved_process_is_half_as_large_and_the_same(places):
    process = GeneProcess.fit(RBF(1.5)(places), NOISE)
    state = process.state()
    assert state["lower"].size == len(places) * (len(places) + 1) / 2
    np.testing.assert_array_equal(GeneProcess.from_state(state).inverse, process.inverse)
