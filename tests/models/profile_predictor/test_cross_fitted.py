"""Estimates of training observations without themselves: what may not leak into them, and what may, a little."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline_lib.cell.genotypes import NO_GENE
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.interface import FitContext
from pipeline_lib.models.registry import build
from tests.models.profile_predictor.test_model import GENES, UNSEEN, Simulated, emap, fit

MEASURED = GENES - UNSEEN


@pytest.fixture(scope="module")
def simulated():
    return Simulated()


@pytest.fixture(scope="module")
def model(simulated):
    return fit(simulated)


def case(estimates):
    return estimates.unseen.sum(axis=1)


def test_every_case_is_estimated_and_of_use(simulated, model):
    found, train = model.cross_fitted, simulated.all.take(simulated.train)
    truth = simulated.truth[simulated.train][found.observation]
    for unseen, least in ((0, 0.9), (1, 0.8), (2, 0.7)):
        rows = case(found.estimates) == unseen
        assert np.corrcoef(found.estimates.value[rows], truth[rows])[0, 1] > least
    held = case(found.estimates) == 0
    assert 0.05 < held.sum() / len(train) < 0.15
    assert len(np.unique(found.observation[held])) == held.sum()


def test_the_genes_on_the_side_that_training_lacks_are_named(simulated, model):
    found, train = model.cross_fitted, simulated.all.take(simulated.train)
    genes = train.genes[found.observation]
    np.testing.assert_array_equal(found.estimates.unseen_genes.sum(axis=1), case(found.estimates))
    assert not found.estimates.unseen_genes[genes == NO_GENE].any()
    asked = simulated.all.without_values()
    estimates = model.estimates(asked)
    np.testing.assert_array_equal(estimates.unseen_genes, (asked.genes >= MEASURED) & (asked.genes != NO_GENE))


def test_estimates_are_what_is_predicted(simulated, model):
    asked = simulated.all.without_values()
    predicted, estimates = model.predict(asked), model.estimates(asked)
    np.testing.assert_array_equal(estimates.value, predicted.value)
    np.testing.assert_array_equal(estimates.std, predicted.std)


def moved(simulated, model, observation, step, **settings):
    """Return the estimates of one observation before and after its own value moved, with the case of each."""
    train = simulated.all.take(simulated.train)
    changed = replace(train, value=train.value.copy())
    changed.value[observation] += step
    before, after = model.cross_fitted, fit(simulated, changed, **settings).cross_fitted
    np.testing.assert_array_equal(after.observation, before.observation)
    rows = np.flatnonzero(before.observation == observation)
    return before.estimates, after.estimates, rows


@pytest.mark.parametrize("tree_sets", [100, 50], ids=["process alone", "process and trees"])
def test_an_observations_estimates_hardly_move_with_its_own_value(simulated, tree_sets):
    """By 5 SD: what is left is the leverage of one in hundreds of values on gains, kernel weights and the mean."""
    model = fit(simulated, tree_sets=tree_sets)
    train = simulated.all.take(simulated.train)
    step = 5 * train.value.std()
    held = model.cross_fitted.observation[case(model.cross_fitted.estimates) == 0][3]
    before, after, rows = moved(simulated, model, held, step, tree_sets=tree_sets)
    assert case(before)[rows].tolist() == [0, 1, 1, 2]
    # Main effects and completion of the held-out cell are those without it, but for the order of sums.
    np.testing.assert_allclose(after.effects[rows[0]], before.effects[rows[0]], atol=1e-12)
    assert np.abs(after.value[rows] - before.value[rows]).max() < 0.02 * step


def test_an_assay_of_single_mutants_has_main_effects_and_no_profiles(simulated):
    """One column: replicates of a strain are estimated from its others, shrunken to the mean of all."""
    generator = np.random.default_rng(5)
    fitness = 1 - 0.3 * generator.random(MEASURED)
    gene = np.repeat(np.arange(MEASURED), 6)
    singles = emap(np.stack([gene, gene], axis=1), fitness[gene] + 0.02 * generator.standard_normal(len(gene)))
    alone = np.full((len(gene), 3), NO_GENE)
    alone[:, 0] = gene
    nobody = np.full(len(gene), -1)
    singles = replace(singles, genes=alone, query=nobody, array=nobody)
    model = build("profile_predictor", ModelSettings(), TrainingSettings())
    model.fit(singles, singles.take(np.zeros(0, dtype=np.int64)), simulated.cell, FitContext())
    one = singles.take(np.arange(0, len(gene), 6)).without_values()
    np.testing.assert_allclose(model.predict(one).value, fitness, atol=0.03)
    found = model.cross_fitted
    held = case(found.estimates) == 0
    assert held.any()
    np.testing.assert_allclose(found.estimates.value[held], fitness[gene[found.observation[held]]], atol=0.04)
    assert not found.estimates.interaction[held].any()
    unseen = replace(one.take(np.array([0])), genes=np.array([[GENES - 2, NO_GENE, NO_GENE]]))
    assert model.predict(unseen).value[0] == pytest.approx(fitness.mean(), abs=0.15)
    assert model.predict(unseen).std[0] > model.predict(one).std.mean()


@pytest.mark.parametrize("seed", range(6))
def test_small_screens_are_predicted_in_the_range_of_their_values(simulated, seed):
    """A dozen pairs of 90: main effects of 0 but for rounding got gains of 1e22, and predictions 15 digits."""
    generator = np.random.default_rng(seed)
    rows = generator.choice(np.flatnonzero(simulated.train), 25, replace=False)
    few = simulated.all.take(rows)
    model = fit(simulated, few)
    predicted = model.predict(simulated.all.without_values())
    assert np.abs(predicted.value).max() < 20 * np.abs(few.value).max()
    assert np.isfinite(predicted.std).all()
    assert np.abs(model.cross_fitted.estimates.value).max() < 20 * np.abs(few.value).max()
