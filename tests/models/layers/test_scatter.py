"""Reductions by index: equal to a loop in value, and to torch-scatter in where a tie's gradient goes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_lib.models import layers

INDEX = torch.tensor([2, 0, 2, 2, 0])
SOURCE = torch.tensor([[1.0, -5.0], [2.0, 4.0], [3.0, -5.0], [3.0, -7.0], [2.0, 1.0]])


@given(st.integers(0, 30), st.integers(1, 6), st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_reductions_equal_a_loop_over_groups(n, size, seed):
    rng = np.random.default_rng(seed)
    index, source = torch.tensor(rng.integers(0, size, n)), torch.tensor(rng.normal(size=(n, 3)))
    for name, reduce in (("sum", torch.sum), ("mean", torch.mean), ("max", torch.amax)):
        expected = torch.zeros(size, 3, dtype=torch.float64)
        for group in range(size):
            if (index == group).any():
                expected[group] = reduce(source[index == group], 0)
        found = getattr(layers, f"scatter_{name}")(source, index, size)
        assert torch.allclose(found, expected)


@pytest.mark.parametrize("name", ["sum", "mean", "max"])
def test_gradients_are_those_of_finite_differences(name):
    generator = torch.Generator().manual_seed(0)
    source = torch.randn(5, 2, dtype=torch.float64, generator=generator, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: getattr(layers, f"scatter_{name}")(x, INDEX, 4), source)


def test_the_gradient_of_a_tied_maximum_goes_to_the_first_row():
    source = SOURCE.clone().requires_grad_()
    layers.scatter_max(source, INDEX, 3).sum().backward()
    assert source.grad.tolist() == [[0, 1], [1, 1], [1, 0], [0, 0], [0, 0]]


@pytest.mark.skipif(not layers.HAS_TORCH_SCATTER, reason="torch-scatter is not installed")
@pytest.mark.parametrize("name", ["sum", "mean", "max"])
def test_the_fallback_equals_torch_scatter(name, monkeypatch):
    results = []
    for present in (True, False):
        monkeypatch.setattr(layers, "HAS_TORCH_SCATTER", present)
        source = SOURCE.clone().requires_grad_()
        value = getattr(layers, f"scatter_{name}")(source, INDEX, 4)
        (value * torch.arange(1.0, 9.0).view(4, 2)).sum().backward()
        results.append((value.detach(), source.grad))
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])
