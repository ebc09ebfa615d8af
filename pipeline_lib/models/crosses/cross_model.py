"""Baselines that see an assay as a matrix of queries by arrays."""

from abc import abstractmethod
from typing import Any

from pipeline_lib.models.crosses.axes import Axes, Index
from pipeline_lib.models.crosses.crosses import Crosses, StrainBook
from pipeline_lib.models.crosses.per_assay import AssayFold, AssayModel
from pipeline_lib.models.crosses.search import Trial
from pipeline_lib.models.interface import Cell, Prediction


class CrossModel(AssayModel):
    """A baseline that predicts the crosses of an assay from their rows and columns."""

    axes: Axes

    @abstractmethod
    def fit_crosses(self, fold: AssayFold, rows: Index, columns: Index) -> list[Trial]:
        """Fit; `rows` and `columns` are the positions of the training crosses."""

    @abstractmethod
    def predict_crosses(self, crosses: Crosses, rows: Index, columns: Index) -> Prediction:
        """Predict crosses at these positions, -1 where training lacks the row or the column."""

    @abstractmethod
    def cross_state(self) -> dict[str, Any]:
        """Return what `load_crosses` needs."""

    @abstractmethod
    def load_crosses(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:
        """Restore what `cross_state` returned."""

    def fit(self, fold: AssayFold) -> list[Trial]:
        """Find the axes and fit."""
        self.axes = Axes.fit(fold.train, len(fold.book.names))
        return self.fit_crosses(fold, *self.axes.positions(fold.train))

    def predict(self, crosses: Crosses) -> Prediction:
        """Predict crosses by their positions."""
        crosses = self.axes.placed(crosses)
        return self.predict_crosses(crosses, *self.axes.positions(crosses))

    def state(self) -> dict[str, Any]:
        """Return the axes and what the crosses need."""
        return {"axes": self.axes.state(), "crosses": self.cross_state()}

    def load(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:
        """Restore what `state` returned."""
        self.axes = Axes.from_state(state["axes"])
        self.load_crosses(state["crosses"], book, cell)
