"""Predict fitness as a product over the deleted genes, and a triple from the measured scores of its three pairs."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.linear_model import Ridge

from pipeline_lib.artefacts import PHENOTYPES
from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE, Genotypes
from pipeline_lib.models.baselines.linear import Lines, gene_indicators
from pipeline_lib.models.crosses.crosses import Crosses, Index, StrainBook, lookup
from pipeline_lib.models.crosses.per_assay import AssayFold, AssayModel, PerAssay, Trial, Values
from pipeline_lib.models.interface import Cell, Prediction

PAIRS = tuple(combinations(range(MAX_ORDER), 2))


@dataclass(frozen=True)
class PairScores:
    """Mean measured score of each pair of genes.

    Attributes
    ----------
    keys
        int64 [k], ascending: one integer a pair.
    scores
        float64 [k]: in SDs of the pairs of its assay, from their mean.
    """

    keys: Index
    scores: Values

    @classmethod
    def of_train(cls, train: Genotypes, num_genes: int) -> Self:
        """Average the standardised pairs of training observations over alleles, orientations and assays."""
        pairs = train.take(train.order == 2)
        score = np.empty(len(pairs))
        for _, _, rows in pairs.assays():
            value = pairs.value[rows]
            score[rows] = (value - value.mean()) / max(value.std(), 1e-12)
        keys, inverse = np.unique(_pair_keys(pairs.genes[:, 0], pairs.genes[:, 1], num_genes), return_inverse=True)
        return cls(keys, np.bincount(inverse, score) / np.bincount(inverse))

    def find(self, keys: Index) -> Values:
        """Return the score of each pair, float64 [n]; NaN where it was not measured."""
        return np.append(self.scores, np.nan)[lookup(self.keys, np.arange(len(self.keys)), keys)]


def _pair_keys(first: Index, second: Index, num_genes: int) -> Index:
    return first * num_genes + second


class Digenic(AssayModel):
    """The scores of a genotype's pairs in the training fold, combined, on a line an order fitted on training.

    Scores come from the assay's own pairs; a pair that it lacks takes its score from the other interaction assays
    (times the slope between the two on shared pairs), or else 0, the mean. A pair is its own score; a single mutant
    has none, and gets the mean.
    """

    combine: ClassVar[np.ufunc]

    own: PairScores
    foreign: PairScores
    foreign_slope: float
    lines: Lines
    pair_mean: float
    pair_deviation: float

    def fit(self, fold: AssayFold) -> list[Trial]:
        """Collect pair scores and fit the lines."""
        self.num_genes = fold.book.num_genes
        genotypes, others = fold.train.genotypes, fold.others.genotypes
        comparable = others.phenotype == PHENOTYPES.index("interaction")
        self.own = PairScores.of_train(genotypes, self.num_genes)
        self.foreign = PairScores.of_train(others.take(comparable), self.num_genes)
        shared = self.foreign.find(self.own.keys)
        known = ~np.isnan(shared)
        norm = float(shared[known] @ shared[known])
        if len(self.own.keys):
            self.foreign_slope = float(self.own.scores[known] @ shared[known]) / norm if norm > 0 else 0.0
        else:
            self.foreign_slope = 1.0
        pairs = genotypes.value[genotypes.order == 2]
        self.pair_mean, self.pair_deviation = (
            (float(pairs.mean()), float(pairs.std())) if len(pairs) else (float(genotypes.value.mean()), 0.0)
        )
        self.lines = Lines.fit(genotypes.order, self._score(genotypes), genotypes.value)
        return []

    def predict(self, crosses: Crosses) -> Prediction:
        """Combine the scores of the pairs; a pair's own score stays as it was measured."""
        genotypes = crosses.genotypes
        score = self._score(genotypes)
        value = self.lines.predict(genotypes.order, score)
        pair = genotypes.order == 2
        value[pair] = self.pair_mean + self.pair_deviation * score[pair]
        return Prediction(value)

    def state(self) -> dict[str, Any]:
        """Return scores and lines."""
        kept = ("foreign_slope", "pair_mean", "pair_deviation", "num_genes")
        parts = {name: vars(getattr(self, name)) for name in ("own", "foreign", "lines")}
        return {**parts, **{name: getattr(self, name) for name in kept}}

    def load(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:  # noqa: ARG002
        """Restore scores and lines."""
        self.own, self.foreign = PairScores(**state["own"]), PairScores(**state["foreign"])
        self.lines, self.num_genes = Lines(**state["lines"]), state["num_genes"]
        self.foreign_slope = state["foreign_slope"]
        self.pair_mean, self.pair_deviation = state["pair_mean"], state["pair_deviation"]

    def _score(self, genotypes: Genotypes) -> Values:
        """Return the combined score of each genotype's pairs, float64 [n]; NaN for single mutants."""
        order, genes = genotypes.order, genotypes.genes
        score = np.full(len(genotypes), np.nan)
        pair = order == 2
        score[pair] = self._pair_score(genes[pair, 0], genes[pair, 1])
        triple = order == MAX_ORDER
        parts = np.stack([self._pair_score(genes[triple, i], genes[triple, j]) for i, j in PAIRS])
        score[triple] = self.combine.reduce(parts, axis=0)
        return score

    def _pair_score(self, first: Index, second: Index) -> Values:
        keys = _pair_keys(first, second, self.num_genes)
        own, foreign = self.own.find(keys), np.nan_to_num(self.foreign.find(keys)) * self.foreign_slope
        return np.where(np.isnan(own), foreign, own)


class DigenicSum(Digenic):
    """Sum of the three pairs' scores."""

    combine = np.add


class DigenicMin(Digenic):
    """The least of the three pairs' scores."""

    combine = np.minimum


class DigenicSumModel(PerAssay):
    """Model ``digenic_sum``."""

    assay_model = DigenicSum


class DigenicMinModel(PerAssay):
    """Model ``digenic_min``."""

    assay_model = DigenicMin


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
