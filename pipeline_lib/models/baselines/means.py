"""Predict a mean (of everything, the screen, the query, the array, or both effects), in the units of the assay."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from pipeline_lib.cell.genotypes import MAX_ORDER
from pipeline_lib.models.crosses.crosses import Crosses, Index, StrainBook
from pipeline_lib.models.crosses.effects import CrossModel, Effects
from pipeline_lib.models.crosses.per_assay import AssayFold, AssayModel, PerAssay, Trial, Values
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
