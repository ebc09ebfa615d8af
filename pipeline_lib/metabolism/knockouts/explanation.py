"""Why a genotype grows as it does: what it lacks, and which supplement or drain would feed it; `explain_deletion`."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.artefacts.schemas import BLOCKED, REACTION, SHORT, SUPPLEMENT
from pipeline_lib.metabolism.knockouts.conditions import genotypes_of_names
from pipeline_lib.metabolism.medium import Medium, exchange_reactions, with_medium
from pipeline_lib.metabolism.model.energies import BiomassConstituents, products_of
from pipeline_lib.metabolism.model.gem import Model, gem_of, with_background
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork, network_of
from pipeline_lib.metabolism.programs.linear_program import (
    ATTEMPTS,
    TOLERANCE,
    LinearProgram,
    Outcome,
    Settings,
    WarmSolver,
)
from pipeline_lib.metabolism.programs.wild_type import CARRIED, ZERO_GROWTH, reduce_growing_network

_PRIMAL: Settings = {"solver": "simplex", "simplex_strategy": 4, "presolve": "off"}
"""Primal simplex (HiGHS's number 4), which goes on from a feasible basis where another cost is minimised."""
NOTHING = np.empty(0, dtype=np.int32)
_SUPPLEMENT = 1.0
"""Uptake, mmol/gDW/h, at which a supplement is tried."""


@dataclass(frozen=True)
class Optima:
    """The optima of k programs, of the wild type or of a mutant.

    Attributes
    ----------
    value
        float64 [k].
    carries
        bool [k, R]: which reactions carry flux there.
    """

    value: NDArray[np.float64]
    carries: NDArray[np.bool_]

    @classmethod
    def of(cls, outcomes: Sequence[Outcome], reactions: int) -> "Optima":
        """Return the optima of outcomes over a network of so many reactions; 0 without a steady state."""
        carries = np.zeros((len(outcomes), reactions), dtype=bool)
        for row, outcome in zip(carries, outcomes, strict=True):
            if outcome.status == "optimal":
                row[:] = np.abs(outcome.values[:reactions]) > CARRIED  # noqa: PD011 - of an outcome, no table
        return cls(np.array([growth_of(outcome) for outcome in outcomes]), carries)

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "Optima":
        """Return the optima at `rows`."""
        return Optima(self.value[rows], self.carries[rows])

    def lost(self, blocked: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return which optima carry a blocked reaction, int64; a mutant reaches all others as they are."""
        return np.flatnonzero(self.carries[:, blocked].any(axis=1))


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

    def fed(self, blocked: NDArray[np.int32], before: Outcome, uptakes: NDArray[np.int64]) -> Optima:
        """Return optimal growth, 1/h, with each of some closed uptakes fed; `before` is the optimum without.

        That optimum stays one where the column that is opened has no reduced cost of the right sign, so only the
        others are solved.

        Parameters
        ----------
        blocked
            int32: reactions without flux.
        before
            The optimum with them blocked.
        uptakes
            int64 [k]: positions in `closed`.
        """
        size, drains, _ = self._places()
        open_to = np.ones(len(uptakes), dtype=bool)
        if before.status == "optimal":
            open_to = before.reduced_costs[size:drains][uptakes] < -TOLERANCE
        outcomes = [
            self.optimum(blocked, before.basis, reaction) if solved else before
            for reaction, solved in zip(self.closed[uptakes].tolist(), open_to.tolist(), strict=True)
        ]
        return Optima.of(outcomes, size)

    def restored_growth(self, blocked: NDArray[np.int32], before: Outcome) -> NDArray[np.float64]:
        """Return growth when each of the blocked reactions runs again alone, 1/h, float64 [k]; as `fed`."""
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
    ) -> Optima:
        """Return the greatest net production of constituents, mmol/gDW/h.

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
        return distinct[self._drained(NOTHING, distinct, NOTHING, self.wild_type.basis).value <= ZERO_GROWTH]

    def _drained(
        self,
        blocked: NDArray[np.int32],
        metabolites: NDArray[np.integer],
        supplied: NDArray[np.integer],
        start: NDArray[np.int8],
    ) -> Optima:
        """Return the greatest drain of each metabolite while others are supplied, mmol/gDW/h."""
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
            found.append(self.drainer.solve(fixed, np.zeros(len(fixed)), start))
            # Only the cost differs between metabolites, so each optimum is a feasible start of the next.
            start = found[-1].basis if found[-1].status == "optimal" else start
        return Optima.of(found, size)

    def _places(self) -> tuple[int, int, int]:
        """Return where supplements, drains and supplies begin among the columns of the program."""
        size = len(self.network.reactions)
        drains = size + len(self.closed)
        return size, drains, drains + self.network.stoichiometry.shape[0]


def growth_of(outcome: Outcome) -> float:
    """Return the growth of an optimum, 1/h; 0 without a steady state."""
    return max(0.0, -outcome.objective) if outcome.status == "optimal" else 0.0


_LESS = 1e-6
"""Part of the wild type's production or growth by which a mutant's must differ to count as another."""


def explain_deletion(
    model: Model, genes: Sequence[str], *, medium: Medium = "model", background: Sequence[str] = ()
) -> pd.DataFrame:
    """Explain which reactions a deletion blocks, what the cell then makes less of, and what would help it.

    Parameters
    ----------
    model, medium, background
        As in `pipeline_lib.metabolism.knockout_growth`.
    genes
        One to three gene ids.

    Returns
    -------
    DataFrame
        finding, id, name, value. Findings: ``blocked reaction`` (value: flux of one optimum of the wild type,
        mmol/gDW/h); ``short metabolite``, a constituent of biomass of which the mutant makes less than the wild type
        (value: greatest production over the wild type's); ``rescuing supplement``, an uptake that is closed on the
        medium (value: growth over the wild type's, both with 1 mmol/gDW/h of it) and ``rescuing reaction``, one of the
        blocked reactions (value: fitness when it alone runs again). The best helpers come first; a helper raises
        fitness by more than 1e-6.

    Raises
    ------
    PipelineError
        When the model, the medium, the background or the genotype is at fault, or the wild type does not grow.
    """
    gem = with_medium(with_background(gem_of(model), background), medium)
    network = network_of(gem)
    reduce_growing_network(network)
    genotype = genotypes_of_names([genes], network.genes)
    return DeletionExplainer(network, gem.reactions, gem.metabolites).explain(genotype[0])


class DeletionExplainer:
    """What deletions on one medium do; the wild type's part is solved once.

    Parameters
    ----------
    network
        The network on its medium; its wild type grows.
    reactions, metabolites
        Its tables, with the columns id, name and, of the metabolites, compartment.
    """

    def __init__(self, network: MetabolicNetwork, reactions: pd.DataFrame, metabolites: pd.DataFrame) -> None:
        self._network, self._reactions, self._metabolites = network, reactions, metabolites
        self._cell = SupplementedCell.of(network, reactions, metabolites)
        self._flux = self._cell.wild_type.values[: len(network.reactions)]  # noqa: PD011 - of an outcome, no table
        self.wild_type_growth = float(network.objective @ self._flux)

    def explain(self, genotype: NDArray[np.int64]) -> pd.DataFrame:
        """Return the table of `explain_deletion` for one genotype, gene indices int64 [k] padded with -1.

        ``attrs`` hold wild_type_growth (1/h) and fitness.
        """
        deleted = self._network.genotype_matrix(genotype[None, :])
        blocked = self._network.rules.blocked_reactions(deleted).indices.astype(np.int32)
        mutant = self._cell.optimum(blocked, self._cell.wild_type.basis)
        parts = [
            _part(BLOCKED, self._reactions, blocked, self._flux[blocked]),
            self._short(blocked, mutant),
            self._supplements(blocked, mutant),
            self._running(blocked, mutant),
        ]
        table = pd.concat(parts, ignore_index=True)
        table.attrs = {"wild_type_growth": self.wild_type_growth, "fitness": self._fitness(mutant)}
        return table

    @cached_property
    def _made(self) -> tuple[NDArray[np.int64], NDArray[np.int64], Optima]:
        """The constituents that the wild type makes, those that it only charges, and how much of each in this order."""
        start = self._cell.wild_type.basis
        everything = np.arange(len(self._cell.constituents.metabolites))
        whole = self._cell.production(NOTHING, everything, start)
        made, charged = everything[whole.value > ZERO_GROWTH], everything[whole.value <= ZERO_GROWTH]
        charging = self._cell.production(NOTHING, charged, start, charging=True)
        running = charging.value > ZERO_GROWTH
        of_made, of_charged = whole.take(made), charging.take(running)
        value = np.concatenate([of_made.value, of_charged.value])
        return made, charged[running], Optima(value, np.concatenate([of_made.carries, of_charged.carries]))

    def _short(self, blocked: NDArray[np.int32], mutant: Outcome) -> pd.DataFrame:
        made, charged, whole = self._made
        lost, left = whole.lost(blocked), whole.value.copy()
        anew, recharged = lost[lost < len(made)], lost[lost >= len(made)]
        left[anew] = self._cell.production(blocked, made[anew], mutant.basis).value
        charges = self._cell.production(blocked, charged[recharged - len(made)], mutant.basis, charging=True)
        left[recharged] = charges.value
        ratio = left / whole.value
        order = np.argsort(ratio, kind="stable")
        order = order[ratio[order] < 1 - _LESS]
        rows = self._cell.constituents.metabolites[np.concatenate([made, charged])[order]]
        return _part(SHORT, self._metabolites, rows, ratio[order])

    @cached_property
    def _fed_wild_type(self) -> Optima:
        """Growth of the wild type with each supplement, 1/h."""
        return self._cell.fed(NOTHING, self._cell.wild_type, np.arange(len(self._cell.closed)))

    def _supplements(self, blocked: NDArray[np.int32], mutant: Outcome) -> pd.DataFrame:
        whole = self._fed_wild_type
        lost, growth = whole.lost(blocked), whole.value.copy()
        growth[lost] = self._cell.fed(blocked, mutant, lost).value
        return _helpers(SUPPLEMENT, self._reactions, self._cell.closed, growth / whole.value, self._fitness(mutant))

    def _running(self, blocked: NDArray[np.int32], mutant: Outcome) -> pd.DataFrame:
        restored = self._cell.restored_growth(blocked, mutant) / self.wild_type_growth
        return _helpers(REACTION, self._reactions, blocked, restored, self._fitness(mutant))

    def _fitness(self, mutant: Outcome) -> float:
        return growth_of(mutant) / self.wild_type_growth


def _part(finding: str, table: pd.DataFrame, rows: NDArray[np.integer], value: NDArray[np.float64]) -> pd.DataFrame:
    named = table[["id", "name"]].iloc[rows].reset_index(drop=True)
    named.insert(0, "finding", finding)
    return named.assign(value=value)


def _helpers(
    finding: str, table: pd.DataFrame, rows: NDArray[np.integer], fitness: NDArray[np.float64], before: float
) -> pd.DataFrame:
    """Return what raises fitness, the best first."""
    order = np.argsort(-fitness, kind="stable")
    order = order[fitness[order] > before + _LESS]
    return _part(finding, table, rows[order], fitness[order])
