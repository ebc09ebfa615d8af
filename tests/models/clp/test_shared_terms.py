"""Closed forms are fitted once a fold: written, read back bit for bit, and never mistaken for those of other inputs."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline_lib.models.clp import task
from pipeline_lib.models.clp.closed_form import ClosedForm
from pipeline_lib.models.clp.task import fitted_terms
from pipeline_lib.models.interface import FitContext
from tests.small_cell import edge_table, feature_table, knockout_table, small_cell, small_screen, small_settings

SCREEN = small_screen(300)
TRAIN = SCREEN.take((SCREEN.screen == 0) & (SCREEN.order == 2))
FEATURES = {"phenotypes": feature_table()}
CELL = small_cell(features=FEATURES, knockouts=knockout_table())


@pytest.fixture
def fits(monkeypatch):
    """Count how often a closed form is fitted."""
    found = []
    fit = ClosedForm.fit

    def counted(*arguments):
        found.append(arguments)
        return fit(*arguments)

    monkeypatch.setattr(task.ClosedForm, "fit", counted)
    return found


def terms(folder, train=TRAIN, cell=CELL, seed=0, **changes):
    return fitted_terms(train, cell, small_settings(**changes), FitContext(seed=seed, shared=folder))


def test_what_is_read_back_predicts_the_same_bit_for_bit(fits, tmp_path):
    first, positions, fitted, _ = terms(tmp_path)
    again, same_positions, read, _ = terms(tmp_path)
    assert len(fits) == 1
    np.testing.assert_array_equal(same_positions, positions)
    asked = small_screen(80, seed=3).without_values()
    for name in vars(fitted):
        np.testing.assert_array_equal(getattr(read, name), getattr(fitted, name), err_msg=name)
        ours, theirs = (getattr(form.terms(asked), name) for form in (first, again))
        np.testing.assert_array_equal(theirs, ours, err_msg=name)


def test_another_seed_reads_the_same_file(fits, tmp_path):
    first, second = terms(tmp_path).terms, terms(tmp_path, seed=5).terms
    assert len(fits) == 1
    np.testing.assert_array_equal(second.term, first.term)


def test_settings_of_the_network_alone_read_the_same_file(fits, tmp_path):
    terms(tmp_path)
    terms(tmp_path, hidden=32, interaction="derived", hypergraph="directed")
    assert len(fits) == 1


def test_terms_of_a_fold_are_made_once_and_read_back_bit_for_bit(tmp_path, monkeypatch):
    validation = small_screen(80, seed=3).without_values()
    first = terms(tmp_path).source.terms(validation)
    monkeypatch.setattr(ClosedForm, "terms", lambda *_: pytest.fail("made twice"))
    again = terms(tmp_path, hidden=32).source.terms(validation)
    for name in vars(first):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name), err_msg=name)


def test_terms_of_other_genotypes_are_their_own(tmp_path):
    source = terms(tmp_path).source
    validation = small_screen(80, seed=3).without_values()
    source.terms(validation)
    part = validation.take(np.arange(40))
    np.testing.assert_array_equal(source.terms(part).term, source.closed_form.terms(part).term)


def moved(table):
    changed = table.copy()
    changed[0, 0] += 1.0
    return changed


EDGES = edge_table()
KNOCKOUTS = knockout_table()


@pytest.mark.parametrize(
    "other",
    [
        {"train": replace(TRAIN, value=np.where(np.arange(len(TRAIN)) == 0, 9.0, TRAIN.value))},
        {"train": TRAIN.take(np.arange(1, len(TRAIN)))},
        {"cell": replace(CELL, features={"phenotypes": moved(FEATURES["phenotypes"])})},
        {"cell": replace(CELL, features={"others": FEATURES["phenotypes"]})},
        {"cell": replace(CELL, edges=EDGES.assign(weight=EDGES["weight"] * 0.5))},
        {"cell": replace(CELL, knockouts=KNOCKOUTS.assign(fitness=KNOCKOUTS["fitness"] * 0.9))},
        {"cell": replace(CELL, knockouts=KNOCKOUTS.assign(interaction=KNOCKOUTS["interaction"] * 0.9))},
        {"cell": replace(CELL, genes=CELL.genes.assign(in_gem=False))},
        {"flux": False},
        {"profiles": False},
    ],
    ids=[
        "value",
        "rows",
        "feature",
        "feature_name",
        "network",
        "growth",
        "epsilon",
        "in_gem",
        "no_flux",
        "no_profiles",
    ],
)
def test_a_changed_input_makes_a_new_file(fits, tmp_path, other):
    terms(tmp_path)
    terms(tmp_path, **other)
    assert len(fits) == 2
    assert len(list(tmp_path.glob("terms-*.pt"))) == 2


def test_without_a_shared_folder_nothing_is_written(fits, tmp_path):
    for _ in range(2):
        fitted_terms(TRAIN, CELL, small_settings(profiles=False), FitContext())
    assert len(fits) == 2
    assert not list(tmp_path.iterdir())
