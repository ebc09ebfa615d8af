"""The smaller network allows exactly the fluxes of the whole one."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import linprog

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.gene_rules import GeneRules
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork
from pipeline_lib.metabolism.programs.network_reduction import reduce_network
from pipeline_lib.metabolism.programs.wild_type import FluxBalance

NOTHING = np.empty(0, dtype=np.int32)


def network_of_matrix(S: np.ndarray, lower: np.ndarray, upper: np.ndarray, objective: np.ndarray) -> MetabolicNetwork:
    """Return a network without gene rules."""
    reactions = tuple(f"r{j}" for j in range(S.shape[1]))
    return MetabolicNetwork(
        stoichiometry=sparse.csc_array(S.astype(float)),
        lower=lower.astype(float),
        upper=upper.astype(float),
        objective=objective.astype(float),
        reactions=reactions,
        rules=GeneRules.from_rules([""] * len(reactions), reactions, ["g"]),
        in_gem=np.ones(1, dtype=bool),
    )


def test_fluxes_of_the_reduced_network_are_fluxes_of_the_whole(textbook_network: MetabolicNetwork) -> None:
    reduced = reduce_network(textbook_network)
    assert reduced.size < len(textbook_network.reactions)
    balance = FluxBalance(reduced)
    flux = reduced.expand(balance._solver.solve(NOTHING, np.empty(0)).values)
    assert np.abs(textbook_network.stoichiometry @ flux).max() < 1e-8
    assert (flux >= textbook_network.lower - 1e-8).all()
    assert (flux <= textbook_network.upper + 1e-8).all()
    assert textbook_network.objective @ flux == pytest.approx(0.8739215, rel=1e-6)


@pytest.mark.mirror
def test_yeast_gem_halves(yeast_network: MetabolicNetwork) -> None:
    reduced = reduce_network(yeast_network)
    assert yeast_network.stoichiometry.shape == (2806, 4131)
    assert reduced.stoichiometry.shape[0] < 1000
    assert reduced.size < 2200
    flux = reduced.expand(FluxBalance(reduced)._solver.solve(NOTHING, np.empty(0)).values)
    assert np.abs(yeast_network.stoichiometry @ flux).max() < 1e-8


def test_a_chain_becomes_one_column_with_its_narrowest_bound() -> None:
    # -> A -> 2 B -> , the middle step limited to 3: uptake 3, secretion 6.
    S = np.array([[1, -1, 0], [0, 2, -1]])
    chain = network_of_matrix(S, np.zeros(3), np.array([10, 3, 100]), np.array([0, 0, 1]))
    reduced = reduce_network(chain)
    assert reduced.size == 1
    assert set(reduced.column) == {0}
    flux = reduced.expand(np.array([reduced.upper[0]]))
    np.testing.assert_allclose(flux, [3, 3, 6])


def test_a_metabolite_that_nothing_uses_shuts_what_makes_it() -> None:
    S = np.array([[1, -1, -1], [0, 0, 1]])
    reduced = reduce_network(network_of_matrix(S, np.zeros(3), np.full(3, 9.0), np.array([0, 1, 0])))
    assert reduced.column[2] == -1
    assert (reduced.column[:2] >= 0).all()


@settings(max_examples=60, deadline=None)
@given(
    S=st.lists(st.lists(st.sampled_from([-2, -1, 0, 0, 0, 1, 1, 2]), min_size=7, max_size=7), min_size=3, max_size=5),
    reversible=st.lists(st.booleans(), min_size=7, max_size=7),
    goal=st.integers(0, 6),
)
def test_the_optimum_of_any_network_is_kept(S: list[list[int]], reversible: list[bool], goal: int) -> None:
    matrix, upper = np.array(S), np.arange(1.0, 8.0)
    lower = np.where(reversible, -upper, 0.0)
    objective = np.eye(7)[goal]
    whole = linprog(-objective, A_eq=matrix, b_eq=np.zeros(len(matrix)), bounds=list(zip(lower, upper, strict=True)))
    reduced = reduce_network(network_of_matrix(matrix, lower, upper, objective))
    found = FluxBalance(reduced).solve(NOTHING, None).growth if reduced.size else 0.0
    assert found == pytest.approx(-whole.fun, abs=1e-6)


def test_a_forced_flux_with_a_gene_rule_is_refused(textbook_network: MetabolicNetwork) -> None:
    lower = textbook_network.lower.copy()
    lower[textbook_network.reactions.index("PFK")] = 1.0
    with pytest.raises(PipelineError, match="'PFK' has both a gene rule and a forced flux"):
        reduce_network(replace(textbook_network, lower=lower))


def test_a_medium_that_cannot_meet_a_forced_flux_is_named() -> None:
    S = np.array([[-1.0, 0.0]])
    unfed = network_of_matrix(S, np.array([2.0, 0.0]), np.array([5.0, 5.0]), np.array([0, 1]))
    with pytest.raises(PipelineError, match="forced flux of reaction 'r0'"):
        reduce_network(unfed)
