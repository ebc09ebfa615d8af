"""Baselines that complete the matrix of what two-way effects leave unexplained."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from pipeline_lib.models.crosses.axes import UNKNOWN, Axes, Index
from pipeline_lib.models.crosses.cross_model import CrossModel
from pipeline_lib.models.crosses.crosses import Crosses, StrainBook
from pipeline_lib.models.crosses.effects import Effects
from pipeline_lib.models.crosses.per_assay import AssayFold, Values
from pipeline_lib.models.crosses.search import Trial
from pipeline_lib.models.interface import Cell, Prediction

GATHERED_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class ScoreMatrix:
    """Residuals of an assay as a dense matrix; memory is 16 bytes a cell.

    Attributes
    ----------
    values
        float64 [r, c]: mean of the replicates, 0 where nothing was measured. Symmetric where the screen is.
    observed
        float64 [r, c]: 1 where something was measured, else 0.
    """

    values: Values
    observed: Values

    @classmethod
    def build(cls, axes: Axes, rows: Index, columns: Index, value: Values) -> Self:
        """Average the replicates of each cell; mirror them where the screen is symmetric."""
        if axes.symmetric:
            rows, columns, value = np.concatenate([rows, columns]), np.concatenate([columns, rows]), np.tile(value, 2)
        height, width = axes.shape
        cell = rows * width + columns
        count = np.bincount(cell, minlength=height * width).reshape(axes.shape)
        total = np.bincount(cell, value, minlength=height * width).reshape(axes.shape)
        return cls(total / np.maximum(count, 1), (count > 0).astype(np.float64))


@dataclass(frozen=True)
class HeldOut:
    """Validation crosses: their positions (-1 where not known) and what the effects leave of their values."""

    crosses: Crosses
    rows: Index
    columns: Index
    residual: Values


class CompletionModel(CrossModel):
    """Two-way effects plus a completion of the residual matrix; without row or column, the effects alone."""

    effects: Effects

    @abstractmethod
    def fit_residuals(self, matrix: ScoreMatrix, held: HeldOut, fold: AssayFold) -> list[Trial]:
        """Complete the matrix, with hyperparameters chosen on `held`."""

    @abstractmethod
    def residuals(self, crosses: Crosses, rows: Index, columns: Index) -> Values:
        """Return the predicted residual of each cross, 0 where nothing is known."""

    @abstractmethod
    def residual_state(self) -> dict[str, Any]:
        """Return what `load_residuals` needs."""

    @abstractmethod
    def load_residuals(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:
        """Restore what `residual_state` returned."""

    def fit_crosses(self, fold: AssayFold, rows: Index, columns: Index) -> list[Trial]:
        """Fit the effects, then the residuals."""
        self.effects = Effects.fit(self.axes, rows, columns, fold.train.value)
        residual = fold.train.value - self.effects.predict(rows, columns)
        matrix = ScoreMatrix.build(self.axes, rows, columns, residual)
        positions = self.axes.positions(fold.validation)
        held = HeldOut(fold.validation, *positions, fold.validation.value - self.effects.predict(*positions))
        return self.fit_residuals(matrix, held, fold)

    def predict_crosses(self, crosses: Crosses, rows: Index, columns: Index) -> Prediction:
        """Add effects and residuals up."""
        return Prediction(self.effects.predict(rows, columns) + self.residuals(crosses, rows, columns))

    def cross_state(self) -> dict[str, Any]:
        """Return effects and residuals."""
        return {"effects": vars(self.effects), "residuals": self.residual_state()}

    def load_crosses(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:
        """Restore effects and residuals."""
        self.effects = Effects(**state["effects"])
        self.load_residuals(state["residuals"], book, cell)


@dataclass(frozen=True)
class Factors:
    """A matrix of low rank: left [r, k] times right [c, k] transposed."""

    left: Values
    right: Values

    def at(self, rows: Index, columns: Index, *, symmetric: bool) -> Values:
        """Return the cells, float64 [n]; 0 where row or column is -1; the mean of (i, j) and (j, i) if `symmetric`."""
        cells = np.zeros(len(rows))
        known = np.flatnonzero((rows != UNKNOWN) & (columns != UNKNOWN))
        for start in range(0, len(known), GATHERED_AT_ONCE):
            part = known[start : start + GATHERED_AT_ONCE]
            i, j = rows[part], columns[part]
            cells[part] = np.einsum("nk,nk->n", self.left[i], self.right[j])
            if symmetric:
                cells[part] += np.einsum("nk,nk->n", self.left[j], self.right[i])
                cells[part] /= 2
        return cells


class FactorModel(CompletionModel):
    """A completion that is a matrix of low rank."""

    factors: Factors

    def residuals(self, crosses: Crosses, rows: Index, columns: Index) -> Values:
        """Return the cells of the low-rank matrix."""
        del crosses
        return self.factors.at(rows, columns, symmetric=self.axes.symmetric)

    def residual_state(self) -> dict[str, Any]:
        """Return the factors."""
        return vars(self.factors)

    def load_residuals(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:  # noqa: ARG002
        """Restore the factors."""
        self.factors = Factors(**state)
