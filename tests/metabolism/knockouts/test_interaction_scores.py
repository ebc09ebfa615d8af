"""Epsilon and tau by their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.metabolism.knockouts.genotypes import epsilon, interaction_scores, tau

FITNESS = st.floats(0, 1.3)


def test_independent_deletions_do_not_interact() -> None:
    assert epsilon(np.array(0.35), np.array(0.5), np.array(0.7)) == pytest.approx(0)


def test_a_lethal_pair_of_neutral_genes_scores_minus_one() -> None:
    table = {(0,): 1.0, (1,): 1.0, (0, 1): 0.0}
    assert interaction_scores(np.array([[0, 1]]), lookup(table), 8)[0] == -1.0


def test_a_triple_that_no_pair_foretells_scores_minus_one() -> None:
    table = {(0,): 1.0, (1,): 1.0, (2,): 1.0, (0, 1): 1.0, (0, 2): 1.0, (1, 2): 1.0, (0, 1, 2): 0.0}
    assert interaction_scores(np.array([[0, 1, 2]]), lookup(table), 8)[0] == -1.0


@given(f=st.tuples(*[FITNESS] * 7))
def test_tau_is_the_raw_score_of_the_double_mutant_query_less_its_controls(f: tuple[float, ...]) -> None:
    # Kuzmin et al. 2018: tau = epsilon_(ij)k - epsilon_ik f_j - epsilon_jk f_i.
    f_i, f_j, f_k, f_ij, f_ik, f_jk, f_ijk = map(np.array, f)
    adjusted = (f_ijk - f_ij * f_k) - epsilon(f_ik, f_i, f_k) * f_j - epsilon(f_jk, f_j, f_k) * f_i
    assert tau(f_ijk, f_ij, f_ik, f_jk, f_i, f_j, f_k) == pytest.approx(adjusted, abs=1e-12)


@given(f=st.tuples(*[FITNESS] * 4))
def test_a_neutral_gene_that_interacts_with_none_adds_no_tau(f: tuple[float, ...]) -> None:
    f_i, f_j, f_ij, _ = map(np.array, f)
    one = np.array(1.0)
    assert tau(f_ij, f_ij, f_i, f_j, f_i, f_j, one) == pytest.approx(0, abs=1e-12)


def test_singles_have_no_interaction_and_unknown_fitness_gives_none() -> None:
    table = {(0,): 0.5, (1,): np.nan, (0, 1): 0.3}
    found = interaction_scores(np.array([[0, -1], [0, 1]]), lookup(table), 8)
    assert np.isnan(found).all()


def lookup(table: dict[tuple[int, ...], float]):
    def fitness(genotypes: np.ndarray) -> np.ndarray:
        return np.array([table[tuple(gene for gene in genes if gene >= 0)] for genes in genotypes.tolist()])

    return fitness
