"""Ridge regression on indicators and features of genes, and on indicators of queries."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import Ridge

from pipeline_lib.cell.genotypes import NO_GENE, Genotypes
from pipeline_lib.features.components import components_of_tables
from pipeline_lib.models.baselines.axes import Entities
from pipeline_lib.models.baselines.crosses import Crosses, StrainBook
from pipeline_lib.models.baselines.per_assay import AssayFold, AssayModel, PerAssay, Values
from pipeline_lib.models.baselines.search import Search, Trial
from pipeline_lib.models.interface import Cell, Prediction

LEAST_PENALTY, GREATEST_PENALTY = 1e-2, 1e4


class GeneRidge(AssayModel):
    """Sum of one coefficient a deleted gene and of its features; the penalty is chosen on validation.

    The features are the principal components of the feature tables, summed over the deleted genes: what a gene that
    training lacks is known by.
    """

    with_queries = False

    components: NDArray[np.float32]
    coefficients: Values
    intercept: float
    queries: Entities | None = None

    def fit(self, fold: AssayFold) -> list[Trial]:
        """Fit every penalty of the grid and keep the best on validation."""
        if self.with_queries:
            self.queries = Entities.collect(fold.train.query, len(fold.book.names))
        self.num_genes = fold.book.num_genes
        self.components = components_of_tables(fold.cell.features, self.num_genes)
        design, held = self._design(fold.train), self._design(fold.validation)
        search: Search[tuple[Values, float]] = Search(fold.validation.value, self.settings.trials)
        for penalty in np.geomspace(GREATEST_PENALTY, LEAST_PENALTY, self.settings.trials):
            ridge = Ridge(alpha=penalty, solver="sparse_cg", tol=1e-8).fit(design, fold.train.value)
            predicted = held @ ridge.coef_ + ridge.intercept_
            search.offer(f"penalty={penalty:.3g}", predicted, (ridge.coef_, float(ridge.intercept_)))
        self.coefficients, self.intercept = search.best
        return search.trials

    def predict(self, crosses: Crosses) -> Prediction:
        """Add the coefficients up; a gene or query that training lacks counts nothing."""
        return Prediction(self._design(crosses) @ self.coefficients + self.intercept)

    def state(self) -> dict[str, Any]:
        """Return the coefficients."""
        return {
            "coefficients": self.coefficients,
            "intercept": self.intercept,
            "queries": None if self.queries is None else vars(self.queries),
        }

    def load(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:
        """Restore what `state` returned; the features are the cell's."""
        self.num_genes = book.num_genes
        self.components = components_of_tables(cell.features, self.num_genes)
        self.coefficients, self.intercept = state["coefficients"], state["intercept"]
        self.queries = None if state["queries"] is None else Entities(**state["queries"])

    def _design(self, crosses: Crosses) -> sparse.csr_array:
        genes = gene_indicators(crosses.genotypes, self.num_genes)
        parts = [genes, sparse.csr_array(genes @ self.components)]
        if self.queries is not None:
            query = self.queries.find(crosses.query)
            known = np.flatnonzero(query >= 0)
            parts.append(
                sparse.csr_array((np.ones(len(known)), (known, query[known])), shape=(len(crosses), len(self.queries)))
            )
        return sparse.hstack(parts, format="csr")


class GeneQueryRidge(GeneRidge):
    """Gene indicators and one indicator a query strain."""

    with_queries = True


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
