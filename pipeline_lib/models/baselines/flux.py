"""Flux balance as a predictor: the growth that the metabolic model gives a genotype, in the units of the assay."""

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import MAX_ORDER
from pipeline_lib.config.model_registry import SIMULATED_PHENOTYPES
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.baselines.calibration import Lines
from pipeline_lib.models.baselines.flux_results import FluxOfScreens
from pipeline_lib.models.crosses.crosses import Crosses, StrainBook
from pipeline_lib.models.crosses.per_assay import (
    AssayFold,
    AssayModel,
    AssayName,
    FittedAssay,
    PerAssay,
    Values,
)
from pipeline_lib.models.crosses.search import Trial
from pipeline_lib.models.interface import Cell, Prediction


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
