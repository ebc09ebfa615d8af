"""Fitness, epsilon and tau by definition: each is the other way round, in NumPy and in torch alike."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline_lib.models.clp import decomposition

FITNESS = st.floats(0, 2)
TERM = st.floats(-1, 1)


def tables(elements, width):
    return arrays(np.float64, (7, width), elements=elements)


@given(tables(FITNESS, 3), tables(TERM, 3), arrays(np.float64, 7, elements=TERM))
def test_epsilon_and_tau_come_back_from_the_fitness_of_all_subsets(single, epsilon, tau):
    double = np.stack(
        [single[:, i] * single[:, j] + epsilon[:, p] for p, (i, j) in enumerate(decomposition.PAIRS)], axis=1
    )
    for position, (i, j) in enumerate(decomposition.PAIRS):
        found = decomposition.epsilon(double[:, position], single[:, i], single[:, j])
        np.testing.assert_allclose(found, epsilon[:, position], atol=1e-6)
    whole = decomposition.fitness(single, epsilon, tau)
    np.testing.assert_allclose(decomposition.tau(whole, single, double), tau, atol=1e-6)


@given(tables(FITNESS, 3), tables(TERM, 3), arrays(np.float64, 7, elements=TERM))
def test_torch_gives_what_numpy_gives(single, epsilon, tau):
    numbers = [torch.from_numpy(part) for part in (single, epsilon, tau)]
    np.testing.assert_allclose(decomposition.fitness(*numbers), decomposition.fitness(single, epsilon, tau), atol=1e-12)


@given(tables(FITNESS, 3))
def test_multiplicative_fitness_has_no_interaction(single):
    double = np.stack([single[:, i] * single[:, j] for i, j in decomposition.PAIRS], axis=1)
    whole = single.prod(axis=1)
    np.testing.assert_allclose(decomposition.tau(whole, single, double), 0, atol=1e-12)
    np.testing.assert_array_equal(decomposition.epsilon(double[:, 0], single[:, 0], single[:, 1]), 0)


def test_tau_is_the_definition_of_kuzmin_2018():
    """f_ijk - f_i f_j f_k - e_ij f_k - e_ik f_j - e_jk f_i, by hand."""
    single = np.array([[0.9, 0.8, 0.7]])
    double = np.array([[0.6, 0.65, 0.5]])
    e_ij, e_ik, e_jk = 0.6 - 0.72, 0.65 - 0.63, 0.5 - 0.56
    expected = 0.2 - 0.504 - e_ij * 0.7 - e_ik * 0.8 - e_jk * 0.9
    np.testing.assert_allclose(decomposition.tau(np.array([0.2]), single, double), expected)


def test_no_deletion_has_fitness_1_and_a_lost_gene_leaves_the_others():
    one, none = np.ones((1, 3)), np.zeros((1, 3))
    assert decomposition.fitness(one, none, np.zeros(1)).tolist() == [1.0]
    single = np.array([[0.9, 0.8, 1.0]])
    pair = np.array([[-0.1, 0.0, 0.0]])
    np.testing.assert_allclose(decomposition.fitness(single, pair, np.zeros(1)), 0.9 * 0.8 - 0.1)
