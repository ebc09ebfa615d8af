"""Assays: units, what an unseen one falls back on, and weights by measured variance."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline_lib.models.clp.assays import CALL, FITNESS, INTERACTION, Assays, Terms, inverse_variance
from pipeline_lib.models.clp.task import columns
from tests.small_cell import small_screen

TRAIN = small_screen()
ASSAYS = Assays.of(TRAIN)
TERMS = Terms.empty(len(TRAIN))


def test_interactions_have_mean_0_and_sd_1_within_each_screen_phenotype_and_order():
    table = columns(TRAIN, TERMS, ASSAYS, measured_sd=False)
    for assay in table["assay"].unique():
        rows = table["assay"] == assay
        if table["phenotype"][rows][0] == INTERACTION:
            assert float(table["target"][rows].mean()) == pytest.approx(0, abs=1e-5)
            assert float(table["target"][rows].std(correction=0)) == pytest.approx(1, abs=1e-5)


def test_fitness_is_measured_from_the_wild_type_and_calls_are_left_alone():
    table = columns(TRAIN, TERMS, ASSAYS, measured_sd=False)
    wild = replace(TRAIN, value=np.ones(len(TRAIN)))
    at_one = columns(wild, TERMS, ASSAYS, measured_sd=False)["target"]
    assert not at_one[TRAIN.phenotype == FITNESS].any()
    calls = table["is_call"]
    assert set(table["target"][calls].tolist()) == {0.0, 1.0}
    assert (calls.numpy() == (TRAIN.phenotype == CALL)).all()


def test_values_return_from_targets():
    table = columns(TRAIN, TERMS, ASSAYS, measured_sd=False)
    assay = table["assay"].numpy()
    again = table["target"].numpy() * ASSAYS.scale[assay] + ASSAYS.centre[assay]
    assert np.allclose(again, TRAIN.value, atol=1e-5)


def test_an_assay_that_training_lacks_gets_the_mean_of_its_phenotype():
    elsewhere = replace(TRAIN, screen=np.full(len(TRAIN), -1))
    position = ASSAYS.positions(elsewhere.screen, elsewhere.phenotype, elsewhere.order)
    assert (position >= len(ASSAYS.codes)).all()
    interactions = ASSAYS.phenotypes()[: len(ASSAYS.codes)] == INTERACTION
    row = len(ASSAYS.codes) + INTERACTION
    assert ASSAYS.scale[row] == pytest.approx(ASSAYS.scale[: len(ASSAYS.codes)][interactions].mean())


def test_levels_are_the_assays_of_each_order_in_the_same_screen_and_phenotype():
    table = columns(TRAIN, TERMS, ASSAYS, measured_sd=False)
    own = table["levels"][np.arange(len(TRAIN)), TRAIN.order - 1]
    assert (own == table["assay"]).all()
    calls = TRAIN.phenotype == CALL
    # No single mutant is called: its level is that of calls that training lacks.
    assert (table["levels"][calls, 0] == len(ASSAYS.codes) + CALL).all()


def test_the_sd_of_a_call_follows_from_its_odds_and_others_are_in_units_of_their_assay():
    terms = replace(TERMS, std=np.full(len(TRAIN), 2.0))
    table = columns(TRAIN, terms, ASSAYS, measured_sd=False)
    expected = np.where(TRAIN.phenotype == CALL, 0.0, np.log(2 / ASSAYS.scale[table["assay"]]))
    assert table["log_sd"].numpy() == pytest.approx(expected, abs=1e-6)


def test_weights_are_inverse_variances_with_mean_1():
    std, assay = np.array([0.0, 1.0, 2.0, np.nan]), np.zeros(4, dtype=int)
    weight = inverse_variance(std, assay)
    typical = (0 + 1 + 4) / 3
    expected = 1 / (np.array([0, 1, 4, typical]) + 0.25)
    assert weight == pytest.approx(expected / expected.mean())


def test_an_assay_without_measured_sd_weighs_all_the_same():
    assert inverse_variance(np.full(3, np.nan), np.zeros(3, dtype=int)).tolist() == [1, 1, 1]


def test_assays_return_from_their_state():
    again = Assays.from_state(ASSAYS.state())
    assert all(np.array_equal(getattr(again, name), getattr(ASSAYS, name)) for name in ("codes", "centre", "scale"))
