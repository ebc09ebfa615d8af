"""Profiles and attention over them: measured by training alone, symmetric, blind to the pair that is asked."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pipeline_lib.models.clp.assays import INTERACTION, Assays
from pipeline_lib.models.clp.cell_tensors import cell_arrays
from pipeline_lib.models.clp.profile_attention import ProfileAttention
from pipeline_lib.models.clp.profiles import measure_profiles
from tests.small_cell import NUM_GENES, SMALL, small_cell, small_screen

TRAIN = small_screen(600)
PROFILES = measure_profiles(TRAIN, Assays.of(TRAIN), 100)


@pytest.fixture
def attention():
    torch.manual_seed(0)
    arrays = cell_arrays(small_cell(), SMALL, 0)
    return ProfileAttention(PROFILES, arrays.adjacencies, NUM_GENES, SMALL).eval()


def test_a_profile_is_the_mean_of_a_pairs_standardised_values():
    pairs = (TRAIN.order == 2) & (TRAIN.phenotype == INTERACTION)
    assays = Assays.of(TRAIN)
    position = assays.positions(TRAIN, TRAIN.phenotype)
    value = (TRAIN.value - assays.centre[position]) / assays.scale[position]
    a, b = TRAIN.genes[pairs][0][:2]
    same = pairs & (TRAIN.genes[:, 0] == a) & (TRAIN.genes[:, 1] == b)
    row, column = np.searchsorted(PROFILES.genes, [a, b])
    assert PROFILES.value[row, column] == pytest.approx(value[same].mean(), abs=1e-5)


def test_profiles_are_symmetric_and_zero_where_nothing_was_measured():
    assert np.array_equal(PROFILES.value, PROFILES.value.T)
    assert not PROFILES.value[PROFILES.known == 0].any()
    assert not np.diag(PROFILES.known).any()


def test_only_digenic_interactions_speak():
    others = TRAIN.take((TRAIN.order != 2) | (TRAIN.phenotype != INTERACTION))
    assert len(measure_profiles(others, Assays.of(others), 100).genes) == 0


def test_the_limit_keeps_the_genes_with_most_measurements():
    few = measure_profiles(TRAIN, Assays.of(TRAIN), 5)
    count = PROFILES.known.sum(1)
    assert len(few.genes) == 5
    assert set(few.genes) <= set(PROFILES.genes)
    assert PROFILES.genes[count.argmax()] in few.genes


def test_an_estimate_does_not_read_the_pairs_own_value(attention):
    state, visible = torch.randn(NUM_GENES, SMALL.hidden), torch.ones(NUM_GENES, 1)
    row, column = (attention.known > 0).nonzero()[0].tolist()
    a, b = attention.genes[row][None], attention.genes[column][None]
    before = attention(attention.attend(state, visible), a, b)
    attention.value[[row, column], [column, row]] += 100.0
    assert torch.equal(attention(attention.attend(state, visible), a, b), before)


def test_an_estimate_is_the_same_in_either_order(attention):
    attended = attention.attend(torch.randn(NUM_GENES, SMALL.hidden), torch.ones(NUM_GENES, 1))
    a, b = torch.arange(0, 8), torch.arange(8, 16)
    assert torch.allclose(attention(attended, a, b), attention(attended, b, a))


def test_equal_resemblance_gives_the_mean_of_the_column(attention):
    """With all logits equal and no prior, gene a's estimate of b is the mean measured value of b with other genes."""
    with torch.no_grad():
        attention.query.weight.zero_()
        attention.query.bias.zero_()
        attention.edge_weight.zero_()
        attention.prior.fill_(-60.0)
    attended = attention.attend(torch.randn(NUM_GENES, SMALL.hidden), torch.ones(NUM_GENES, 1))
    a, column = int(PROFILES.genes[0]), 3
    others = (PROFILES.known[:, column] > 0) & (np.arange(len(PROFILES.genes)) != 0)
    assert float(attended.table[a, column]) == pytest.approx(PROFILES.value[others, column].mean(), abs=1e-5)


def test_a_hidden_gene_neither_speaks_nor_is_a_column(attention):
    visible = torch.ones(NUM_GENES, 1)
    hidden = int(PROFILES.genes[2])
    visible[hidden] = 0
    state = torch.randn(NUM_GENES, SMALL.hidden)
    before = attention.attend(state, visible)
    assert before.column[hidden] == -1
    attention.value[2] += 100.0
    attention.value[:, 2] += 100.0
    after = attention.attend(state, visible)
    kept = [k for k in range(len(PROFILES.genes)) if k != 2]
    assert torch.allclose(after.table[:, kept], before.table[:, kept])


def test_replicates_of_a_pair_are_averaged():
    rows = np.flatnonzero((TRAIN.order == 2) & (TRAIN.phenotype == INTERACTION))[:1]
    twice = TRAIN.take(np.concatenate([np.arange(len(TRAIN)), rows]))
    again = measure_profiles(replace(twice), Assays.of(TRAIN), 100)
    a, b = np.searchsorted(PROFILES.genes, TRAIN.genes[rows[0], :2])
    assert again.known.max() == 1
    assert np.isfinite(again.value[a, b])
