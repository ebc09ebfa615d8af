"""The model behind the common interface: tasks, state, ensembles, what it never reads, and what may not leak."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pipeline_lib.artefacts.schemas import HISTORY, PHENOTYPES
from pipeline_lib.artefacts.tables import load_tensors, save_tensors
from pipeline_lib.cell.genotypes import encode_gene_sets
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.clp.assays import CALL, FITNESS, INTERACTION
from pipeline_lib.models.interface import FitContext
from pipeline_lib.models.registry import build, restore
from pipeline_lib.training.loop import train_network
from tests.small_cell import feature_table, gene_table, knockout_table, small_cell, small_screen, small_settings

TRAIN, VALIDATION = small_screen(600), small_screen(90, seed=1)
BRIEF = TrainingSettings(epochs=2, batch_size=128)
CELL = small_cell(features={"phenotypes": feature_table()}, knockouts=knockout_table())


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """Return the folder in which all fits of these tests leave their closed forms."""
    return tmp_path_factory.mktemp("shared")


@pytest.fixture
def fitted(shared):
    return lambda *arguments, **keywords: fit(shared, *arguments, **keywords)


def fit(shared, name="clp", training=BRIEF, seed=0, train=TRAIN, validation=VALIDATION, cell=CELL, **changes):
    model = build(name, small_settings(**changes), training)
    context = FitContext(seed=seed, trainer=train_network, shared=shared)
    return model, model.fit(train, validation, cell, context)


@pytest.fixture(scope="module")
def brief(shared):
    return fit(shared)


def test_it_learns_a_screen_made_of_gene_vectors(fitted):
    training = TrainingSettings(epochs=25, batch_size=128, learning_rate=1e-2)
    model, _ = fitted(training=training, dropout=0.0, profiles=False)
    predicted = model.predict(VALIDATION.without_values()).value
    for screen, phenotype, rows in VALIDATION.assays():
        if phenotype == INTERACTION:
            assert np.corrcoef(predicted[rows], VALIDATION.value[rows])[0, 1] > 0.5, VALIDATION.screens[screen]


def test_a_saved_model_predicts_what_the_fitted_one_does(brief, tmp_path):
    model, _ = brief
    save_tensors({"state": model.state()}, tmp_path / "model.pt")
    again = restore("clp", load_tensors(tmp_path / "model.pt")["state"], CELL)
    ours, theirs = model.predict(VALIDATION), again.predict(VALIDATION)
    np.testing.assert_array_equal(theirs.value, ours.value)
    np.testing.assert_array_equal(theirs.std, ours.std)
    assert torch.equal(again.tasks[0].networks[0].scale.share, model.tasks[0].networks[0].scale.share)


@pytest.mark.parametrize("name", ["clp_derived", "clp_no_profiles", "clp_hypergraph"])
def test_ablations_are_restored_too(fitted, name, tmp_path):
    model, _ = fitted(name, train=TRAIN.take(TRAIN.screen == 0))
    save_tensors({"state": model.state()}, tmp_path / "model.pt")
    again = restore(name, load_tensors(tmp_path / "model.pt")["state"], CELL)
    np.testing.assert_array_equal(again.predict(VALIDATION).value, model.predict(VALIDATION).value)


def test_values_are_never_read_in_prediction(brief):
    model, _ = brief
    hidden = VALIDATION.without_values()
    np.testing.assert_array_equal(model.predict(VALIDATION).value, model.predict(hidden).value)
    np.testing.assert_array_equal(model.predict(VALIDATION).std, model.predict(hidden).std)


def test_a_prediction_depends_on_no_other_row(brief):
    model, _ = brief
    rows = np.arange(0, len(VALIDATION), 7)
    alone, together = model.predict(VALIDATION.take(rows)).value, model.predict(VALIDATION).value[rows]
    np.testing.assert_allclose(alone, together, atol=1e-4)


def test_calls_are_probabilities_and_spreads_are_positive(brief):
    model, _ = brief
    prediction = model.predict(VALIDATION)
    calls = VALIDATION.phenotype == CALL
    assert ((prediction.value[calls] >= 0) & (prediction.value[calls] <= 1)).all()
    assert (prediction.std > 0).all()


def test_a_bare_genotype_of_no_screen_gets_a_finite_value(brief):
    model, _ = brief
    genes = gene_table()
    bare = encode_gene_sets([["YAL000C"], ["YAL000C", "YAL018C"], ["YAL017C", "YAL018C", "YAL019C"]], genes)
    assert np.isfinite(model.predict(bare).value).all()
    raw = PHENOTYPES.index("raw_interaction")
    unmeasured = replace(VALIDATION, phenotype=np.full(len(VALIDATION), raw))
    assert np.isfinite(model.predict(unmeasured).value).all()


def test_small_screens_give_predictions_in_the_range_of_their_values(shared):
    """Gains fitted on a dozen values and kernels of a few genes: nothing runs away, whatever falls into training."""
    for seed in range(4):
        train = small_screen(90, seed=seed)
        model, _ = fit(shared, train=train)
        prediction = model.predict(small_screen(300, seed=50))
        assert np.isfinite(prediction.value).all()
        assert np.abs(prediction.value).max() < 5 * np.abs(train.value).max()


def test_history_keeps_its_contract_and_names_its_task(brief):
    _, history = brief
    assert len(HISTORY.validate(history, "history")) == len(history)
    assert set(history["metric"].str.rsplit("/", n=1).str[0]) == {"one+two/0"}


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(fitted):
    changes = {"profiles": False}
    first, second, other = (fitted(seed=seed, **changes)[0].predict(VALIDATION) for seed in (0, 0, 1))
    np.testing.assert_array_equal(second.value, first.value)
    assert not np.array_equal(other.value, first.value)


def test_a_separate_screen_has_a_network_of_its_own(fitted):
    model, history = fitted(separate=["two"], profiles=False)
    assert [task.screens for task in model.tasks] == [[0], [1]]
    assert set(history["metric"].str.rsplit("/", n=1).str[0]) == {"one/0", "two/0"}
    alone = replace(VALIDATION, screen=np.zeros(len(VALIDATION), int))
    assert not np.array_equal(model.predict(alone).value, model.predict(VALIDATION).value)


def test_training_on_one_task_is_not_changed_by_the_other(fitted):
    joint = fitted(separate=["two"], profiles=False)[0]
    only, held = (part.take(part.screen == 0) for part in (TRAIN, VALIDATION))
    model, _ = fitted(train=only, validation=held, separate=["two"], profiles=False)
    np.testing.assert_array_equal(model.predict(held).value, joint.predict(held).value)


def test_an_ensemble_is_the_mean_of_its_members_with_their_disagreement_in_the_spread(fitted):
    model, _ = fitted(ensemble=2, profiles=False)
    fitness = VALIDATION.take(VALIDATION.phenotype == FITNESS)
    both = model.predict(fitness)
    members = []
    for network in model.tasks[0].networks:
        alone = replace(model.tasks[0], networks=[network])
        kept, model.tasks[0] = model.tasks[0], alone
        members.append(model.predict(fitness))
        model.tasks[0] = kept
    means = np.stack([member.value for member in members])
    variance = np.mean([member.std**2 for member in members], axis=0) + means.var(axis=0)
    assert both.value == pytest.approx(means.mean(axis=0), abs=1e-6)
    assert both.std**2 == pytest.approx(variance, rel=1e-4)


@pytest.mark.parametrize(("stop_on", "deciding"), [("two", {1}), ("", {0, 1}), ("three", {0, 1})])
def test_the_screen_that_training_stops_on_decides(shared, stop_on, deciding):
    """Where the screen of ``training.stop_on`` is not among those that train together, every row decides."""
    seen = {}

    def trainer(network, train, validation, *arguments):
        seen["deciding"] = validation["deciding"]
        return train_network(network, train, validation, *arguments)

    model = build("clp", small_settings(profiles=False), BRIEF.model_copy(update={"stop_on": stop_on}))
    model.fit(TRAIN, VALIDATION, CELL, FitContext(trainer=trainer, shared=shared))
    assert set(VALIDATION.screen[seen["deciding"].numpy()]) == deciding


def test_the_wild_type_keeps_its_fitness_after_training(brief):
    model, _ = brief
    none = replace(VALIDATION.take(VALIDATION.phenotype == FITNESS), genes=np.full((30, 3), -1))
    np.testing.assert_array_equal(model.predict(none).value, 1.0)


def test_a_planted_validation_or_test_value_changes_no_training_term_and_no_prediction(brief, tmp_path):
    """Values of other folds reach a fit through the choice of the epoch and the shares alone, and those of test not."""
    model, _ = brief
    test = small_screen(60, seed=7)
    planted = replace(test, value=np.full(len(test), 1e6))
    np.testing.assert_array_equal(model.predict(planted).value, model.predict(test).value)
    shifted = replace(VALIDATION, value=np.where(VALIDATION.phenotype == CALL, VALIDATION.value, 1e3))
    again, _ = fit(tmp_path, validation=shifted)
    before, after = (one.tasks[0].closed_form.terms(test) for one in (model, again))
    for name, values in vars(before).items():
        np.testing.assert_array_equal(getattr(after, name), values, err_msg=name)


def test_a_genotypes_flux_terms_enter_its_prediction(fitted):
    """Fitness that flux balance computes exactly, of genes of which nothing else is known."""
    pairs = np.stack(np.triu_indices(20, 1), axis=1)
    train = small_screen(len(pairs)).take(np.arange(len(pairs)))
    genes = np.full((len(pairs), 3), -1)
    genes[:, :2] = pairs
    nobody = np.full(len(pairs), -1)
    train = replace(
        train,
        genes=genes,
        phenotype=np.full(len(pairs), FITNESS),
        screen=np.zeros(len(pairs), int),
        query=nobody,
        array=nobody,
    )
    table = knockout_table()
    model, _ = fitted("clp_no_profiles", train=train, cell=replace(CELL, knockouts=table))
    truth = model.tasks[0].closed_form.flux.terms(genes)
    train = replace(train, value=1 + 2 * truth.interaction)
    with_flux = fitted("clp_no_profiles", train=train)[0].predict(train).value
    without = fitted("clp_no_profiles", train=train, flux=False)[0].predict(train).value
    assert np.corrcoef(with_flux, train.value)[0, 1] > 0.95
    assert np.mean((with_flux - train.value) ** 2) < 0.3 * np.mean((without - train.value) ** 2)
