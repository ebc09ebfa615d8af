"""Main effects by process and trees, and profiles freed of noise."""

import numpy as np
import pytest
from scipy import sparse

from pipeline_lib.config.models import ProfilePredictorSettings
from pipeline_lib.models.profile_predictor.kernels import CosineKernel, GeneInputs, GeneProcess, _unit_rows, linear
from pipeline_lib.models.profile_predictor.learning import KernelWeights
from pipeline_lib.models.profile_predictor.side import AssaySide, MainEffects, SharedDirections

GENES, KNOWN = 500, 400
SETTINGS = ProfilePredictorSettings(tree_sets=100)


def single(genes):
    sets = np.full((len(genes), 3), -1)
    sets[:, 2] = genes
    return sets


@pytest.fixture
def generator():
    return np.random.default_rng(11)


@pytest.fixture
def genes(generator):
    """Forty phenotypes of each gene, one of which decides by a threshold how sick its deletion is."""
    columns = generator.normal(size=(GENES, 40))
    effects = -0.5 * (columns[:, 7] > 0.8) + 0.02 * generator.normal(size=GENES)
    kernel = CosineKernel("phenotypes linear", _unit_rows(sparse.csr_array(columns)), linear)
    return GeneInputs([kernel], columns, ["phenotypes (40)"]), effects


@pytest.fixture
def learned():
    return KernelWeights(np.ones(1), 1.0, 1.0)


def fit(inputs, effects, learned, settings=SETTINGS):
    return MainEffects.fit(
        inputs, single(np.arange(KNOWN)), effects[:KNOWN], learned, settings, np.random.default_rng(0)
    )


def correlation(left, right):
    return np.corrcoef(left, right)[0, 1]


def test_trees_find_the_one_phenotype_that_a_comparison_of_whole_profiles_drowns(genes, learned):
    inputs, effects = genes
    found = fit(inputs, effects, learned)
    without = fit(inputs, effects, learned, SETTINGS.model_copy(update={"tree_sets": 1000}))
    unseen = np.arange(KNOWN, GENES)
    known = single(np.arange(KNOWN))
    with_trees, alone = (part.predict(inputs, known, single(unseen)) for part in (found, without))
    assert correlation(with_trees, effects[unseen]) > 0.8
    assert correlation(with_trees, effects[unseen]) > correlation(alone, effects[unseen]) + 0.2
    assert found.shares[1] > found.shares[0]
    np.testing.assert_array_equal(without.shares, [1.0, 0.0])


def test_what_is_left_out_is_as_good_as_what_is_unseen(genes, learned):
    inputs, effects = genes
    found = fit(inputs, effects, learned)
    predicted = found.predict(inputs, single(np.arange(KNOWN)), single(np.arange(KNOWN, GENES)))
    left_out, unseen = correlation(found.left_out(), effects[:KNOWN]), correlation(predicted, effects[KNOWN:])
    assert abs(left_out - unseen) < 0.1


def test_an_own_effect_never_reaches_its_left_out_estimate_through_trees(genes, learned):
    inputs, effects = genes
    changed = effects.copy()
    changed[3] += 5.0
    before, after = fit(inputs, effects, learned), fit(inputs, changed, learned)
    # The mean moves by 5 / 400, which the trees of the other folds, grown on deviations, follow.
    assert after.mean + after.cross_fitted[3] == pytest.approx(before.mean + before.cross_fitted[3], abs=1e-9)


def test_a_left_out_effect_moves_with_its_own_value_through_the_mean_and_the_shares_alone(genes, learned):
    inputs, effects = genes
    changed = effects.copy()
    changed[3] += 1.0
    moved = fit(inputs, changed, learned).left_out()[3] - fit(inputs, effects, learned).left_out()[3]
    assert abs(moved) < 0.05


def test_genes_of_which_nothing_is_known_take_the_effect_of_such_genes(learned):
    """Essential genes have no deletion strain, hence no phenotype, and their alleles are sick."""
    generator = np.random.default_rng(5)
    columns = generator.normal(size=(GENES, 12))
    columns[::2] = 0.0
    effects = np.where(np.arange(GENES) % 2 == 0, -0.5, 0.0) + 0.01 * generator.normal(size=GENES)
    kernel = CosineKernel("phenotypes linear", _unit_rows(sparse.csr_array(columns)), linear)
    inputs = GeneInputs([kernel], columns, ["phenotypes (12)"])
    found = fit(inputs, effects, learned)
    unseen = np.arange(KNOWN, GENES, 2)
    predicted = found.predict(inputs, single(np.arange(KNOWN)), single(unseen))
    assert predicted.mean() == pytest.approx(-0.5, abs=0.05)
    assert found.left_out()[:KNOWN:2].mean() == pytest.approx(-0.5, abs=0.05)


def test_the_columns_of_a_double_mutant_are_the_mean_of_its_genes(genes):
    inputs, _ = genes
    found = inputs.of_sets(np.array([[-1, 4, 9], [-1, -1, 4]]))
    np.testing.assert_allclose(found, [inputs.columns[[4, 9]].mean(axis=0), inputs.columns[4]])


def test_effects_without_a_pattern_are_predicted_near_their_mean(genes, learned, generator):
    inputs, _ = genes
    noise = generator.normal(size=GENES)
    predicted = fit(inputs, noise, learned).predict(inputs, single(np.arange(KNOWN)), single(np.arange(KNOWN, GENES)))
    assert predicted.std() < 0.25


def test_restored_effects_predict_the_same(genes, learned):
    inputs, effects = genes
    found = fit(inputs, effects, learned)
    known, unseen = single(np.arange(KNOWN)), single(np.arange(KNOWN, GENES))
    again = MainEffects.from_state(found.state())
    np.testing.assert_array_equal(again.predict(inputs, known, unseen), found.predict(inputs, known, unseen))


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
