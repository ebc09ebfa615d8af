"""Growth by flux balance analysis: the greatest growth that a network with shut fluxes sustains.

Orth, Thiele & Palsson, Nature Biotechnology 28:245 (2010). The linear program is max c.v subject to S v = 0 and
lower <= v <= upper, with v = 0 for every reaction whose enzymes are deleted.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.metabolism.programs.linear_program import LinearProgram, Outcome, Status, WarmSolver
from pipeline_lib.metabolism.programs.network_reduction import ReducedNetwork

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
