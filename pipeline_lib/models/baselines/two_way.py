"""Additive effects of query and array with empirical-Bayes shrinkage."""

from typing import Any

from pipeline_lib.models.baselines.axes import Index
from pipeline_lib.models.baselines.cross_model import CrossModel
from pipeline_lib.models.baselines.crosses import Crosses, StrainBook
from pipeline_lib.models.baselines.effects import Effects
from pipeline_lib.models.baselines.per_assay import AssayFold, PerAssay
from pipeline_lib.models.baselines.search import Trial
from pipeline_lib.models.interface import Cell, Prediction


class TwoWay(CrossModel):
    """Mean + query effect + array effect; one effect a strain where the screen is symmetric."""

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
