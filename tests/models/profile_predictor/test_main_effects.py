"""Main effects of genes that training lacks, by a Gaussian process and by boosted trees."""

import numpy as np
import pytest
from scipy import sparse

from pipeline_lib.config.models import ProfilePredictorSettings
from pipeline_lib.models.profile_predictor.kernels import CosineKernel, GeneInputs, _unit_rows, linear
from pipeline_lib.models.profile_predictor.learning import KernelWeights
from pipeline_lib.models.profile_predictor.main_effects import MainEffects

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
