"""Why a genotype grows as it does: `explain_deletion`, a table for scripts and notebooks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.metabolism.background import with_background
from pipeline_lib.metabolism.conditions import genotypes_of_names
from pipeline_lib.metabolism.flux import ZERO_GROWTH
from pipeline_lib.metabolism.gem import Gem, Model, gem_of
from pipeline_lib.metabolism.linear_program import LinearProgram, Outcome, WarmSolver
from pipeline_lib.metabolism.medium import Medium, exchange_reactions, with_medium
from pipeline_lib.metabolism.network import MetabolicNetwork, network_of
from pipeline_lib.metabolism.wild_type import reduce_growing_network

_SHORT = 1e-6
"""Part of the wild type's greatest production by which a mutant's must lie below it to count as less."""
_SUPPLEMENT = 1.0
"""Uptake, mmol/gDW/h, at which a supplement is tried."""
_NOTHING = np.empty(0, dtype=np.int32)


def explain_deletion(
    model: Model, genes: Sequence[str], *, medium: Medium = "model", background: Sequence[str] = ()
) -> pd.DataFrame:
    """Say which reactions a deletion blocks, what the cell then makes less of, and what would help it.

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
        mmol/gDW/h); ``short metabolite``, a substrate of growth of which the mutant makes less than the wild type
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
    blocked = network.rules.blocked_reactions(network.genotype_matrix(genotype)).indices.astype(np.int32)
    cell = _Cell.of(gem, network)
    flux = cell.fluxes(_NOTHING)
    wild_type = float(network.objective @ flux)
    fitness = cell.growth(blocked) / wild_type
    reactions, metabolites = gem.reactions, gem.metabolites
    parts = [_part("blocked reaction", reactions, blocked, flux[blocked])]
    needed = _substrates_of_growth(network)
    whole, left = cell.production(needed, _NOTHING), cell.production(needed, blocked)
    short = np.flatnonzero((whole > ZERO_GROWTH) & (left < whole * (1 - _SHORT)))
    ratio = left[short] / whole[short]
    order = np.argsort(ratio, kind="stable")
    parts.append(_part("short metabolite", metabolites, needed[short][order], ratio[order]))
    supplements = cell.closed
    start = cell.basis(blocked)
    fed = np.array([cell.growth(blocked, start, exchange) for exchange in supplements])
    healthy = cell.basis(_NOTHING)
    helped = fed / np.array([cell.growth(_NOTHING, healthy, exchange) for exchange in supplements])
    parts.append(_helpers("rescuing supplement", reactions, supplements, helped, fitness))
    running = np.array([cell.growth(np.delete(blocked, at), start) for at in range(len(blocked))]) / wild_type
    parts.append(_helpers("rescuing reaction", reactions, blocked, running, fitness))
    table = pd.concat(parts, ignore_index=True)
    table.attrs = {"wild_type_growth": wild_type, "fitness": fitness}
    return table


@dataclass(frozen=True)
class _Cell:
    """The whole network as programs: growth, and the production of one metabolite.

    Attributes
    ----------
    network
        The network on its medium.
    solver
        Its program, with every closed uptake opened and one drain a metabolite; both are at zero unless asked for.
    closed
        int64: exchange reactions that take nothing up on the medium.
    """

    network: MetabolicNetwork
    solver: WarmSolver
    closed: NDArray[np.int64]

    @classmethod
    def of(cls, gem: Gem, network: MetabolicNetwork) -> "_Cell":
        S = network.stoichiometry
        exchange = np.flatnonzero(exchange_reactions(gem.reactions, gem.metabolites, S))
        consumes = S.data[S.indptr[exchange]] < 0
        closed = exchange[np.where(consumes, network.lower[exchange] >= 0, network.upper[exchange] <= 0)]
        drains = sparse.eye_array(S.shape[0], format="csc")
        feeds = abs(S[:, closed])
        program = LinearProgram(
            matrix=sparse.csc_array(sparse.hstack([S, feeds, -drains])),
            lower=np.concatenate([network.lower, np.zeros(len(closed) + S.shape[0])]),
            upper=np.concatenate([network.upper, np.full(len(closed), _SUPPLEMENT), np.full(S.shape[0], np.inf)]),
            cost=np.concatenate([-network.objective, np.zeros(len(closed) + S.shape[0])]),
        )
        return cls(network, WarmSolver(program), closed)

    def growth(self, blocked: NDArray[np.int32], start: NDArray[np.int8] | None = None, fed: int = -1) -> float:
        """Return growth, 1/h, with reactions blocked and one closed uptake fed (-1: none); 0 without a steady state."""
        outcome = self._solve(blocked, np.flatnonzero(self.closed != fed), start)
        return max(-outcome.objective, 0.0) if outcome.status == "optimal" else 0.0

    def fluxes(self, blocked: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return the fluxes of one optimum, float64 [R]."""
        outcome = self._solve(blocked, np.arange(len(self.closed)))
        return outcome.values[: len(self.network.reactions)]  # noqa: PD011 - of an outcome, no table

    def basis(self, blocked: NDArray[np.int32]) -> NDArray[np.int8]:
        """Return the solver's basis with reactions blocked, a warm start for what differs little."""
        return self._solve(blocked, np.arange(len(self.closed))).basis

    def production(self, metabolites: NDArray[np.int64], blocked: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return the greatest net production of each metabolite, mmol/gDW/h, float64 [k], growth left aside."""
        size, drain = len(self.network.reactions), len(self.network.reactions) + len(self.closed)
        found = []
        for metabolite in metabolites.tolist():
            cost = np.zeros(len(self.solver.program.cost))
            cost[drain + metabolite] = -1.0
            self.solver.minimise(cost)
            others = np.delete(np.arange(self.network.stoichiometry.shape[0]), metabolite) + drain
            fixed = np.concatenate([blocked, np.arange(size, drain), others]).astype(np.int32)
            outcome = self.solver.solve(fixed, np.zeros(len(fixed)))
            found.append(max(-outcome.objective, 0.0) if outcome.status == "optimal" else 0.0)
        self.solver.minimise(self.solver.program.cost)
        return np.array(found)

    def _solve(
        self, blocked: NDArray[np.int32], unfed: NDArray[np.int64], start: NDArray[np.int8] | None = None
    ) -> Outcome:
        size, drain = len(self.network.reactions), len(self.network.reactions) + len(self.closed)
        drains = np.arange(drain, drain + self.network.stoichiometry.shape[0])
        fixed = np.concatenate([blocked, unfed + size, drains]).astype(np.int32)
        return self.solver.solve(fixed, np.zeros(len(fixed)), start)


def _substrates_of_growth(network: MetabolicNetwork) -> NDArray[np.int64]:
    """Return the metabolites that the objective's reactions consume."""
    growing = np.flatnonzero(network.objective)
    consumed = (network.stoichiometry[:, growing] * network.objective[growing]).min(axis=1) < 0
    return np.flatnonzero(np.asarray(consumed.todense()).ravel())


def _part(finding: str, table: pd.DataFrame, rows: NDArray[np.integer], value: NDArray[np.float64]) -> pd.DataFrame:
    named = table[["id", "name"]].iloc[rows].reset_index(drop=True)
    named.insert(0, "finding", finding)
    return named.assign(value=value)


def _helpers(
    finding: str, table: pd.DataFrame, rows: NDArray[np.integer], fitness: NDArray[np.float64], before: float
) -> pd.DataFrame:
    """Return what raises fitness, the best first."""
    order = np.argsort(-fitness, kind="stable")
    order = order[fitness[order] > before + _SHORT]
    return _part(finding, table, rows[order], fitness[order])
