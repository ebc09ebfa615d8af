"""Flux balance as a predictor: what the metabolic model says of a genotype, in the units of the assay."""

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.baselines.calibration import Lines
from pipeline_lib.models.baselines.crosses import Crosses, StrainBook
from pipeline_lib.models.baselines.flux_results import FluxResults
from pipeline_lib.models.baselines.per_assay import AssayFold, AssayModel, PerAssay, Values
from pipeline_lib.models.baselines.search import Trial
from pipeline_lib.models.interface import Cell, Prediction


class FluxBalance(AssayModel):
    """Fitness by fitness, interaction by interaction, a call of a negative interaction by the negated interaction.

    The simulated value is put into the assay's units by a line an order, whose slope is the size of the least-squares
    slope on training: the direction is the metabolic model's own, so that a wrong one shows as a negative
    correlation. A genotype that was not solved gets the mean of its order.
    """

    method: ClassVar[str]

    results: FluxResults
    lines: Lines

    def fit(self, fold: AssayFold) -> list[Trial]:
        """Fit the lines.

        Raises
        ------
        PipelineError
            When the cell holds no results of this method.
        """
        self._read(fold.cell)
        genotypes = fold.train.genotypes
        lines = Lines.fit(genotypes.order, self._score(fold.train), genotypes.value)
        self.lines = replace(lines, slope=np.abs(lines.slope))
        return []

    def predict(self, crosses: Crosses) -> Prediction:
        """Look the genotypes up and put them on the lines."""
        return Prediction(self.lines.predict(crosses.genotypes.order, self._score(crosses)))

    def state(self) -> dict[str, Any]:
        """Return the lines; the results are the cell's."""
        return vars(self.lines)

    def load(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:  # noqa: ARG002
        """Restore the lines."""
        self.lines = Lines(**state)
        self._read(cell)

    def _read(self, cell: Cell) -> None:
        self.results = FluxResults.read(cell, self.method)
        if not len(self.results):
            raise PipelineError(
                f"model {self.method}: there are no '{self.method}' results of gene knockouts; run metabolism "
                f"knockouts --method {self.method} and give its file with --knockouts."
            )

    def _score(self, crosses: Crosses) -> Values:
        genes, phenotype = crosses.genotypes.genes, crosses.genotypes.phenotype
        interaction = self.results.of_interaction(genes)
        score = np.where(phenotype == PHENOTYPES.index("call"), -interaction, interaction)
        return np.where(phenotype == PHENOTYPES.index("fitness"), self.results.of_fitness(genes), score)


class FluxBalanceAnalysis(FluxBalance):
    """Greatest growth of the knockout (Varma and Palsson 1994, Appl. Environ. Microbiol. 60:3724)."""

    method = "fba"


class MinimalAdjustment(FluxBalance):
    """Growth nearest to the wild type's fluxes (Segre, Vitkup and Church 2002, PNAS 99:15112)."""

    method = "moma"


class FluxBalanceAnalysisModel(PerAssay):
    """Model ``fba``."""

    assay_model = FluxBalanceAnalysis


class MinimalAdjustmentModel(PerAssay):
    """Model ``moma``."""

    assay_model = MinimalAdjustment
