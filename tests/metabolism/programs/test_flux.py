"""Flux balance analysis of the wild type and of single reactions."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.genotypes import choose
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork
from pipeline_lib.metabolism.programs.linear_program import LinearProgram, WarmSolver
from pipeline_lib.metabolism.programs.network_reduction import reduce_network
from pipeline_lib.metabolism.programs.wild_type import FluxBalance

NOTHING = np.empty(0, dtype=np.int32)


def test_the_e_coli_core_grows_at_its_published_rate(textbook_network: MetabolicNetwork) -> None:
    # Orth, Fleming & Palsson, EcoSal Plus 2010: 0.874 1/h on 10 mmol/gDW/h of glucose with oxygen.
    wild_type = FluxBalance(reduce_network(textbook_network)).solve(NOTHING, None)
    assert wild_type.status == "optimal"
    assert wild_type.growth == pytest.approx(0.8739215, rel=1e-6)


@pytest.mark.mirror
def test_yeast_gem_grows_at_its_published_rate(yeast_network: MetabolicNetwork) -> None:
    assert FluxBalance(reduce_network(yeast_network)).solve(NOTHING, None).growth == pytest.approx(0.0858, abs=5e-5)


def test_a_carried_column_is_one_whose_loss_costs_growth_or_leaves_another_way(
    textbook_network: MetabolicNetwork,
) -> None:
    reduced = reduce_network(textbook_network)
    balance = FluxBalance(reduced)
    wild_type = balance.solve(NOTHING, None)
    for column in np.flatnonzero(~wild_type.carried).astype(np.int32):
        if reduced.lower[column] <= 0 <= reduced.upper[column]:
            without = balance.solve(column[None], wild_type.basis)
            assert without.growth == pytest.approx(wild_type.growth, rel=1e-9), column


def test_a_cell_that_cannot_meet_its_maintenance_is_infeasible_and_does_not_grow(
    textbook_network: MetabolicNetwork,
) -> None:
    reduced = reduce_network(textbook_network)
    glucose = reduced.column[textbook_network.reactions.index("GLCpts")]
    starved = FluxBalance(reduced).solve(np.array([glucose], dtype=np.int32), None)
    assert (starved.status, starved.growth) == ("infeasible", 0.0)
    assert not starved.carried.any()


def test_a_warm_start_finds_the_growth_of_a_cold_one(textbook_network: MetabolicNetwork) -> None:
    reduced = reduce_network(textbook_network)
    balance = FluxBalance(reduced)
    wild_type = balance.solve(NOTHING, None)
    for column in np.flatnonzero(wild_type.carried).astype(np.int32):
        cold, warm = balance.solve(column[None], None), balance.solve(column[None], wild_type.basis)
        assert (warm.status, warm.growth) == (cold.status, pytest.approx(cold.growth, abs=1e-9))


@pytest.mark.mirror
def test_a_trace_cofactor_is_essential_in_the_reduced_network_and_free_in_a_loose_solver(
    yeast_network: MetabolicNetwork,
) -> None:
    # Growth needs 8.6e-8 mmol/gDW/h of haem, less than the 1e-7 by which solvers may miss a balance: warm started on
    # the whole network at that tolerance, growth without HEM13 passes for optimal.
    hem13 = np.array([[yeast_network.genes.index("YDR044W")]])
    assert solve_knockouts(yeast_network, hem13).growth(hem13) == 0

    loose = WarmSolver(
        LinearProgram(yeast_network.stoichiometry, yeast_network.lower, yeast_network.upper, -yeast_network.objective)
    )
    loose._set({"primal_feasibility_tolerance": 1e-7, "dual_feasibility_tolerance": 1e-7})
    wild_type = loose.solve(NOTHING, np.empty(0))
    haem = np.array([yeast_network.reactions.index("r_0304")], dtype=np.int32)
    assert 0 < wild_type.values[haem[0]] < 1e-7


def test_a_model_without_growth_is_refused(textbook_network: MetabolicNetwork) -> None:
    still = replace(textbook_network, objective=np.zeros_like(textbook_network.objective))
    with pytest.raises(PipelineError, match="does not grow"):
        solve_knockouts(still, choose(still.gem_genes, 1))
