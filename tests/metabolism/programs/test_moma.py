"""Linear MOMA: the least move of the fluxes, and of equally near ones the fittest."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.metabolism.knockouts.genotypes import choose
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork
from pipeline_lib.metabolism.programs.network_reduction import ReducedNetwork, reduce_network
from pipeline_lib.metabolism.programs.optima import MinimalAdjustment, reference_flux
from pipeline_lib.metabolism.programs.wild_type import FluxBalance

NOTHING = np.empty(0, dtype=np.int32)


@pytest.fixture(scope="module")
def reduced(textbook_network: MetabolicNetwork) -> ReducedNetwork:
    return reduce_network(textbook_network)


@pytest.fixture(scope="module")
def moma(reduced: ReducedNetwork) -> MinimalAdjustment:
    return MinimalAdjustment(reduced)


def shut_by(network: MetabolicNetwork, reduced: ReducedNetwork, gene: str) -> np.ndarray:
    """Return the columns that a gene's deletion shuts."""
    blocked = network.rules.blocked_reactions(network.genotype_matrix([[network.genes.index(gene)]]))
    columns = reduced.column[blocked.indices]
    return np.unique(columns[columns >= 0]).astype(np.int32)


def test_the_reference_is_the_parsimonious_optimum_of_cobra(
    textbook_network: MetabolicNetwork, reduced: ReducedNetwork, cobra_textbook: Any
) -> None:
    from cobra.flux_analysis import pfba

    peer = pfba(cobra_textbook)
    flux = reduced.expand(reference_flux(reduced))
    assert np.abs(flux).sum() == pytest.approx(peer.objective_value, rel=1e-6)
    assert textbook_network.objective @ flux == pytest.approx(0.8739215, rel=1e-6)
    assert np.abs(textbook_network.stoichiometry @ flux).max() < 1e-8


def test_without_a_deletion_nothing_moves(moma: MinimalAdjustment) -> None:
    outcome, flux = moma.adjust(NOTHING)
    assert outcome.objective == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(flux, moma.reference, atol=1e-9)


@pytest.mark.parametrize("gene", ["b0720", "b1136", "b2415", "b3916", "b0008", "b3734", "b2779", "b0451"])
def test_distance_and_growth_equal_cobras(
    textbook_network: MetabolicNetwork, reduced: ReducedNetwork, moma: MinimalAdjustment, cobra_textbook: Any, gene: str
) -> None:
    from cobra import Solution
    from cobra.flux_analysis import add_moma

    reference = reduced.expand(moma.reference)
    ids = [reaction.id for reaction in cobra_textbook.reactions]
    by_id = dict(zip(textbook_network.reactions, reference, strict=True))
    solution = Solution(0.0, "optimal", fluxes=pd.Series([by_id[name] for name in ids], index=ids))
    outcome, flux = moma.adjust(shut_by(textbook_network, reduced, gene))
    model = cobra_textbook
    model.tolerance = 1e-9
    with model:
        add_moma(model, solution=solution, linear=True)
        model.genes.get_by_id(gene).knock_out()
        distance = model.slim_optimize(error_value=np.nan)
        if np.isnan(distance):
            assert outcome.status == "infeasible"
            return
        assert outcome.objective == pytest.approx(distance, abs=1e-6)
        # The greatest growth among the nearest distributions.
        nearest = model.problem.Constraint(model.objective.expression, ub=distance + 1e-8)
        model.add_cons_vars(nearest)
        model.objective = model.reactions.get_by_id("Biomass_Ecoli_core")
        growth = model.slim_optimize()
    assert textbook_network.objective @ reduced.expand(flux) == pytest.approx(growth, abs=1e-5)
    assert np.abs(reduced.expand(flux) - reference).sum() == pytest.approx(distance, abs=1e-6)


def test_the_least_move_never_outgrows_the_optimum(textbook_network: MetabolicNetwork) -> None:
    pairs = choose(textbook_network.gem_genes[:60], 2)
    greatest = solve_knockouts(textbook_network, pairs).fitness(pairs)
    nearest = solve_knockouts(textbook_network, pairs, "moma").fitness(pairs)
    assert (nearest <= greatest + 1e-6).all()
    assert (nearest < greatest - 0.01).any()


def test_shared_optima_equal_programs_of_their_own(
    textbook_network: MetabolicNetwork, reduced: ReducedNetwork, moma: MinimalAdjustment
) -> None:
    random = np.random.default_rng(0)
    pairs = np.array([random.choice(137, 2, replace=False) for _ in range(150)])
    growth = solve_knockouts(textbook_network, pairs, "moma").growth(pairs)
    for pair, found in zip(pairs, growth, strict=True):
        blocked = textbook_network.rules.blocked_reactions(textbook_network.genotype_matrix(pair[None]))
        columns = reduced.column[blocked.indices]
        alone = moma.solve(np.unique(columns[columns >= 0]).astype(np.int32), None)
        assert found == pytest.approx(alone.growth, abs=1e-6)


def test_a_lethal_deletion_is_lethal_by_either_method(
    textbook_network: MetabolicNetwork, reduced: ReducedNetwork, moma: MinimalAdjustment
) -> None:
    citrate_synthase = shut_by(textbook_network, reduced, "b0720")
    assert FluxBalance(reduced).solve(citrate_synthase, None).growth == 0
    assert moma.solve(citrate_synthase, None).growth == pytest.approx(0, abs=1e-6)
