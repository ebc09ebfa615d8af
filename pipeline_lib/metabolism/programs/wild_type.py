"""Growth by flux balance, the wild type's first: whether it grows and, where it does not, the one reason why.

Orth, Thiele & Palsson, Nature Biotechnology 28:245 (2010). The linear program is max c.v subject to S v = 0 and
lower <= v <= upper, with v = 0 for every reaction whose enzymes are deleted.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork
from pipeline_lib.metabolism.programs.linear_program import LinearProgram, Outcome, Status, WarmSolver
from pipeline_lib.metabolism.programs.network_reduction import (
    ReducedNetwork,
    UnmetFluxError,
    reduce_network,
    unmet_flux,
)

Method = Literal["fba", "moma"]

ZERO_GROWTH = 1e-7
"""Growth, 1/h, that counts as none, as in cobra: a doubling time of eight centuries."""
CARRIED = 1e-12
"""Smallest flux, mmol/gDW/h, that counts as carried; below lies rounding."""


@dataclass(frozen=True)
class Optimum:
    """The optimal fluxes of one set of shut columns.

    Attributes
    ----------
    status
        'optimal'; 'infeasible' where there is no steady state (the cell cannot meet its maintenance), growth 0;
        'unbounded' where growth has no limit, growth infinite; 'failed' where the solver gave up, growth NaN.
    growth
        1/h.
    carried
        bool [n]: the columns whose shutting would change the optimum. A further deletion that shuts none of them
        has this same optimum. All False where every further deletion has this growth.
    basis
        int8: the solver's basis, a warm start for further deletions; empty where there is none.
    """

    status: Status
    growth: float
    carried: NDArray[np.bool_]
    basis: NDArray[np.int8]


class Optimiser(Protocol):
    """Finds the optimum of a network of which some columns are shut.

    Attributes
    ----------
    basis_size
        Length of the bases that it returns.
    """

    basis_size: int

    def solve(self, shut: NDArray[np.int32], start: NDArray[np.int8] | None) -> Optimum:
        """Return the optimum with the columns `shut` at zero, from the basis `start` where one is given."""


def no_optimum(outcome: Outcome, size: int) -> Optimum:
    """Return the optimum of a program without one: growth 0 if infeasible, infinite if unbounded, NaN if failed."""
    none = np.empty(0, dtype=np.int8)
    if outcome.status == "infeasible":
        return Optimum("infeasible", 0.0, np.zeros(size, dtype=bool), none)
    growth = float("inf") if outcome.status == "unbounded" else float("nan")
    return Optimum(outcome.status, growth, np.ones(size, dtype=bool), none)


class FluxBalance:
    """Greatest growth of a reduced network."""

    def __init__(self, reduced: ReducedNetwork) -> None:
        self._size = reduced.size
        self.basis_size = sum(reduced.stoichiometry.shape)
        self._solver = WarmSolver(
            LinearProgram(reduced.stoichiometry, reduced.lower, reduced.upper, -reduced.objective)
        )

    def solve(self, shut: NDArray[np.int32], start: NDArray[np.int8] | None) -> Optimum:
        """Return the optimum with the columns `shut` at zero, from the basis `start` where one is given."""
        outcome = self._solver.solve(shut, np.zeros(len(shut)), start)
        if outcome.status != "optimal":
            return no_optimum(outcome, self._size)
        if -outcome.objective <= ZERO_GROWTH:
            # Growth falls with every deletion: what is lethal stays lethal, whatever is carried.
            return Optimum("optimal", 0.0, np.zeros(self._size, dtype=bool), outcome.basis)
        return Optimum("optimal", -outcome.objective, np.abs(outcome.values) > CARRIED, outcome.basis)


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


BitSets = NDArray[np.uint64]
"""uint64 [n, W]: n sets, 64 members a word."""

WORD = 64


def words(size: int) -> int:
    """Return the number of words W that sets of members below `size` take."""
    return max(1, -(-size // WORD))


def pack(members: NDArray[np.bool_]) -> BitSets:
    """Pack bool [n, size] into bit sets, uint64 [n, W]."""
    padded = np.zeros((len(members), words(members.shape[1]) * WORD), dtype=bool)
    padded[:, : members.shape[1]] = members
    return np.packbits(padded, axis=1, bitorder="little").view(np.uint64)


def unpack(sets: BitSets, size: int) -> NDArray[np.bool_]:
    """Turn bit sets, uint64 [n, W], into bool [n, size]."""
    bits = np.unpackbits(np.ascontiguousarray(sets).view(np.uint8), axis=1, bitorder="little")
    return bits[:, :size].astype(bool)


def pack_pairs(row: NDArray[np.int64], member: NDArray[np.int64], shape: tuple[int, int]) -> BitSets:
    """Return `shape[0]` bit sets of members below `shape[1]`, set `row[i]` holding `member[i]`."""
    sets = np.zeros((shape[0], words(shape[1])), dtype=np.uint64)
    bits = np.uint64(1) << (member % WORD).astype(np.uint64)
    np.bitwise_or.at(sets, (row, member // WORD), bits)
    return sets


def unique_sets(sets: BitSets) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (first, inverse): where each distinct set first stands, and the number of each row's set."""
    opaque = np.ascontiguousarray(sets).view(np.dtype((np.void, sets.dtype.itemsize * sets.shape[1]))).ravel()
    _, first, inverse = np.unique(opaque, return_index=True, return_inverse=True)
    return first, inverse.ravel()
