"""Splits and their draws as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.config.models import DangoSettings
from pipeline_lib.config.screen_readers import FITNESS_UNITS, ScreenScores
from pipeline_lib.reporting.names import (
    DAGGER,
    in_order,
    split_name,
    split_phrase,
    training_in_words,
    unit,
    with_training,
)

ORDER = [
    "random",
    "query_disjoint",
    "gene_disjoint_one",
    "gene_disjoint_one-1",
    "gene_disjoint_one-2",
    "gene_disjoint_one-10",
    "gene_disjoint_one-pooled",
    "gene_disjoint_all-3",
    "cross_screen",
    "ours",
    "ours-1",
]


@pytest.mark.parametrize(
    ("split", "name"),
    [
        ("gene_disjoint_one", "one unseen gene"),
        ("gene_disjoint_one-2", "one unseen gene, repeat 2"),
        ("gene_disjoint_one-pooled", "one unseen gene, all repeats pooled"),
        ("ours", "ours"),
        ("ours-2", "ours, repeat 2"),
    ],
)
def test_a_split_is_named_with_its_draw(split: str, name: str) -> None:
    assert split_name(split) == name


def test_a_sentence_names_the_split_before_its_draw() -> None:
    assert split_phrase("random") == "random split"
    assert split_phrase("gene_disjoint_one-2") == "one unseen gene split, repeat 2"


@given(shuffled=st.permutations(ORDER))
def test_repeats_stand_behind_their_kind_in_the_order_of_their_numbers(shuffled: list[str]) -> None:
    assert in_order([*shuffled, *shuffled]) == ORDER


def test_an_axis_bears_the_unit_that_its_screen_states_and_no_other() -> None:
    scores = {
        "emap": ScreenScores(unit="S-score"),
        "kuzmin2018": ScreenScores(unit=FITNESS_UNITS),
        "mine": ScreenScores(),
    }
    assert unit("emap", "interaction", scores) == "interaction (S-score)"
    assert unit("kuzmin2018", "interaction", scores) == "ε or τ (fitness units)"
    assert unit("mine", "interaction", scores) == "interaction (unit not stated)"
    assert unit("collins2007", "interaction", {}) == "interaction (unit not stated)"
    assert unit("mine", "fitness", scores) == "fitness (wild type = 1)"
    assert unit("mine", "call", scores) == "called interaction (0 or 1)"


def test_a_tenth_of_the_steps_of_its_paper_is_a_short_training_of_dango_and_its_variants() -> None:
    """Half of the paper's 60 joint epochs in batches of 480 instead of 96 sets."""
    short = DangoSettings(epochs=30, batch_size=480)
    assert short.shares_of_paper == pytest.approx((1, 0.1))
    assert with_training("dango", short) == "dango (short training)"
    assert with_training("against dango_no_pretraining", short) == "against dango_no_pretraining (short training)"
    assert with_training(with_training("dango", short), short) == with_training("dango", short)
    assert with_training("clp", short) == "clp"
    assert with_training(with_training("dango", short, DAGGER), short, DAGGER) == "dango†"
    assert training_in_words(short).endswith("100% of the pretraining and 10% of the joint steps of DANGO's paper.")
    assert with_training("dango", DangoSettings()) == "dango"
    assert with_training("dango", DangoSettings(epochs=90, pretraining_epochs=20)) == "dango (short training)"
