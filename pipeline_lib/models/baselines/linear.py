"""Linear baselines: means of screens, queries and arrays, and ridge on indicators and features of genes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import block_diag, cho_factor, cho_solve
from scipy.sparse.linalg import splu

from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE, Genotypes
from pipeline_lib.features.matrices import components_of_tables
from pipeline_lib.models.crosses.crosses import Crosses, Entities, Index, StrainBook
from pipeline_lib.models.crosses.effects import CrossModel, Effects
from pipeline_lib.models.crosses.per_assay import AssayFold, AssayModel, PerAssay, Search, Trial, Values
from pipeline_lib.models.interface import Cell, Prediction


class Constant(AssayModel):
    """One value for every cross."""

    constant: float

    def predict(self, crosses: Crosses) -> Prediction:
        """Predict the constant."""
        return Prediction(np.full(len(crosses), self.constant))

    def state(self) -> dict[str, Any]:
        """Return the constant."""
        return {"constant": self.constant}

    def load(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:  # noqa: ARG002
        """Restore the constant."""
        self.constant = state["constant"]


class PhenotypeMean(Constant):
    """The mean of the training fold over every screen that measured this phenotype."""

    centred = False

    def fit(self, fold: AssayFold) -> list[Trial]:
        """Average the phenotype over all screens."""
        same = fold.others.genotypes.phenotype == fold.train.genotypes.phenotype[0]
        self.constant = float(np.concatenate([fold.train.value, fold.others.value[same]]).mean())
        return []


class AssayMean(Constant):
    """The mean of this order in this assay's training fold, which is 0 once it is taken off."""

    def fit(self, fold: AssayFold) -> list[Trial]:
        """Predict no deviation from the mean."""
        del fold
        self.constant = 0.0
        return []


