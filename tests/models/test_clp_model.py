"""The model behind the common interface: tasks, state, ensembles, and what it never reads."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pipeline_lib.artefacts.schemas import HISTORY, PHENOTYPES
from pipeline_lib.artefacts.tensors import load_tensors, save_tensors
from pipeline_lib.cell.genotypes import encode_gene_sets
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.interface import FitContext
from pipeline_lib.models.registry import build, restore
from pipeline_lib.training.loop import train_network
from tests.small_cell import gene_table, small_cell, small_screen, small_settings

TRAIN, VALIDATION = small_screen(600), small_screen(90, seed=1)
BRIEF = TrainingSettings(epochs=2, batch_size=128)


def fitted(name="clp", training=BRIEF, seed=0, **changes):
    model = build(name, small_settings(**changes), training)
    context = FitContext(seed=seed, trainer=train_network)
    return model, model.fit(TRAIN, VALIDATION, small_cell(), context)


@pytest.fixture(scope="module")
def brief():
    return fitted()


def test_it_learns_a_screen_made_of_gene_vectors():
    model, _ = fitted(training=TrainingSettings(epochs=25, batch_size=128, learning_rate=1e-2), gene_mask=0.0)
    predicted = model.predict(VALIDATION.without_values()).value
    for screen, phenotype, rows in VALIDATION.assays():
        if PHENOTYPES[phenotype] == "interaction":
            assert np.corrcoef(predicted[rows], VALIDATION.value[rows])[0, 1] > 0.5, VALIDATION.screens[screen]


def test_a_saved_model_predicts_what_the_fitted_one_does(brief, tmp_path):
    model, _ = brief
    save_tensors({"state": model.state()}, tmp_path / "model.pt")
    again = restore("clp", load_tensors(tmp_path / "model.pt")["state"], small_cell())
    ours, theirs = model.predict(VALIDATION), again.predict(VALIDATION)
    assert np.array_equal(ours.value, theirs.value)
    assert np.array_equal(ours.std, theirs.std)


def test_values_are_never_read_in_prediction(brief):
    model, _ = brief
    assert np.array_equal(model.predict(VALIDATION).value, model.predict(VALIDATION.without_values()).value)


def test_calls_are_probabilities_and_spreads_are_positive(brief):
    model, _ = brief
    prediction = model.predict(VALIDATION)
    calls = VALIDATION.phenotype == PHENOTYPES.index("call")
    assert ((prediction.value[calls] >= 0) & (prediction.value[calls] <= 1)).all()
    assert (prediction.std > 0).all()


def test_a_bare_genotype_of_no_screen_gets_a_finite_value(brief):
    model, _ = brief
    genes = gene_table()
    bare = encode_gene_sets([["YAL000C"], ["YAL000C", "YAL018C"], ["YAL017C", "YAL018C", "YAL019C"]], genes)
    assert np.isfinite(model.predict(bare).value).all()
    unknown_phenotype = replace(VALIDATION, phenotype=np.full(len(VALIDATION), 2))
    assert np.isfinite(model.predict(unknown_phenotype).value).all()


def test_history_keeps_its_contract_and_names_its_task(brief):
    _, history = brief
    assert len(HISTORY.validate(history, "history")) == len(history)
    assert set(history["metric"].str.rsplit("/", n=1).str[0]) == {"one+two/0"}


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others():
    first, second, other = fitted()[0], fitted()[0], fitted(seed=1)[0]
    assert np.array_equal(first.predict(VALIDATION).value, second.predict(VALIDATION).value)
    assert not np.array_equal(first.predict(VALIDATION).value, other.predict(VALIDATION).value)


def test_a_separate_screen_has_a_network_of_its_own():
    model, history = fitted(separate=["two"])
    assert [task.screens for task in model.tasks] == [[0], [1]]
    assert set(history["metric"].str.rsplit("/", n=1).str[0]) == {"one/0", "two/0"}
    alone = replace(VALIDATION, screen=np.zeros(len(VALIDATION), int))
    assert not np.array_equal(model.predict(alone).value, model.predict(VALIDATION).value)


def test_training_on_one_task_is_not_changed_by_the_other():
    joint = fitted(separate=["two"])[0]
    model = build("clp", small_settings(separate=["two"]), BRIEF)
    only = TRAIN.take(TRAIN.screen == 0)
    model.fit(only, VALIDATION.take(VALIDATION.screen == 0), small_cell(), FitContext(trainer=train_network))
    rows = VALIDATION.take(VALIDATION.screen == 0)
    assert np.array_equal(joint.predict(rows).value, model.predict(rows).value)


def test_an_ensemble_is_the_mean_of_its_members_with_their_disagreement_in_the_spread():
    model, _ = fitted(ensemble=2)
    fitness = VALIDATION.take(VALIDATION.phenotype == PHENOTYPES.index("fitness"))
    both = model.predict(fitness)
    networks = model.tasks[0].networks
    members = []
    for network in networks:
        model.tasks[0].networks = [network]
        members.append(model.predict(fitness))
    means = np.stack([member.value for member in members])
    variance = np.mean([member.std**2 for member in members], axis=0) + means.var(axis=0)
    assert both.value == pytest.approx(means.mean(axis=0), abs=1e-6)
    assert both.std**2 == pytest.approx(variance, rel=1e-4)


def test_the_wild_type_keeps_its_fitness_after_training(brief):
    model, _ = brief
    network = model.tasks[0].networks[0]
    none = {
        "genes": torch.full((1, 3), -1), "phenotype": torch.zeros(1, dtype=torch.long),
        "assay": torch.zeros(1, dtype=torch.long),
    }  # fmt: skip
    assert network.decode(network.encode(), none)[0].tolist() == [0.0]
