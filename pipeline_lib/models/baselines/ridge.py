"""Ridge regression on indicators of genes, and of genes and queries."""

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.linear_model import Ridge

from pipeline_lib.cell.genotypes import NO_GENE, Genotypes
from pipeline_lib.models.baselines.axes import Entities
from pipeline_lib.models.baselines.crosses import Crosses, StrainBook
from pipeline_lib.models.baselines.per_assay import AssayFold, AssayModel, PerAssay, Values
from pipeline_lib.models.baselines.search import Search, Trial
from pipeline_lib.models.interface import Cell, Prediction

LEAST_PENALTY, GREATEST_PENALTY = 1e-1, 1e4


class GeneRidge(AssayModel):
    """Value = mean of the order + sum of a coefficient a deleted gene; penalty chosen on validation."""

    with_queries = False

    order_means: Values
    coefficients: Values
    intercept: float
    queries: Entities | None = None

    def fit(self, fold: AssayFold) -> list[Trial]:
        """Fit every penalty of the grid and keep the best on validation."""
        if self.with_queries:
            self.queries = Entities.collect(fold.train.query, len(fold.book.names))
        self.num_genes = fold.book.num_genes
        self.order_means = order_means(fold.train.genotypes)
        design, held = self._design(fold.train), self._design(fold.validation)
        target = fold.train.value - self.order_means[fold.train.genotypes.order]
        base = self.order_means[fold.validation.genotypes.order]
        search: Search[tuple[Values, float]] = Search(fold.validation.value, self.settings.trials)
        for penalty in np.geomspace(GREATEST_PENALTY, LEAST_PENALTY, self.settings.trials):
            ridge = Ridge(alpha=penalty, solver="sparse_cg", tol=1e-8).fit(design, target)
            predicted = base + (ridge.predict(held) if held.shape[0] else 0.0)
            search.offer(f"penalty={penalty:.3g}", predicted, (ridge.coef_, float(ridge.intercept_)))
        self.coefficients, self.intercept = search.best
        return search.trials

    def predict(self, crosses: Crosses) -> Prediction:
        """Add the coefficients up; a gene or query that training lacks counts nothing."""
        value = self.order_means[crosses.genotypes.order] + self.intercept
        return Prediction(value + self._design(crosses) @ self.coefficients)

    def state(self) -> dict[str, Any]:
        """Return means and coefficients."""
        return {
            "order_means": self.order_means,
            "coefficients": self.coefficients,
            "intercept": self.intercept,
            "queries": None if self.queries is None else vars(self.queries),
        }

    def load(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:  # noqa: ARG002
        """Restore what `state` returned."""
        self.num_genes = book.num_genes
        self.order_means, self.coefficients = state["order_means"], state["coefficients"]
        self.intercept = state["intercept"]
        self.queries = None if state["queries"] is None else Entities(**state["queries"])

    def _design(self, crosses: Crosses) -> sparse.csr_array:
        parts = [gene_indicators(crosses.genotypes, self.num_genes)]
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


def order_means(train: Genotypes) -> Values:
    """Return the mean value of each order, float64 [4]; the overall mean for an order that training lacks."""
    order = train.order
    count = np.bincount(order, minlength=4)
    total = np.bincount(order, train.value, minlength=4)
    return np.where(count > 0, total / np.maximum(count, 1), train.value.mean())


class GeneRidgeModel(PerAssay):
    """Model ``gene_ridge``."""

    assay_model = GeneRidge


class GeneQueryRidgeModel(PerAssay):
    """Model ``gene_query_ridge``."""

    assay_model = GeneQueryRidge
