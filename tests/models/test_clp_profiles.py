"""Profiles and attention over them: measured by training alone, symmetric, blind to the pair that is asked."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import sparse

from pipeline_lib.cell.gene_loss import GeneRuleArrays
from pipeline_lib.models.clp.assays import INTERACTION, Assays
from pipeline_lib.models.clp.cell_tensors import cell_arrays
from pipeline_lib.models.clp.neighbourhood import Neighbourhood, Told, metabolic_relations
from pipeline_lib.models.clp.profile_attention import ProfileAttention
from pipeline_lib.models.clp.profiles import gene_effects, measure_profiles
from tests.small_cell import NUM_GENES, SMALL, small_cell, small_screen

TRAIN = small_screen(600)
PROFILES = measure_profiles(TRAIN, Assays.of(TRAIN), 100)


@pytest.fixture
def attention():
    torch.manual_seed(0)
    arrays = cell_arrays(small_cell(), SMALL, 0)
    return ProfileAttention(PROFILES, arrays.adjacencies, NUM_GENES, SMALL).eval()


def test_effects_and_the_rest_add_up_to_the_mean_of_a_pairs_standardised_values():
    pairs = (TRAIN.order == 2) & (TRAIN.phenotype == INTERACTION)
    assays = Assays.of(TRAIN)
    position = assays.positions(TRAIN, TRAIN.phenotype)
    value = (TRAIN.value - assays.centre[position]) / assays.scale[position]
    a, b = TRAIN.genes[pairs][0][:2]
    same = pairs & (TRAIN.genes[:, 0] == a) & (TRAIN.genes[:, 1] == b)
    row, column = np.searchsorted(PROFILES.genes, [a, b])
    whole = PROFILES.value[row, column] + PROFILES.effect[row] + PROFILES.effect[column]
    assert whole == pytest.approx(value[same].mean(), abs=1e-5)


def test_additive_values_are_all_effect():
    truth = np.array([1.0, -2.0, 0.5, 3.0])
    value = truth[:, None] + truth[None, :]
    known = 1 - np.eye(4)
    many = np.kron(np.ones((150, 150)), known), np.kron(np.ones((150, 150)), value * known)
    effect = gene_effects(many[1], many[0])
    assert effect[:4] == pytest.approx(truth, rel=0.05)


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


def everything(attention):
    return attention.show(None), torch.randn(NUM_GENES, SMALL.hidden), torch.ones(NUM_GENES, 1)


def test_what_is_asked_for_is_out_of_the_profiles(attention):
    row, column = (attention.known > 0).nonzero()[0].tolist()
    a, b = attention.genes[row], attention.genes[column]
    for genes in ([a, b, -1], [b, a, -1], [-1, b, a]):
        shown = attention.show(torch.tensor([genes]))
        assert shown.known[row, column] == shown.known[column, row] == shown.value[row, column] == 0
        assert int(shown.known.sum()) == int(attention.known.sum()) - 2


def test_a_triple_or_a_single_that_is_asked_for_hides_no_pair(attention):
    a, b, c = attention.genes[:3].tolist()
    shown = attention.show(torch.tensor([[a, b, c], [a, -1, -1]]))
    assert torch.equal(shown.value, attention.value)


def test_likeness_is_the_uncentred_correlation_over_what_both_measured(attention):
    shown = attention.show(None)
    i, j = (attention.norm_inverse > 0).nonzero()[1].tolist()
    both = (attention.known[i] > 0) & (attention.known[j] > 0)
    x, y = attention.value[i][both], attention.value[j][both]
    assert float(shown.alike[i, j]) == pytest.approx(float(x @ y / (x.norm() * y.norm())), abs=1e-5)


@pytest.mark.parametrize("training", [False, True])
def test_an_estimate_does_not_read_the_value_that_is_asked_for(attention, training):
    attention.train(training)
    _, state, visible = everything(attention)
    row, column = (attention.known > 0).nonzero()[0].tolist()
    a, b = attention.genes[row][None], attention.genes[column][None]
    asked = torch.tensor([[int(a), int(b), -1]])
    before = attention.estimate(attention.attend(attention.show(asked), state, visible), a, b)
    attention.value[[row, column], [column, row]] += 100.0
    after = attention.estimate(attention.attend(attention.show(asked), state, visible), a, b)
    assert torch.equal(after[0], before[0])
    assert torch.equal(after[1], before[1])


def test_an_estimate_is_the_same_in_either_order(attention):
    attended = attention.attend(*everything(attention))
    a, b = torch.arange(0, 8), torch.arange(8, 16)
    for one, other in zip(attention.estimate(attended, a, b), attention.estimate(attended, b, a), strict=True):
        assert torch.allclose(one, other)


def test_equal_resemblance_gives_the_mean_of_the_column(attention):
    """With all logits equal and no prior, gene a's estimate of b is the mean measured value of b with other genes."""
    with torch.no_grad():
        attention.query.weight.zero_()
        attention.query.bias.zero_()
        attention.log_sharpness.fill_(-60.0)
        attention.prior.fill_(-60.0)
    attended = attention.attend(*everything(attention))
    a, column = int(PROFILES.genes[0]), 3
    others = (PROFILES.known[:, column] > 0) & (np.arange(len(PROFILES.genes)) != 0)
    assert attended.alike[a, column].item() == pytest.approx(PROFILES.value[others, column].mean(), abs=1e-5)


