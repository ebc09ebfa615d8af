"""Convolutions over the stoichiometric hypergraph: what each of them can and cannot see."""

import numpy as np
import pytest
import torch
from scipy import sparse

from pipeline_lib.models.layers import (
    ACTIVATIONS,
    DirectedHypergraphConvolution,
    UndirectedHypergraphConvolution,
)

WIDTH = 6
S = np.array([[-1.0, 0, 0], [2.0, -1.0, 0], [0, 1.0, -1.0], [0, 0, 3.0]])
"""A -> 2 B; B -> C; C -> 3 D."""


def states(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(n, WIDTH, generator=generator) for n in (4, 3, 3))


def same_weights(kind, matrices, activation="tanh"):
    torch.manual_seed(0)
    first = kind(sparse.csr_array(matrices[0]), WIDTH, activation)
    second = kind(sparse.csr_array(matrices[1]), WIDTH, activation)
    second.load_state_dict(first.state_dict())
    return first, second


@pytest.mark.parametrize(
    ("kind", "sees"), [(DirectedHypergraphConvolution, True), (UndirectedHypergraphConvolution, False)]
)
def test_only_the_directed_convolution_sees_a_flipped_reaction(kind, sees):
    flipped = S * np.array([1.0, -1.0, 1.0])
    first, second = same_weights(kind, (S, flipped))
    metabolites, reactions, extra = states()
    change = max(
        float((a - b).detach().abs().max())
        for a, b in zip(first(metabolites, reactions, extra), second(metabolites, reactions, extra), strict=True)
    )
    assert (change > 1e-3) == sees
    if not sees:
        assert change == 0.0


def test_flipping_a_reversible_reaction_exchanges_its_two_columns_and_nothing_else():
    both_ways = np.column_stack([S, -S[:, 1]])
    turned = both_ways[:, [0, 3, 2, 1]]
    first, second = same_weights(DirectedHypergraphConvolution, (both_ways, turned))
    generator = torch.Generator().manual_seed(1)
    metabolites, reactions = torch.randn(4, WIDTH, generator=generator), torch.randn(4, WIDTH, generator=generator)
    extra = torch.randn(4, WIDTH, generator=generator)
    swap = [0, 3, 2, 1]
    ours = first(metabolites, reactions, extra)
    theirs = second(metabolites, reactions[swap], extra[swap])
    assert torch.allclose(ours[0], theirs[0], atol=1e-6)
    assert torch.allclose(ours[1], theirs[1][swap], atol=1e-6)


def test_the_undirected_convolution_is_the_formula_of_the_prototype():
    """D^-1 S B^-1 S^T X Theta, with D and B the sums of |S| by row and by column."""
    layer = UndirectedHypergraphConvolution(sparse.csr_array(S), WIDTH, "tanh")
    metabolites, _, _ = states()
    D, B = np.diag(1 / abs(S).sum(1)), np.diag(1 / abs(S).sum(0))
    expected = torch.tensor(D @ S @ B @ S.T, dtype=torch.float32) @ metabolites @ layer.theta.weight.T
    assert torch.allclose(layer.spread(layer.gather(layer.theta(metabolites))), expected, atol=1e-5)


def test_substrates_and_products_are_read_apart():
    """The first reaction's state hears of A through S- and of B through S+ alone."""
    layer = DirectedHypergraphConvolution(sparse.csr_array(S), WIDTH, "tanh")
    identity = torch.eye(4)
    assert layer.from_substrates(identity)[0].tolist() == [1, 0, 0, 0]
    assert layer.from_products(identity)[0].tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_keeps_the_sign(name):
    x = torch.linspace(-3, 3, 101)
    assert torch.equal(torch.sign(ACTIVATIONS[name](x)), torch.sign(x))
