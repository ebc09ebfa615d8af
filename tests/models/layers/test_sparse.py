"""Sparse products: what dense ones give, forward and backward."""

import numpy as np
import pytest
import torch
from scipy import sparse

from pipeline_lib.models.layers import SparseMatrix, indicator, row_normalised


@pytest.fixture
def matrix():
    return sparse.random_array((7, 5), density=0.4, rng=np.random.default_rng(0))


def test_product_and_gradient_equal_the_dense_ones(matrix):
    module, dense = SparseMatrix(matrix), torch.tensor(matrix.toarray(), dtype=torch.float32)
    x = torch.randn(5, 3, requires_grad=True)
    y = x.detach().clone().requires_grad_()
    weight = torch.randn(7, 3)
    (module(x) * weight).sum().backward()
    ((dense @ y) * weight).sum().backward()
    assert torch.allclose(module(x), dense @ y, atol=1e-6)
    assert torch.allclose(x.grad, y.grad, atol=1e-6)
    assert torch.equal(module.dense(), dense)


def test_a_matrix_without_entries_gives_zeros():
    assert SparseMatrix(sparse.csr_array((4, 3)))(torch.ones(3, 2)).tolist() == [[0, 0]] * 4


def test_the_constant_matrix_is_no_part_of_the_weights(matrix):
    assert not SparseMatrix(matrix).state_dict()


def test_rows_are_divided_by_their_absolute_sum_and_empty_ones_stay_empty():
    S = sparse.csr_array(np.array([[1.0, -3.0], [0.0, 0.0]]))
    assert row_normalised(S).toarray().tolist() == [[0.25, -0.75], [0.0, 0.0]]


def test_an_indicator_holds_ones_even_where_a_pair_is_named_twice():
    assert indicator(np.array([0, 0, 1]), np.array([1, 1, 0]), (2, 2)).toarray().tolist() == [[0, 1], [1, 0]]
