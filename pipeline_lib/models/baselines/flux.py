"""Flux balance as a predictor: the growth that the metabolic model gives a genotype, in the units of the assay."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts import PHENOTYPES
from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE, Genotypes, gene_positions
from pipeline_lib.config.model_registry import SIMULATED_PHENOTYPES
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.baselines.linear import Lines
from pipeline_lib.models.crosses.crosses import Crosses, StrainBook, lookup
from pipeline_lib.models.crosses.per_assay import (
    AssayFold,
    AssayModel,
    AssayName,
    FittedAssay,
    PerAssay,
    Trial,
    Values,
)
from pipeline_lib.models.interface import Cell, KnockoutSolver, Prediction

WILD_TYPE_FITNESS = 1.0


@dataclass(frozen=True)
class FluxResults:
    """Fitness and interaction of genotypes by one method.

    Attributes
    ----------
    method
        'fba' or 'moma'.
    keys
        int64 [k], ascending: one integer a set of genes that was solved.
    fitness, interaction
        float64 [k]: growth over that of the wild type; epsilon of pairs, tau of triples, 0 for single deletions. NaN
        where the solver failed.
    index
        The gene table; its column ``in_gem`` has the genes of the metabolic model: the others change nothing there.
    solve
        Finds the results of genotypes that are not among `keys`.
    """

    method: str
    keys: NDArray[np.int64]
    fitness: Values
    interaction: Values
    index: pd.DataFrame
    solve: KnockoutSolver

    @classmethod
    def read(cls, cell: Cell, method: str) -> "FluxResults":
        """Read one method ('fba' or 'moma') off the cell; no results where none were computed."""
        none = np.zeros(0)
        empty = cls(method, np.zeros(0, dtype=np.int64), none, none, cell.genes, cell.solve)
        if not (cell.knockouts["method"] == method).any():
            return empty
        table = cell.knockouts[cell.knockouts["method"] == method].reset_index(drop=True)
        genes = gene_positions(cell.genes, table["genes"], "knockouts")
        # A genotype with a gene outside the model repeats the one without it, but as an interaction of higher order.
        whole = np.flatnonzero(empty._in_model(genes))
        table, genes = table.iloc[whole], genes[whole]
        keys = empty._keys(genes)
        order = np.argsort(keys, kind="stable")
        fitness = table["fitness"].to_numpy(np.float64)
        interaction = _defined(genes, table["interaction"].to_numpy(np.float64))
        return cls(method, keys[order], fitness[order], interaction[order], cell.genes, cell.solve)

    def __len__(self) -> int:
        return len(self.keys)

    def failures(self) -> int:
        """Return the number of solved genotypes on which the solver failed."""
        return int(np.isnan(self.fitness).sum())

    def of(self, genes: NDArray[np.int64]) -> tuple[Values, Values]:
        """Return fitness and interaction of genotypes.

        Parameters
        ----------
        genes
            int64 [n, 3]: gene indices, then -1.

        Returns
        -------
        (fitness, interaction)
            float64 [n] each. The fitness is that of the genes in the model; the interaction is 0 where a gene is not in
            the model. NaN where the solver failed.

        Raises
        ------
        PipelineError
            When a genotype was not solved and nothing can solve it.
        """
        keys = self._keys(genes)
        row = lookup(self.keys, np.arange(len(self.keys)), keys)
        fitness, interaction = np.append(self.fitness, np.nan)[row], np.append(self.interaction, np.nan)[row]
        unaffected = keys == 0
        fitness[unaffected] = WILD_TYPE_FITNESS
        unsolved = np.flatnonzero((row < 0) & ~unaffected)
        if len(unsolved):
            distinct, position = np.unique(keys[unsolved], return_inverse=True)
            members = self._members(distinct)
            solved, interacting = self.solve(members, self.method, self.index)
            fitness[unsolved] = solved[position]
            interaction[unsolved] = _defined(members, interacting)[position]
        interaction[~self._in_model(genes)] = 0.0
        return fitness, interaction

    def single_fitness(self) -> Values:
        """Return the fitness of every single knockout, float64 [N].

        1 for genes outside the model; NaN for genes of the model that the table lacks or on which the solver failed.
        """
        single = np.full((len(self.index), MAX_ORDER), NO_GENE)
        single[:, 0] = np.arange(len(self.index))
        row = lookup(self.keys, np.arange(len(self.keys)), self._keys(single))
        return np.where(self._in_model(single), np.append(self.fitness, np.nan)[row], WILD_TYPE_FITNESS)

    def _in_model(self, genes: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether all genes of a genotype are in the model, bool [n]."""
        in_model = self.index["in_gem"].to_numpy(bool)
        return np.asarray((in_model[np.maximum(genes, 0)] | (genes == NO_GENE)).all(axis=1))

    def _keys(self, genes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return one integer a set of genes, of those in the model alone."""
        in_model = self.index["in_gem"].to_numpy(bool)
        kept = np.where((genes != NO_GENE) & in_model[np.maximum(genes, 0)], genes + 1, 0)
        kept.sort(axis=1)
        base = len(in_model) + 1
        return np.asarray((kept[:, 0] * base + kept[:, 1]) * base + kept[:, 2])

    def _members(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the genes of the sets that `_keys` made integers of, int64 [n, 3]: ascending, then -1."""
        base = len(self.index) + 1
        found = np.stack([keys // base**2, keys // base % base, keys % base], axis=1) - 1
        rows = np.arange(len(found))[:, None]
        return found[rows, np.argsort(found == NO_GENE, axis=1, kind="stable")]


class FluxOfScreens:
    """Flux-balance results of genotypes, each on the medium of its screen.

    Parameters
    ----------
    cell
        Holds the results.
    method
        'fba' or 'moma'.
    """

    def __init__(self, cell: Cell, method: str) -> None:
        self._cell, self._method = cell, method
        self._by_medium: dict[str, FluxResults] = {}
        self._by_screen: dict[str, FluxResults] = {}

    def of_screen(self, screen: str) -> FluxResults:
        """Return the results on the medium of a screen; '' where a genotype states none."""
        if screen not in self._by_screen:
            medium = self._cell.medium_of(screen)
            if medium not in self._by_medium:
                self._by_medium[medium] = FluxResults.read(self._cell.on_medium(medium), self._method)
            self._by_screen[screen] = self._by_medium[medium]
        return self._by_screen[screen]

    def of(self, genes: NDArray[np.int64], screen: str = "") -> tuple[Values, Values]:
        """Return fitness and interaction of genotypes int64 [n, 3] of one screen; see `FluxResults.of`."""
        return self.of_screen(screen).of(genes)

    def of_genotypes(self, genotypes: Genotypes) -> tuple[Values, Values]:
        """Return fitness and interaction, float64 [n] each, of genotypes of any screens."""
        fitness, interaction = np.empty(len(genotypes)), np.empty(len(genotypes))
        for screen in np.unique(genotypes.screen).tolist():
            rows = np.flatnonzero(genotypes.screen == screen)
            name = genotypes.screens[screen] if screen >= 0 else ""
            fitness[rows], interaction[rows] = self.of(genotypes.genes[rows], name)
        return fitness, interaction


def _defined(genes: NDArray[np.int64], interaction: Values) -> Values:
    """Return the interactions with those of single deletions 0: one gene has nothing to interact with."""
    return np.where((genes != NO_GENE).sum(axis=1) > 1, interaction, 0.0)


class FluxBalance(AssayModel):
    """Fitness by fitness, interaction by interaction, a call of a negative interaction by the negated interaction.

    The simulated value is put into the assay's units by a line an order, whose slope is the size of the least-squares
    slope on training: the direction is the metabolic model's own, so that a wrong one shows as a negative
    correlation. A genotype on which the solver failed is NaN.
    """

    method: ClassVar[str]

    results: FluxOfScreens
    lines: Lines

    def fit(self, fold: AssayFold) -> list[Trial]:
        """Fit the lines.

        Raises
        ------
        PipelineError
            When the cell lacks the results of a genotype, or the solver failed on one.
        """
        self.results = FluxOfScreens(fold.cell, self.method)
        own = self.results.of_screen(fold.screen)
        if own.failures():
            raise PipelineError(
                f"model {self.method}: the solver failed on {own.failures()} of {len(own)} genotypes "
                f"of the knockouts table; delete the table and run metabolism knockouts --method {self.method} again, "
                "or leave the model out of the grid."
            )
        genotypes = fold.train.genotypes
        lines = Lines.fit(genotypes.order, self._score(fold.train), genotypes.value)
        self.lines = replace(lines, slope=np.abs(lines.slope))
        return []

    def predict(self, crosses: Crosses) -> Prediction:
        """Look the genotypes up, or solve them, and put them on the lines."""
        score = self._score(crosses)
        value = self.lines.predict(crosses.genotypes.order, score)
        return Prediction(np.where(np.isnan(score), np.nan, value))

    def state(self) -> dict[str, Any]:
        """Return the lines; the results are the cell's."""
        return vars(self.lines)

    def load(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:  # noqa: ARG002
        """Restore the lines."""
        self.lines = Lines(**state)
        self.results = FluxOfScreens(cell, self.method)

    def _score(self, crosses: Crosses) -> Values:
        fitness, interaction = self.results.of_genotypes(crosses.genotypes)
        phenotype = crosses.genotypes.phenotype
        score = np.where(phenotype == PHENOTYPES.index("call"), -interaction, interaction)
        return np.where(phenotype == PHENOTYPES.index("fitness"), fitness, score)


class FluxBalanceAnalysis(FluxBalance):
    """Greatest growth of the knockout (Varma and Palsson 1994, Appl. Environ. Microbiol. 60:3724)."""

    method = "fba"


class MinimalAdjustment(FluxBalance):
    """Growth nearest to the wild type's fluxes (Segre, Vitkup and Church 2002, PNAS 99:15112)."""

    method = "moma"


class FluxBalancePerAssay(PerAssay):
    """Flux balance for every assay; a simulated phenotype that training lacks stays in the metabolic model's units."""

    def _nearest_assay(self, name: AssayName) -> FittedAssay:
        screen, phenotype = name
        measured = {known for _, known in self.assays}
        if screen or phenotype not in SIMULATED_PHENOTYPES or phenotype in measured:
            return super()._nearest_assay(name)
        return self._unscaled()

    def _unscaled(self) -> FittedAssay:
        """Return a model that leaves the simulated value as it is: on the identity line, without a residual."""
        template = next(iter(self.assays.values())).model
        if not isinstance(template, FluxBalance):
            raise TypeError(f"{type(template).__name__} is no flux-balance model")
        model = type(template)(self.settings)
        model.results = template.results
        zeros = np.zeros(MAX_ORDER + 1)
        model.lines = Lines(value_mean=zeros, score_mean=zeros, slope=np.ones(MAX_ORDER + 1))
        return FittedAssay(model, zeros, 0, float("nan"))


class FluxBalanceAnalysisModel(FluxBalancePerAssay):
    """Model ``fba``."""

    assay_model = FluxBalanceAnalysis


class MinimalAdjustmentModel(FluxBalancePerAssay):
    """Model ``moma``."""

    assay_model = MinimalAdjustment
