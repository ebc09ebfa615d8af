"""Profiles freed of noise, and what a side predicts of a gene that is left out."""

import numpy as np
import pytest

from pipeline_lib.models.profile_predictor.kernels import GeneProcess
from pipeline_lib.models.profile_predictor.main_effects import MainEffects
from pipeline_lib.models.profile_predictor.side import AssaySide, SharedDirections


@pytest.fixture
def generator():
    return np.random.default_rng(11)


@pytest.mark.parametrize("shape", [(12, 30), (30, 12)], ids=["wide", "tall"])
def test_smoothing_is_the_posterior_mean_under_the_covariance_of_the_profiles(generator, shape):
    profiles = generator.normal(size=shape) @ np.diag(np.linspace(0.1, 3.0, shape[1]))
    new = generator.normal(size=(4, shape[1]))
    covariance = profiles.T @ profiles / shape[0]
    noise = 1.5 * np.mean(profiles**2)
    expected = new @ covariance @ np.linalg.inv(covariance + noise * np.eye(shape[1]))
    np.testing.assert_allclose(SharedDirections.of(profiles, 1.5).smooth(new), expected, atol=1e-10)


@pytest.mark.parametrize("shape", [(12, 30), (30, 12)], ids=["wide", "tall"])
def test_smoothing_a_row_by_the_others_is_decomposing_them_without_it(generator, shape):
    profiles, predicted = generator.normal(size=(2, *shape))
    found = SharedDirections.of(profiles, 1.0).smooth_left_out(predicted, profiles)
    noise = np.mean(profiles**2)
    for row in range(shape[0]):
        others = np.delete(profiles, row, axis=0)
        covariance = others.T @ others / shape[0]
        expected = predicted[row] @ covariance @ np.linalg.inv(covariance + noise * np.eye(shape[1]))
        np.testing.assert_allclose(found[row], expected, atol=1e-10)


def symmetric_side(profiles, owner, process):
    """A side whose columns are its own entities."""
    average = np.equal.outer(np.unique(owner), owner) / np.bincount(owner)[:, None]
    effects = MainEffects(0.0, np.zeros(len(average)), np.ones(1), process, None, np.zeros(len(average)), np.ones(2))
    return AssaySide(np.unique(owner), owner, owner, average @ profiles, effects, np.ones(1), process, 1.0)


@pytest.mark.parametrize("owner", [np.arange(12), np.repeat(np.arange(6), 2), np.array([0, 0, 0, 1, 2, 2, 3, 4, 5])])
def test_a_gene_that_is_left_out_of_a_symmetric_screen_is_neither_row_nor_column(generator, owner):
    places = generator.normal(size=(owner.max() + 1, 3))
    kernel = np.exp(-np.square(places[:, None] - places).sum(axis=2))
    profiles = generator.normal(size=(len(owner), len(owner)))
    side = symmetric_side(profiles + profiles.T, owner, GeneProcess.fit(kernel, 0.5))
    found = side.left_out_profiles()
    noise = np.mean(side.profiles**2)
    for gene in range(len(kernel)):
        others, columns = np.arange(len(kernel)) != gene, owner != gene
        seen = side.profiles[others][:, columns]
        weights = kernel[gene, others] @ np.linalg.inv(kernel[others][:, others] + 0.5 * np.eye(others.sum()))
        covariance = seen.T @ seen / len(kernel)
        expected = weights @ seen @ covariance @ np.linalg.inv(covariance + noise * np.eye(columns.sum()))
        np.testing.assert_allclose(found[gene, columns], expected, atol=1e-9)
        np.testing.assert_allclose(found[gene, ~columns], 0.0, atol=1e-12)


def test_a_direction_that_all_profiles_share_stays_and_noise_shrinks(generator):
    pattern = generator.normal(size=50)
    profiles = np.outer(generator.normal(size=80), pattern) + 0.3 * generator.normal(size=(80, 50))
    shared = SharedDirections.of(profiles, 1.0)
    noise = generator.normal(size=50)
    assert np.linalg.norm(shared.smooth(pattern[None])) > 0.95 * np.linalg.norm(pattern)
    assert np.linalg.norm(shared.smooth(noise[None])) < 0.5 * np.linalg.norm(noise)


def test_profiles_of_zeros_stay_zeros():
    shared = SharedDirections.of(np.zeros((3, 5)), 1.0)
    np.testing.assert_array_equal(shared.smooth(np.zeros((2, 5))), 0.0)
    np.testing.assert_array_equal(shared.smooth_left_out(np.zeros((3, 5)), np.zeros((3, 5))), 0.0)


def test_a_side_that_an_older_version_saved_is_refused_for_what_it_lacks():
    with pytest.raises(KeyError, match="process"):
        AssaySide.from_state({"effects": np.zeros(3), "effect_process": {}})
