"""The whole network as linear programs that feed the cell one supplement, or drain one metabolite from it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.metabolism.media.medium import exchange_reactions
from pipeline_lib.metabolism.model.biomass import BiomassConstituents, products_of
from pipeline_lib.metabolism.model.network import MetabolicNetwork
from pipeline_lib.metabolism.programs.flux import ZERO_GROWTH
from pipeline_lib.metabolism.programs.linear_program import (
    ATTEMPTS,
    TOLERANCE,
    LinearProgram,
    Outcome,
    Settings,
    WarmSolver,
)

_PRIMAL: Settings = {"solver": "simplex", "simplex_strategy": 4, "presolve": "off"}
"""Primal simplex (HiGHS's number 4), which goes on from a feasible basis where another cost is minimised."""
NOTHING = np.empty(0, dtype=np.int32)
_SUPPLEMENT = 1.0
"""Uptake, mmol/gDW/h, at which a supplement is tried."""


@dataclass(frozen=True)
class SupplementedCell:
    """Growth, and production of what growth needs, with reactions blocked.

    Attributes
    ----------
    network
        The network on its medium, R reactions and M metabolites.
    program
        Its program, with every closed uptake opened, one drain a metabolite and one supply a metabolite; all of them
        are at zero unless needed.
    solver, drainer
        Solvers of growth, which start from a basis that other bounds make infeasible (dual simplex), and of drains,
        which start from a feasible one with another cost (primal simplex).
    closed
        int64: exchange reactions that take nothing up on the medium.
    constituents
        What growth needs.
    """

    network: MetabolicNetwork
    program: LinearProgram
    solver: WarmSolver
    drainer: WarmSolver
    closed: NDArray[np.int64]
    constituents: BiomassConstituents

    @classmethod
    def of(cls, network: MetabolicNetwork, reactions: pd.DataFrame, metabolites: pd.DataFrame) -> "SupplementedCell":
        """Return the programs of a network with the tables of its reactions and metabolites."""
        S = network.stoichiometry
        exchange = np.flatnonzero(exchange_reactions(reactions, metabolites, S))
        consumes = S.data[S.indptr[exchange]] < 0
        closed = exchange[np.where(consumes, network.lower[exchange] >= 0, network.upper[exchange] <= 0)]
        each = sparse.eye_array(S.shape[0], format="csc")
        added = len(closed) + 2 * S.shape[0]
        greatest = np.concatenate([np.full(len(closed), _SUPPLEMENT), np.full(2 * S.shape[0], np.inf)])
        program = LinearProgram(
            matrix=sparse.csc_array(sparse.hstack([S, abs(S[:, closed]), -each, each])),
            lower=np.concatenate([network.lower, np.zeros(added)]),
            upper=np.concatenate([network.upper, greatest]),
            cost=np.concatenate([-network.objective, np.zeros(added)]),
        )
        drainer = WarmSolver(program, [_PRIMAL, *ATTEMPTS])
        return cls(network, program, WarmSolver(program), drainer, closed, BiomassConstituents.of(network))

    def optimum(self, blocked: NDArray[np.int32], start: NDArray[np.int8] | None = None, fed: int = -1) -> Outcome:
        """Maximise growth with reactions blocked and one closed uptake fed (-1: none), warm from `start` if given."""
        size, drains, _ = self._places()
        unfed = np.flatnonzero(self.closed != fed) + size
        rest = np.arange(drains, len(self.program.cost))
        fixed = np.concatenate([blocked, unfed, rest]).astype(np.int32)
        return self.solver.solve(fixed, np.zeros(len(fixed)), start)

    def fed_growth(self, blocked: NDArray[np.int32], before: Outcome) -> NDArray[np.float64]:
        """Return growth with each closed uptake fed, 1/h, float64 [closed]; `before` is the optimum without.

        That optimum stays one where the column that is opened has no reduced cost of the right sign, so only the
        others are solved.
        """
        size, drains, _ = self._places()
        open_to = np.ones(len(self.closed), dtype=bool)
        if before.status == "optimal":
            open_to = before.reduced_costs[size:drains] < -TOLERANCE
        growth = np.full(len(self.closed), growth_of(before))
        for at in np.flatnonzero(open_to).tolist():
            growth[at] = growth_of(self.optimum(blocked, before.basis, self.closed[at]))
        return growth

    def restored_growth(self, blocked: NDArray[np.int32], before: Outcome) -> NDArray[np.float64]:
        """Return growth when each of the blocked reactions runs again alone, 1/h, float64 [k]; as `fed_growth`."""
        open_to = np.ones(len(blocked), dtype=bool)
        if before.status == "optimal":
            cost = before.reduced_costs[blocked]
            forward = (cost < -TOLERANCE) & (self.network.upper[blocked] > 0)
            open_to = forward | ((cost > TOLERANCE) & (self.network.lower[blocked] < 0))
        growth = np.full(len(blocked), growth_of(before))
        for at in np.flatnonzero(open_to).tolist():
            growth[at] = growth_of(self.optimum(np.delete(blocked, at), before.basis))
        return growth

    def production(
        self,
        blocked: NDArray[np.int32],
        positions: NDArray[np.int64],
        start: NDArray[np.int8],
        *,
        charging: bool = False,
    ) -> NDArray[np.float64]:
        """Return the greatest net production of constituents, mmol/gDW/h, float64 [k].

        Growth is left aside: the other constituents may pile up.

        Parameters
        ----------
        blocked
            int32: reactions without flux.
        positions
            int64 [k]: which constituents.
        start
            Basis of an optimum with these reactions blocked.
        charging
            For constituents that no cell makes anew, such as a charged tRNA: the carriers that their consumers give
            back (the tRNA) are supplied freely.
        """
        supplied = self._carriers if charging else NOTHING
        metabolites = self.constituents.metabolites[positions]
        return self._drained(blocked, metabolites, supplied, start)

    @cached_property
    def wild_type(self) -> Outcome:
        """The optimum with nothing blocked."""
        return self.optimum(NOTHING)

    @cached_property
    def _carriers(self) -> NDArray[np.int64]:
        """What the consumers of constituents give back and no cell makes anew, int64."""
        consumers = np.unique(np.stack([self.constituents.consumers, self.constituents.directions]), axis=1)
        beside = [products_of(self.network, *pair) for pair in consumers.T.tolist()]
        distinct = np.unique(np.concatenate([*beside, NOTHING])).astype(np.int64)
        return distinct[self._drained(NOTHING, distinct, NOTHING, self.wild_type.basis) <= ZERO_GROWTH]

    def _drained(
        self,
        blocked: NDArray[np.int32],
        metabolites: NDArray[np.integer],
        supplied: NDArray[np.integer],
        start: NDArray[np.int8],
    ) -> NDArray[np.float64]:
        """Return the greatest drain of each metabolite while others are supplied, mmol/gDW/h, float64 [k]."""
        size, drains, supplies = self._places()
        idle = np.ones(len(self.program.cost), dtype=bool)
        idle[:size] = False
        idle[blocked] = True
        # What growth alone consumes would keep its by-products from flowing (chains and backbones of lipids).
        idle[drains + self.constituents.metabolites] = False
        idle[drains + metabolites] = False
        idle[supplies + supplied] = False
        fixed = np.flatnonzero(idle).astype(np.int32)
        found = []
        for metabolite in metabolites.tolist():
            cost = np.zeros(len(idle))
            cost[drains + metabolite] = -1.0
            self.drainer.minimise(cost)
            outcome = self.drainer.solve(fixed, np.zeros(len(fixed)), start)
            settled = outcome.status == "optimal"
            found.append(max(0.0, -outcome.objective) if settled else 0.0)
            # Only the cost differs between metabolites, so each optimum is a feasible start of the next.
            start = outcome.basis if settled else start
        return np.array(found)

    def _places(self) -> tuple[int, int, int]:
        """Return where supplements, drains and supplies begin among the columns of the program."""
        size = len(self.network.reactions)
        drains = size + len(self.closed)
        return size, drains, drains + self.network.stoichiometry.shape[0]


def growth_of(outcome: Outcome) -> float:
    """Return the growth of an optimum, 1/h; 0 without a steady state."""
    return max(0.0, -outcome.objective) if outcome.status == "optimal" else 0.0
