"""Estimates of pairs: gains in closed form, pairs of two unprofiled genes, and what pairs foretell of a triple."""

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.optimize import nnls

from pipeline_lib.models.clp.assays import Assays
from pipeline_lib.models.clp.cell_tensors import cell_arrays
from pipeline_lib.models.clp.measured_pairs import MeasuredPairs
from pipeline_lib.models.clp.profile_attention import ProfileAttention
from pipeline_lib.models.clp.profiles import measure_profiles
from pipeline_lib.models.clp.strangers import Strangers
from pipeline_lib.models.layers.sparse import SparseMatrix
from pipeline_lib.models.least_squares import non_negative_least_squares
from tests.small_cell import NUM_GENES, SMALL, small_cell, small_screen

TRAIN = small_screen(4000)
PROFILES = measure_profiles(TRAIN, Assays.of(TRAIN), 100)


@pytest.fixture
def attention():
    torch.manual_seed(0)
    return ProfileAttention(PROFILES, cell_arrays(small_cell(), SMALL, 0).adjacencies, NUM_GENES, SMALL)


def profiled_pairs():
    """Every measured pair, named in either order, and a value for each that is the sum of both effects."""
    row, column = np.nonzero(PROFILES.known)
    value = PROFILES.effect[row] + PROFILES.effect[column]
    return torch.from_numpy(np.stack([PROFILES.genes[row], PROFILES.genes[column]], 1)), torch.from_numpy(value)


def test_weights_are_those_of_the_whole_table_and_never_negative():
    random = np.random.default_rng(0)
    features = random.normal(size=(500, 6))
    target = features @ [1.0, 0.0, 2.0, -1.0, 0.5, 0.0] + random.normal(size=500)
    weights = non_negative_least_squares(features, target, ridge=0.0)
    assert weights == pytest.approx(nnls(features, target)[0], abs=1e-8)
    assert weights.min() == 0


def test_values_of_twice_the_effects_start_with_a_gain_of_two(attention):
    pairs, value = profiled_pairs()
    attention.start_gains(pairs, 2 * value, hidden_share=0.0, seed=0)
    assert attention.estimate.gain[0, 1].item() == pytest.approx(2.0, abs=0.1)


def test_gains_start_the_same_twice_and_differently_by_seed(attention):
    pairs, value = profiled_pairs()
    value = value + torch.randn(len(value), generator=torch.Generator().manual_seed(0))
    gains = []
    for seed in (0, 0, 1):
        attention.start_gains(pairs, value, hidden_share=0.0, seed=seed)
        gains.append(attention.estimate.gain.clone())
    assert torch.equal(gains[0], gains[1])
    assert not torch.equal(gains[0], gains[2])


def test_too_few_pairs_leave_the_gains_as_they_are(attention):
    pairs, value = profiled_pairs()
    before = attention.estimate.gain.clone()
    attention.start_gains(pairs[:8], value[:8], hidden_share=0.25, seed=0)
    assert torch.equal(attention.estimate.gain, before)


def test_a_gain_that_the_fit_puts_at_zero_lets_what_lies_beneath_it_learn(attention):
    """Pairs of two strangers of value zero fit no gain; the prior of `Strangers` has no gradient but through one."""
    pairs = torch.combinations(torch.arange(NUM_GENES), 2)
    attention.start_gains(pairs, torch.zeros(len(pairs)), hidden_share=0.8, seed=0)
    gains = torch.cat([attention.estimate.gain.flatten(), attention.estimate.stranger_gain])
    assert 0 < gains.min() < 0.01


def test_two_strangers_take_the_value_between_their_only_neighbours():
    """Strangers 4 and 5 stand beside genes 0 and 1 alone; hardly a prior: their pair is the pair (0, 1)."""
    nearness = sparse.csr_array(([1.0, 2.0], ([4, 5], [0, 1])), shape=(6, 4))
    module = Strangers(SparseMatrix(nearness))
    with torch.no_grad():
        module.prior.fill_(-60.0)
    completed = torch.randn(4, 4)
    completed = completed + completed.T
    effect, column = torch.tensor([0.3, -0.2, 0.0, 0.0]), torch.tensor([0, 1, 2, 3, -1, -1])
    around = module.around(completed, effect, torch.ones(4, 1), column, torch.arange(6))
    said = module(around, torch.tensor([4, 5, 0, 4]), torch.tensor([5, 4, 5, -1]))
    assert said[0].tolist() == pytest.approx([0.1, float(completed[0, 1])], abs=1e-5)
    assert torch.allclose(said[0], said[1])
    assert not said[2:].any()


def test_a_hidden_profile_says_nothing_of_two_strangers():
    nearness = SparseMatrix(sparse.csr_array(np.ones((3, 2))))
    module, seen = Strangers(nearness), torch.tensor([[1.0], [0.0]])
    column = torch.tensor([0, -1, -1])
    said = []
    for hidden in (0.0, 100.0):
        completed, effect = torch.tensor([[1.0, hidden], [hidden, hidden]]), torch.tensor([0.5, hidden])
        around = module.around(completed, effect, seen, column, torch.arange(3))
        said.append(module(around, torch.tensor([1]), torch.tensor([2])))
    assert torch.equal(*said)


def foretold(genes, estimates):
    module = MeasuredPairs(PROFILES)
    value, known = torch.from_numpy(PROFILES.value), torch.from_numpy(PROFILES.known)
    column = torch.full((NUM_GENES,), -1)
    column[torch.from_numpy(PROFILES.genes)] = torch.arange(len(PROFILES.genes))
    return module(module.whole(value, known), column, torch.tensor(genes), torch.tensor(estimates))


def test_the_order_of_a_triple_does_not_matter():
    a, b, c = PROFILES.genes[:3].tolist()
    features = foretold([[a, b, c], [c, a, b], [b, c, a]], [[0.1, 0.2, 0.3], [0.2, 0.3, 0.1], [0.3, 0.1, 0.2]])
    assert torch.allclose(features[0], features[1], atol=1e-6)
    assert torch.allclose(features[0], features[2], atol=1e-6)


def test_a_measured_pair_speaks_as_measured_and_another_by_its_estimate():
    row, column = (int(index[0]) for index in np.nonzero(PROFILES.known))
    a, b = PROFILES.genes[[row, column]].tolist()
    unprofiled = next(gene for gene in range(NUM_GENES) if gene not in set(PROFILES.genes.tolist()))
    total, least, greatest, products, measured, triple = foretold([[a, b, unprofiled]], [[9.0, 0.2, -0.3]])[0].tolist()
    whole = float(PROFILES.value[row, column] + PROFILES.effect[row] + PROFILES.effect[column])
    assert total == pytest.approx(whole - 0.1, abs=1e-5)
    assert (least, greatest) == pytest.approx((min(whole, -0.3), max(whole, 0.2)), abs=1e-5)
    assert products == pytest.approx(whole * 0.2 + whole * -0.3 - 0.06, abs=1e-5)
    assert (measured, triple) == (1, 1)


def test_a_pairs_own_value_is_kept_from_its_own_prediction():
    a, b = PROFILES.genes[:2].tolist()
    assert not foretold([[a, b, -1], [a, -1, -1]], [[1.0, 0.0, 0.0]] * 2).any()
