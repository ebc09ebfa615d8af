"""Low-rank factorisation with ridge penalties, by alternating least squares."""

from itertools import product

import numpy as np
from sklearn.utils.extmath import randomized_svd

from pipeline_lib.models.crosses.completion import FactorModel, Factors, HeldOut, ScoreMatrix
from pipeline_lib.models.crosses.per_assay import AssayFold, PerAssay, Values
from pipeline_lib.models.crosses.search import Search, Trial

GREATEST_RANK = 32
PENALTIES = (0.8, 0.5, 0.3)
LEAST_PENALTY = 1e-12
ROUNDS = 10


class Factorisation(FactorModel):
    """Residual = inner product of a row's and a column's vector; rank and penalty chosen on validation.

    Where the screen is symmetric so is the prediction: the mean of (i, j) and (j, i).
    """

    def fit_residuals(self, matrix: ScoreMatrix, held: HeldOut, fold: AssayFold) -> list[Trial]:
        """Fit every rank (32, 16, 8, ...) with every penalty."""
        search: Search[Factors] = Search(held.residual, self.settings.trials)
        deviation = float(np.sqrt(np.sum(matrix.values**2) / max(matrix.observed.sum(), 1.0)))
        # The largest singular value that noise of this SD on the observed cells would have.
        edge = deviation * np.sqrt(matrix.observed.mean()) * np.sqrt(matrix.values.shape).sum()
        ranks = [max(GREATEST_RANK >> step, 1) for step in range(-(-self.settings.trials // len(PENALTIES)))]
        _, singular, vectors = randomized_svd(
            matrix.values, min(GREATEST_RANK, *matrix.values.shape), random_state=fold.context.seed
        )
        start = vectors.T * np.sqrt(singular)
        for rank, penalty in list(product(ranks, PENALTIES))[: self.settings.trials]:
            factors = alternate(matrix, start[:, :rank], max(penalty * edge, LEAST_PENALTY))
            predicted = factors.at(held.rows, held.columns, symmetric=self.axes.symmetric)
            search.offer(f"rank={rank} penalty={penalty:g}", predicted, factors)
        self.factors = search.best
        return search.trials


def alternate(matrix: ScoreMatrix, right: Values, penalty: float) -> Factors:
    """Minimise |P(X - L R')|^2 + penalty (|L|^2 + |R|^2) over L and R in turn.

    Alternating least squares as in Zhou et al. 2008 (Large-scale parallel collaborative filtering for the Netflix
    prize, section 3.1), with one penalty for all rows. Where P keeps every cell, the minimum is the singular value
    decomposition of X with the penalty taken off each singular value.

    Parameters
    ----------
    matrix
        Observed cells.
    right
        float64 [c, k]: where R starts.
    penalty
        Ridge penalty of every vector, in the matrix's units.
    """
    for _ in range(ROUNDS):
        left = _solve(matrix.values, matrix.observed, right, penalty)
        right = _solve(matrix.values.T, matrix.observed.T, left, penalty)
    return Factors(left, right)


def _solve(values: Values, observed: Values, fixed: Values, penalty: float) -> Values:
    """Return the ridge regression of every row of `values` [r, c] on `fixed` [c, k] over its observed cells: [r, k]."""
    rank = fixed.shape[1]
    products = (fixed[:, :, None] * fixed[:, None, :]).reshape(len(fixed), rank * rank)
    gram = (observed @ products).reshape(-1, rank, rank) + penalty * np.eye(rank)
    return np.asarray(np.linalg.solve(gram, (values @ fixed)[:, :, None])[:, :, 0])


class FactorisationModel(PerAssay):
    """Model ``factorisation``."""

    assay_model = Factorisation
