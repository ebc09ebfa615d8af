"""Whether the wild type grows and, where it does not, the one reason why."""

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.network import MetabolicNetwork
from pipeline_lib.metabolism.programs.flux import ZERO_GROWTH, FluxBalance
from pipeline_lib.metabolism.programs.linear_program import LinearProgram, WarmSolver
from pipeline_lib.metabolism.programs.network_reduction import (
    ReducedNetwork,
    UnmetFluxError,
    reduce_network,
    unmet_flux,
)

_NOTHING = np.empty(0, dtype=np.int32)
_ROUNDING = 1e-10
"""Values of an objective, 1/h, up to this size are rounding."""
_TERMS = 3
"""Reactions of an objective that a sentence names."""


def reduce_growing_network(network: MetabolicNetwork) -> ReducedNetwork:
    """Reduce a network (see `reduce_network`) whose wild type grows at a finite rate.

    Raises
    ------
    PipelineError
        Names the fault and what to do: there is no objective, or it is a reaction without metabolites; growth
        has no limit; a forced flux cannot be met; the medium is closed; the objective cannot exceed zero on an open
        medium. Or the network cannot be reduced.
    """
    if not network.objective.any():
        raise PipelineError(
            "the model has no objective, so it does not grow: no reaction has an objective coefficient; give the "
            "growth reaction an objective coefficient of 1 in the model's file."
        )
    empty = np.flatnonzero((network.objective != 0) & (np.diff(network.stoichiometry.indptr) == 0))
    if len(empty):
        raise PipelineError(
            f"the objective counts reaction '{network.reactions[empty[0]]}', which has no metabolites, so it is no "
            "growth; give the reaction its metabolites in the model's file."
        )
    try:
        reduced = reduce_network(network)
    except UnmetFluxError as error:
        raise (_closed() if _takes_nothing_up(network) else error) from error
    growth = FluxBalance(reduced).solve(_NOTHING, None).growth if reduced.size else 0.0
    if not 0 < growth < np.inf:
        raise _why_not(network)
    return reduced


def _why_not(network: MetabolicNetwork) -> PipelineError:
    """Find out on the whole network why there is no finite growth: the reduction may have removed the reason."""
    status, greatest = _solve(network, network.lower, network.upper, network.objective)
    if status == "unbounded":
        return PipelineError(
            f"growth has no limit: nothing bounds the objective ({_objective(network)}); bound the uptake of a "
            "nutrient that growth needs, by metabolism.medium or in the model's file, or mend a reaction that makes it "
            "from nothing."
        )
    if status == "failed" or greatest > ZERO_GROWTH:
        return PipelineError(
            "the solver gave up on the wild type; look for extreme bounds or coefficients in the model."
        )
    if _takes_nothing_up(network):
        return _closed()
    if status == "infeasible":
        return _which_flux(network)
    if greatest > _ROUNDING:
        return PipelineError(
            f"the wild type grows too slowly: the greatest value of the objective ({_objective(network)}) is "
            f"{greatest:.2g}, and up to {ZERO_GROWTH:g} counts as no growth; open the uptakes by metabolism.medium, or "
            "give the bounds in mmol/gDW/h."
        )
    return PipelineError(
        f"the wild type does not grow on this medium: the greatest value of the objective ({_objective(network)}) is "
        "0, though the medium is open; feed what growth lacks by metabolism.medium, or check that the objective is "
        "growth."
    )


def _closed() -> PipelineError:
    return PipelineError(
        "the medium is closed: no exchange reaction takes anything up, so the wild type does not grow; open the uptake "
        "of the nutrients by metabolism.medium or in the model's file."
    )


def _takes_nothing_up(network: MetabolicNetwork) -> bool:
    """Return whether no reaction can make metabolites from nothing."""
    S = network.stoichiometry
    makes, uses = ((S > 0).sum(axis=0) > 0, (S < 0).sum(axis=0) > 0)
    source = (makes & ~uses & (network.upper > 0)) | (uses & ~makes & (network.lower < 0))
    return not source.any()


def _which_flux(network: MetabolicNetwork) -> PipelineError:
    """Name the forced flux that cannot be met by itself or, if each can, one that cannot be met beside the others."""
    forced = np.flatnonzero((network.lower > 0) | (network.upper < 0))
    loose_lower, loose_upper = np.minimum(network.lower, 0), np.maximum(network.upper, 0)
    for reaction in forced.tolist():
        sign = 1.0 if network.lower[reaction] > 0 else -1.0
        wanted = np.zeros(len(network.lower))
        wanted[reaction] = sign
        status, greatest = _solve(network, loose_lower, loose_upper, wanted)
        needed = network.lower[reaction] if sign > 0 else -network.upper[reaction]
        if status == "optimal" and greatest < needed:
            return unmet_flux(network, reaction)
    names = ", ".join(f"'{network.reactions[reaction]}'" for reaction in forced[:_TERMS])
    return UnmetFluxError(
        f"the medium cannot meet the forced fluxes of {names} together; feed what they need, or let their bounds "
        "include zero."
    )


def _solve(
    network: MetabolicNetwork, lower: NDArray[np.float64], upper: NDArray[np.float64], wanted: NDArray[np.float64]
) -> tuple[str, float]:
    """Return the solver's status and the greatest value of `wanted`, float64 [R], on the whole network."""
    program = LinearProgram(network.stoichiometry, lower, upper, -wanted)
    outcome = WarmSolver(program).solve(_NOTHING, np.empty(0))
    return outcome.status, -outcome.objective


def _objective(network: MetabolicNetwork) -> str:
    terms = np.flatnonzero(network.objective)
    listed = " + ".join(f"{network.objective[at]:g} {network.reactions[at]}" for at in terms[:_TERMS])
    return listed if len(terms) <= _TERMS else f"{listed} + ..."
