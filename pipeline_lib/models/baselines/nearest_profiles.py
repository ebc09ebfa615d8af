"""Impute a cross from the strains whose measured profiles are most similar."""

from dataclasses import dataclass
from itertools import product
from typing import Any, Self

import numpy as np
from scipy import sparse

from pipeline_lib.models.crosses.axes import UNKNOWN, Index
from pipeline_lib.models.crosses.completion import CompletionModel, HeldOut, ScoreMatrix
from pipeline_lib.models.crosses.crosses import Crosses, StrainBook
from pipeline_lib.models.crosses.per_assay import AssayFold, PerAssay, Values
from pipeline_lib.models.crosses.search import Search, Trial
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
        by_row = Profiles.of(matrix.values, matrix.observed)
        by_column = None if self.axes.symmetric else Profiles.of(matrix.values.T, matrix.observed.T)
        for power, neighbours in list(product(POWERS, NEIGHBOURS))[: self.settings.trials]:
            value, weight = by_row.weighted_sum(neighbours, power)
            across, beside = by_column.weighted_sum(neighbours, power) if by_column else (value, weight)
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


@dataclass(frozen=True)
class Profiles:
    """The rows that have enough columns for a correlation, and how similar they are."""

    rows: Index
    similarity: Values
    values: Values
    observed: Values

    @classmethod
    def of(cls, values: Values, observed: Values) -> Self:
        """Compare all rows of `values`, both float64 [r, c]; `observed` is 1 where measured."""
        rows = np.flatnonzero(observed.sum(axis=1) >= LEAST_OVERLAP)
        return cls(rows, profile_correlations(values[rows], observed[rows]), values, observed)

    def weighted_sum(self, neighbours: int, power: float) -> tuple[Values, Values]:
        """Return, for each cell, the weighted sum over the nearest rows and the weight of those measured there."""
        if not len(self.rows):
            return np.zeros_like(self.values), np.zeros_like(self.values)
        kept = min(neighbours, len(self.rows))
        nearest = np.argpartition(-self.similarity, kept - 1, axis=1)[:, :kept]
        weight = np.maximum(np.take_along_axis(self.similarity, nearest, axis=1), 0.0) ** power
        cells = (np.repeat(self.rows, kept), self.rows[nearest.ravel()])
        weights = sparse.csr_array((weight.ravel(), cells), shape=(len(self.values), len(self.values)))
        return weights @ self.values, weights @ self.observed


class NearestProfilesModel(PerAssay):
    """Model ``nearest_profiles``."""

    assay_model = NearestProfiles