@pytest.mark.parametrize("training", [False, True])
def test_a_hidden_gene_neither_speaks_nor_is_a_column(attention, training):
    attention.train(training)
    _, state, visible = everything(attention)
    hidden = int(PROFILES.genes[2])
    visible[hidden] = 0
    before = attention.attend(attention.show(None), state, visible)
    assert before.column[hidden] == -1
    attention.value[2] += 100.0
    attention.value[:, 2] += 100.0
    after = attention.attend(attention.show(None), state, visible)
    genes = [int(gene) for gene in PROFILES.genes if gene != hidden]
    a, b = (part.ravel() for part in np.meshgrid(genes[:6], genes[6:]))
    pairs = torch.from_numpy(a.astype(np.int64)), torch.from_numpy(b.astype(np.int64))
    # The second head compares profiles by all columns; the others read nothing that stands in the hidden one's place.
    others = [0, *range(2, attention.estimate.heads)]
    said, again = (attention.estimate(attended, *pairs)[1][:, others] for attended in (before, after))
    assert torch.allclose(said, again, atol=1e-4)


def test_a_gene_without_a_profile_takes_the_mean_of_its_neighbours():
    """One network, one neighbour each, hardly a prior: the neighbour's values and effect, as they were measured."""
    size = len(PROFILES.genes)
    stranger, friend = size, 0
    network = sparse.csr_array(([1.0, 1.0], ([stranger, friend], [friend, stranger])), shape=(size + 1, size + 1))
    module = Neighbourhood([network], np.arange(size)).eval()
    with torch.no_grad():
        module.measured_prior.fill_(-60.0)
        module.completed_prior.fill_(-60.0)
    asks = torch.zeros(size + 1, 1)
    asks[stranger] = 1
    table = of_all(module, told(asks))
    measured = torch.from_numpy(PROFILES.known[friend] > 0)
    expected = torch.from_numpy(PROFILES.value[friend] + PROFILES.effect[friend])[measured]
    assert torch.allclose(table[stranger, measured, 0], expected, atol=1e-5)


def told(asks):
    value, known, effect = (torch.from_numpy(part) for part in (PROFILES.value, PROFILES.known, PROFILES.effect))
    return Told(torch.stack([value, known, value], -1), effect, torch.ones(len(effect), 1), asks)


def of_all(module, told):
    table = torch.full((len(told.stranger), len(told.effect), module.channels), torch.nan)
    module.of_all(told, table)
    return table


def test_what_is_told_of_some_pairs_is_what_is_told_of_all(attention):
    module = attention.estimate.neighbourhood
    asks = (torch.arange(NUM_GENES) % 3 == 0).float()[:, None]
    gene, other = torch.arange(NUM_GENES), torch.arange(NUM_GENES) % len(PROFILES.genes)
    expected = of_all(module, told(asks))[gene, other]
    assert torch.allclose(module.of_pairs(told(asks), gene, other), expected, atol=1e-5)


def test_genes_of_one_complex_and_of_one_reaction_are_related():
    rules = GeneRuleArrays(members=np.array([[0, 1, 2], [0, 0, 1]]), owner=np.array([0, 0]))
    same_complex, same_reaction = metabolic_relations(rules, genes=4, reactions=1)
    assert same_complex.toarray().tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert same_reaction.toarray()[:3, :3].tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]


def test_replicates_of_a_pair_are_averaged():
    rows = np.flatnonzero((TRAIN.order == 2) & (TRAIN.phenotype == INTERACTION))[:1]
    twice = TRAIN.take(np.concatenate([np.arange(len(TRAIN)), rows]))
    again = measure_profiles(replace(twice), Assays.of(TRAIN), 100)
    a, b = np.searchsorted(PROFILES.genes, TRAIN.genes[rows[0], :2])
    assert again.known.max() == 1
    assert np.isfinite(again.value[a, b])
