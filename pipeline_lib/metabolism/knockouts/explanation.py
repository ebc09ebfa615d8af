"""Why a genotype grows as it does: `explain_deletion`, a table for scripts and notebooks."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts.flux_balance import BLOCKED, REACTION, SHORT, SUPPLEMENT
from pipeline_lib.metabolism.knockouts.conditions import genotypes_of_names
from pipeline_lib.metabolism.knockouts.supplemented_cell import NOTHING, SupplementedCell, growth_of
from pipeline_lib.metabolism.media.medium import Medium, with_medium
from pipeline_lib.metabolism.model.background import with_background
from pipeline_lib.metabolism.model.gem import Model, gem_of
from pipeline_lib.metabolism.model.network import MetabolicNetwork, network_of
from pipeline_lib.metabolism.programs.flux import ZERO_GROWTH
from pipeline_lib.metabolism.programs.linear_program import Outcome
from pipeline_lib.metabolism.programs.wild_type import reduce_growing_network

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
    def _made(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """The constituents that the wild type makes, those that it only charges, and how much of each in this order."""
        start = self._cell.wild_type.basis
        everything = np.arange(len(self._cell.constituents.metabolites))
        whole = self._cell.production(NOTHING, everything, start)
        made, charged = everything[whole > ZERO_GROWTH], everything[whole <= ZERO_GROWTH]
        charging = self._cell.production(NOTHING, charged, start, charging=True)
        running = charging > ZERO_GROWTH
        return made, charged[running], np.concatenate([whole[made], charging[running]])

    def _short(self, blocked: NDArray[np.int32], mutant: Outcome) -> pd.DataFrame:
        made, charged, whole = self._made
        charging = self._cell.production(blocked, charged, mutant.basis, charging=True)
        left = np.concatenate([self._cell.production(blocked, made, mutant.basis), charging])
        ratio = left / whole
        order = np.argsort(ratio, kind="stable")
        order = order[ratio[order] < 1 - _LESS]
        rows = self._cell.constituents.metabolites[np.concatenate([made, charged])[order]]
        return _part(SHORT, self._metabolites, rows, ratio[order])

    @cached_property
    def _fed_wild_type(self) -> NDArray[np.float64]:
        """Growth of the wild type with each supplement, 1/h."""
        return self._cell.fed_growth(NOTHING, self._cell.wild_type)

    def _supplements(self, blocked: NDArray[np.int32], mutant: Outcome) -> pd.DataFrame:
        fed = self._cell.fed_growth(blocked, mutant) / self._fed_wild_type
        return _helpers(SUPPLEMENT, self._reactions, self._cell.closed, fed, self._fitness(mutant))

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
