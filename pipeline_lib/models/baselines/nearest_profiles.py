"""Impute a cross from the strains whose measured profiles are most alike."""

from itertools import product
from typing import Any

import numpy as np
from scipy import sparse

from pipeline_lib.models.baselines.axes import UNKNOWN, Index
from pipeline_lib.models.baselines.completion import CompletionModel, HeldOut, ScoreMatrix
from pipeline_lib.models.baselines.crosses import Crosses, StrainBook
from pipeline_lib.models.baselines.per_assay import AssayFold, PerAssay, Values
from pipeline_lib.models.baselines.search import Search, Trial
from pipeline_lib.models.interface import Cell

NEIGHBOURS = (5, 10, 20, 40, 80, 160)
POWERS = (3.0, 2.0)
PRIOR_SHARE = 0.1
LEAST_OVERLAP = 10


class NearestProfiles(CompletionModel):
    """Weighted mean of the same column in the most similar rows and of the same row in the most similar columns.

    Weights are positive correlations of profiles to a power; the number of neighbours and the power are chosen on
    validation.
    """

    completed: Values

    def fit_residuals(self, matrix: ScoreMatrix, held: HeldOut, fold: AssayFold) -> list[Trial]:
        """Try every number of neighbours with every power."""
        del fold
        search: Search[Values] = Search(held.residual, self.settings.trials)
        by_row = profile_correlations(matrix.values, matrix.observed)
        symmetric = self.axes.symmetric
        by_column = by_row if symmetric else profile_correlations(matrix.values.T, matrix.observed.T)
        for power, neighbours in list(product(POWERS, NEIGHBOURS))[: self.settings.trials]:
            value, weight = _weighted_sum(by_row, neighbours, power, matrix.values, matrix.observed)
            if symmetric:
                value, weight = value + value.T, weight + weight.T
            else:
                across, beside = _weighted_sum(by_column, neighbours, power, matrix.values.T, matrix.observed.T)
                value, weight = value + across.T, weight + beside.T
            # A prior of weight at residual 0 holds back cells with few or unlike neighbours.
            completed = value / np.maximum(weight + PRIOR_SHARE * np.median(weight), 1e-12)
            self.completed = completed
            predicted = self.residuals(held.crosses, held.rows, held.columns)
            search.offer(f"neighbours={neighbours} power={power:g}", predicted, completed)
        self.completed = search.best
        return search.trials

    def residuals(self, crosses: Crosses, rows: Index, columns: Index) -> Values:
        """Look the imputed cell up."""
        del crosses
        known = (rows != UNKNOWN) & (columns != UNKNOWN)
        return np.where(known, self.completed[rows, columns], 0.0)

    def residual_state(self) -> dict[str, Any]:
        """Return the imputed matrix."""
        return {"completed": self.completed}

    def load_residuals(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:  # noqa: ARG002
        """Restore the imputed matrix."""
        self.completed = state["completed"]


def profile_correlations(values: Values, observed: Values) -> Values:
    """Return the uncentred correlation of every two rows over the columns measured in both, float64 [r, r].

    0 on the diagonal and where fewer than ten columns are shared.

    Parameters
    ----------
    values
        float64 [r, c], 0 where not measured. Rows are residuals of two-way effects, whose mean is 0 already.
    observed
        float64 [r, c], 1 where measured.
    """
    squares = values**2 @ observed.T
    norm = np.sqrt(np.maximum(squares * squares.T, 1e-300))
    correlation = values @ values.T / norm
    correlation[observed @ observed.T < LEAST_OVERLAP] = 0.0
    np.fill_diagonal(correlation, 0.0)
    return np.asarray(correlation)


def _weighted_sum(
    similarity: Values, neighbours: int, power: float, values: Values, observed: Values
) -> tuple[Values, Values]:
    """Return, for each cell, the weighted sum over the nearest rows and the weight of those measured there."""
    weights = _nearest(similarity, neighbours, power)
    return weights @ values, weights @ observed


def _nearest(similarity: Values, neighbours: int, power: float) -> sparse.csr_array:
    kept = min(neighbours, similarity.shape[1])
    nearest = np.argpartition(-similarity, kept - 1, axis=1)[:, :kept]
    rows = np.repeat(np.arange(len(similarity)), kept)
    weight = np.maximum(similarity[rows, nearest.ravel()], 0.0) ** power
    return sparse.csr_array((weight, (rows, nearest.ravel())), shape=similarity.shape)


class NearestProfilesModel(PerAssay):
    """Model ``nearest_profiles``."""

    assay_model = NearestProfiles