class QueryMean(CrossModel):
    """The mean over the training crosses of the same query; 0, the mean of the order, for one that training lacks.

    In a symmetric screen a strain's crosses count whichever side it stood on.
    """

    means: Values

    def chosen(self, rows: Index, columns: Index) -> Index:
        """Return the positions that are averaged over."""
        del columns
        return rows

    def fit_crosses(self, fold: AssayFold, rows: Index, columns: Index) -> list[Trial]:
        """Average over each strain's crosses."""
        value, position = fold.train.value, self.chosen(rows, columns)
        if self.axes.symmetric:
            value, position = np.tile(value, 2), np.concatenate([rows, columns])
        self.means = np.bincount(position, value) / np.bincount(position)
        return []

    def predict_crosses(self, crosses: Crosses, rows: Index, columns: Index) -> Prediction:
        """Look the mean up."""
        del crosses
        return Prediction(np.append(self.means, 0.0)[self.chosen(rows, columns)])

    def cross_state(self) -> dict[str, Any]:
        """Return the means."""
        return {"means": self.means}

    def load_crosses(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:  # noqa: ARG002
        """Restore the means."""
        self.means = state["means"]


class ArrayMean(QueryMean):
    """The mean over the training crosses of the same array strain."""

    def chosen(self, rows: Index, columns: Index) -> Index:
        """Return the positions that are averaged over."""
        del rows
        return columns


class MeanModel(PerAssay):
    """Model ``mean``."""

    assay_model = PhenotypeMean


class ScreenMeanModel(PerAssay):
    """Model ``screen_mean``."""

    assay_model = AssayMean


class QueryMeanModel(PerAssay):
    """Model ``query_mean``."""

    assay_model = QueryMean


class ArrayMeanModel(PerAssay):
    """Model ``array_mean``."""

    assay_model = ArrayMean


class TwoWay(CrossModel):
    """Mean + query effect + array effect, shrunken; one effect per strain where the screen is symmetric."""

    effects: Effects

    def fit_crosses(self, fold: AssayFold, rows: Index, columns: Index) -> list[Trial]:
        """Fit the effects."""
        self.effects = Effects.fit(self.axes, rows, columns, fold.train.value)
        return []

    def predict_crosses(self, crosses: Crosses, rows: Index, columns: Index) -> Prediction:
        """Add the effects up, with the SD of a new measurement."""
        del crosses
        return Prediction(self.effects.predict(rows, columns), self.effects.spread(rows, columns))

    def cross_state(self) -> dict[str, Any]:
        """Return the effects."""
        return {"effects": vars(self.effects)}

    def load_crosses(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:  # noqa: ARG002
        """Restore the effects."""
        self.effects = Effects(**state["effects"])


class TwoWayModel(PerAssay):
    """Model ``two_way``."""

    assay_model = TwoWay


@dataclass(frozen=True)
class Lines:
    """Predicted value = mean of the order + slope x (score - mean score), for each order.

    Attributes
    ----------
    value_mean, score_mean, slope
        float64 [4]: one of each order 0..3. An order that training lacks has the line of all
        orders together: a constant there would hide that its genotypes differ.
    """

    value_mean: Values
    score_mean: Values
    slope: Values

    @classmethod
    def fit(cls, order: Index, score: Values, value: Values) -> Self:
        """Fit by least squares on the rows whose score is known (not NaN)."""
        lines = np.tile(_line(score, value), (MAX_ORDER + 1, 1))
        for k in np.unique(order):
            lines[k] = _line(score[order == k], value[order == k])
        return cls(*lines.T)

    def predict(self, order: Index, score: Values) -> Values:
        """Return the value on the line, float64 [n]; the order's mean where the score is NaN."""
        known = np.where(np.isnan(score), self.score_mean[order], score)
        return self.value_mean[order] + self.slope[order] * (known - self.score_mean[order])


def _line(score: Values, value: Values) -> tuple[float, float, float]:
    """Return mean value, mean score and least-squares slope; slope 0 where no two scores differ."""
    known = ~np.isnan(score)
    if not known.any():
        return float(value.mean()), 0.0, 0.0
    mean, score_mean = float(value.mean()), float(score[known].mean())
    centred = score[known] - score_mean
    spread = float(centred @ centred)
    return mean, score_mean, float(centred @ (value[known] - mean)) / spread if spread > 0 else 0.0


_DENSE_SHARE = 0.1

"""Share of entries above which a matrix is factorised as a dense one."""


class GeneRidge(AssayModel):
    """Sum of one coefficient a deleted gene and of its features; the penalty is chosen on validation.

    The features are the principal components of the feature tables, summed over the deleted genes: what a gene that
    training lacks is known by.
    """

    components: NDArray[np.float32]
    coefficients: Values
    intercept: float
    queries: Entities

    def query_strains(self, fold: AssayFold) -> Entities:  # noqa: ARG002 - of a model with queries
        """Return the query strains that have a coefficient of their own: none."""
        return Entities.none()

    def fit(self, fold: AssayFold) -> list[Trial]:
        """Fit every penalty of the grid and keep the best on validation."""
        self.queries = self.query_strains(fold)
        self.num_genes = fold.book.num_genes
        self.components = components_of_tables(fold.cell.features, self.num_genes)
        search: Search[tuple[Values, float]] = Search(fold.validation.value, self.settings.trials)
        penalties = np.geomspace(
            self.settings.ridge_greatest_penalty, self.settings.ridge_least_penalty, self.settings.trials
        )
        held = self._indicators(fold.validation)
        genes, queries = self._indicators(fold.train)
        path = ridge_path(genes, self.components, queries, fold.train.value, penalties)
        for penalty, (coefficients, intercept) in zip(penalties, path, strict=True):
            predicted = self._sum(held, coefficients) + intercept
            search.offer(f"penalty={penalty:.3g}", predicted, (coefficients, intercept))
        self.coefficients, self.intercept = search.best
        return search.trials

    def predict(self, crosses: Crosses) -> Prediction:
        """Add the coefficients up; a gene or query that training lacks counts nothing."""
        return Prediction(self._sum(self._indicators(crosses), self.coefficients) + self.intercept)

    def state(self) -> dict[str, Any]:
        """Return the coefficients."""
        return {
            "coefficients": self.coefficients,
            "intercept": self.intercept,
            "queries": vars(self.queries),
        }

    def load(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:
        """Restore what `state` returned; the features are the cell's."""
        self.num_genes = book.num_genes
        self.components = components_of_tables(cell.features, self.num_genes)
        self.coefficients, self.intercept = state["coefficients"], state["intercept"]
        # A model that was fitted before there were empty ones has None.
        self.queries = Entities(**state["queries"]) if state["queries"] else Entities.none()

    def _indicators(self, crosses: Crosses) -> tuple[sparse.csr_array, sparse.csr_array]:
        genes = gene_indicators(crosses.genotypes, self.num_genes)
        query = self.queries.find(crosses.query)
        known = np.flatnonzero(query >= 0)
        shape = (len(crosses), len(self.queries))
        return genes, sparse.csr_array((np.ones(len(known)), (known, query[known])), shape=shape)

    def _sum(self, indicators: tuple[sparse.csr_array, sparse.csr_array], coefficients: Values) -> Values:
        genes, queries = indicators
        count = self.num_genes
        width = count + self.components.shape[1]
        effects = coefficients[:count] + self.components @ coefficients[count:width]
        return np.asarray(genes @ effects + queries @ coefficients[width:])


class GeneQueryRidge(GeneRidge):
    """Gene indicators and one indicator per query strain."""

    def query_strains(self, fold: AssayFold) -> Entities:
        """Return the query strains of the training fold."""
        return Entities.collect(fold.train.query, len(fold.book.names))


def ridge_path(
    genes: sparse.csr_array,
    components: NDArray[np.float32],
    queries: sparse.csr_array,
    target: Values,
    penalties: Values,
) -> Iterator[tuple[Values, float]]:
    """Yield coefficients, float64 [N + c + q], and intercept of ridge regression at each penalty.

    The columns are indicators of genes, the features summed over the genes of a genotype, and indicators of queries;
    the intercept is not penalised. With coefficients a and b of genes and features F, the effect of a gene is
    w = a + F b, and the least a' a + b' b of a given w is w' (I - F (I + F' F)^-1 F') w. So w solves equations that are
    the counts of genes and of pairs, the penalty on the diagonal, and a matrix of low rank (features and intercept),
    which goes by the Woodbury identity; the dense columns are never made.

    Parameters
    ----------
    genes
        float64 [n, N], indicators.
    components
        float32 [N, c], features of genes.
    queries
        float64 [n, q], indicators.
    target
        float64 [n].
    penalties
        Positive.
    """
    present = np.flatnonzero(genes.sum(axis=0) > 0)
    indicators = sparse.hstack([genes[:, present], queries], format="csr")
    features = np.zeros((indicators.shape[1], components.shape[1]))
    features[: len(present)] = components[present]
    mean, centre = np.asarray(indicators.mean(axis=0)).ravel(), float(target.mean())
    counts, right = indicators.T @ indicators, indicators.T @ (target - centre)
    low_rank = np.column_stack([features, mean])
    gram = np.eye(features.shape[1]) + features.T @ features
    # From the effects here to those of all genes: a gene that is absent keeps coefficient 0.
    count, width = genes.shape[1], genes.shape[1] + components.shape[1]
    place = np.append(present, np.arange(width, width + queries.shape[1]))
    for penalty in penalties:
        divide = _factorised(counts + penalty * sparse.eye_array(len(right), format="csr"))
        inner = block_diag(-gram / penalty, [[-1 / len(target)]]) + low_rank.T @ divide(low_rank)
        effects = divide(right)
        effects = effects - divide(low_rank @ np.linalg.solve(inner, low_rank.T @ effects))
        by_feature = np.linalg.solve(gram, features.T @ effects)
        coefficients = np.zeros(width + queries.shape[1])
        coefficients[place] = effects - features @ by_feature
        coefficients[count:width] = by_feature
        yield coefficients, centre - float(mean @ effects)


def _factorised(matrix: sparse.csr_array) -> Callable[[Values], Values]:
    """Return what solves for a positive definite matrix: counts of single mutants are a diagonal, of an E-MAP dense."""
    if matrix.nnz > _DENSE_SHARE * matrix.shape[0] ** 2:
        factor = cho_factor(matrix.toarray())
        return lambda right: np.asarray(cho_solve(factor, right))
    lower_upper = splu(sparse.csc_array(matrix))
    return lambda right: np.asarray(lower_upper.solve(right))


def gene_indicators(genotypes: Genotypes, num_genes: int) -> sparse.csr_array:
    """Return the sparse indicator matrix of deleted genes, float64 [n, num_genes]."""
    row, slot = np.nonzero(genotypes.genes != NO_GENE)
    return sparse.csr_array((np.ones(len(row)), (row, genotypes.genes[row, slot])), shape=(len(genotypes), num_genes))


class GeneRidgeModel(PerAssay):
    """Model ``gene_ridge``."""

    assay_model = GeneRidge


class GeneQueryRidgeModel(PerAssay):
    """Model ``gene_query_ridge``."""

    assay_model = GeneQueryRidge
