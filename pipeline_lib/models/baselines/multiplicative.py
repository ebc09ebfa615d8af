"""The null model of genetics: fitness is a product over the deleted genes, and nothing interacts."""

from typing import Any

import numpy as np
from sklearn.linear_model import Ridge

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import NO_GENE, Genotypes
from pipeline_lib.models.baselines.ridge import gene_indicators
from pipeline_lib.models.crosses.crosses import Crosses, StrainBook
from pipeline_lib.models.crosses.per_assay import AssayFold, AssayModel, PerAssay, Values
from pipeline_lib.models.crosses.search import Trial
from pipeline_lib.models.interface import Cell, Prediction

LEAST_FITNESS = 0.01
FITNESS = PHENOTYPES.index("fitness")


class Multiplicative(AssayModel):
    """Fitness = product of single-mutant fitness; interactions and calls = 0.

    A gene's single-mutant fitness is the mean of its single mutants in this assay's training fold, or else in the
    other fitness assays'. Where no single mutant was measured it is the gene's coefficient in a ridge regression of
    log fitness on the deleted genes (the product in logarithms); a gene of no training genotype gets the geometric
    mean of the others.
    """

    centred = False

    single: Values
    """float64 [N]; empty where the assay is no fitness."""

    def fit(self, fold: AssayFold) -> list[Trial]:
        """Collect single-mutant fitness."""
        if fold.train.genotypes.phenotype[0] != FITNESS:
            self.single = np.zeros(0)
            return []
        size = fold.book.num_genes
        estimated = singles_from_product(fold.train.genotypes, size)
        others = fold.others.take(fold.others.genotypes.phenotype == FITNESS)
        self.single = estimated
        for source in (others, fold.train):
            measured = _single_means(source, size)
            self.single = np.where(np.isnan(measured), self.single, measured)
        typical = np.exp(np.log(np.maximum(self.single[~np.isnan(self.single)], LEAST_FITNESS)).mean())
        self.single = np.where(np.isnan(self.single), typical, self.single)
        return []

    def predict(self, crosses: Crosses) -> Prediction:
        """Multiply, or predict that nothing interacts."""
        if not len(self.single):
            return Prediction(np.zeros(len(crosses)))
        genes = crosses.genotypes.genes
        return Prediction(np.where(genes == NO_GENE, 1.0, self.single[genes]).prod(axis=1))

    def state(self) -> dict[str, Any]:
        """Return the single-mutant fitness."""
        return {"single": self.single}

    def load(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:  # noqa: ARG002
        """Restore the single-mutant fitness."""
        self.single = state["single"]


def singles_from_product(fitness: Genotypes, size: int) -> Values:
    """Return the single-mutant fitness whose product fits the fitness of genotypes best, float64 [size].

    Ridge regression of log fitness on the deleted genes; NaN of genes that no genotype has.
    """
    indicators = gene_indicators(fitness, size)
    logarithm = np.log(np.maximum(fitness.value, LEAST_FITNESS))
    estimated = np.exp(Ridge(alpha=1.0, fit_intercept=False, solver="sparse_cg").fit(indicators, logarithm).coef_)
    estimated[np.asarray(indicators.sum(axis=0)).ravel() == 0] = np.nan
    return np.asarray(estimated)


def _single_means(crosses: Crosses, size: int) -> Values:
    """Return the mean of each gene's single mutants, float64 [N]; NaN where none was measured."""
    singles = crosses.take(crosses.genotypes.order == 1)
    gene = singles.genotypes.genes[:, 0]
    count = np.bincount(gene, minlength=size)
    total = np.bincount(gene, singles.value, minlength=size)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


class MultiplicativeModel(PerAssay):
    """Model ``multiplicative``."""

    assay_model = Multiplicative
