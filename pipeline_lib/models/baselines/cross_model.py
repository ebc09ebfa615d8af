"""Baselines that see an assay as a matrix of queries by arrays; genotypes of one side are looked up."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from pipeline_lib.models.baselines.axes import Axes, Index
from pipeline_lib.models.baselines.crosses import Crosses, StrainBook, lookup
from pipeline_lib.models.baselines.per_assay import AssayFold, AssayModel, Values
from pipeline_lib.models.baselines.search import Trial
from pipeline_lib.models.interface import Cell, Prediction


@dataclass(frozen=True)
class LoneMeans:
    """Means of genotypes that are no cross: single mutants, and query strains measured by themselves.

    Attributes
    ----------
    gene_sets
        int64 [m], ascending gene-set codes of the whole genotype.
    means
        float64 [m].
    overall
        Mean of them all; of the assay where it has none.
    """

    gene_sets: Index
    means: Values
    overall: float

    @classmethod
    def fit(cls, train: Crosses) -> Self:
        """Average each genotype's measurements."""
        lone = train.take(~train.crossed)
        gene_sets, inverse = np.unique(_whole(lone), return_inverse=True)
        means = np.bincount(inverse, lone.value) / np.bincount(inverse)
        return cls(gene_sets, means, float(lone.value.mean() if len(lone) else train.value.mean()))

    def predict(self, lone: Crosses) -> Values:
        """Return the mean of each genotype, float64 [n]; the overall mean for those that training lacks."""
        row = lookup(self.gene_sets, np.arange(len(self.gene_sets)), _whole(lone))
        return np.append(self.means, self.overall)[row]


def _whole(crosses: Crosses) -> Index:
    # One of the two is the empty set, whose code is 0.
    return crosses.query.gene_set + crosses.array.gene_set


class CrossModel(AssayModel):
    """A baseline that predicts the crosses of an assay from their rows and columns."""

    axes: Axes
    lone: LoneMeans

    @abstractmethod
    def fit_crosses(self, fold: AssayFold, rows: Index, columns: Index) -> list[Trial]:
        """Fit on crosses alone; `rows` and `columns` are the positions of the training crosses."""

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
        """Fit the crosses and the genotypes of one side."""
        self.lone = LoneMeans.fit(fold.train)
        crosses = fold.train.take(fold.train.crossed)
        self.axes = Axes.fit(crosses, len(fold.book.names))
        if not len(crosses):
            return []
        held = fold.validation.take(fold.validation.crossed)
        return self.fit_crosses(replace(fold, train=crosses, validation=held), *self.axes.positions(crosses))

    def predict(self, crosses: Crosses) -> Prediction:
        """Predict crosses by their positions and everything else by lookup."""
        crossed = np.flatnonzero(crosses.crossed)
        value, std = self.lone.predict(crosses), np.full(len(crosses), np.nan)
        if len(crossed) and len(self.axes.rows):
            part = crosses.take(crossed)
            predicted = self.predict_crosses(part, *self.axes.positions(part))
            value[crossed] = predicted.value
            if predicted.std is not None:
                std[crossed] = predicted.std
        return Prediction(value, std)

    def state(self) -> dict[str, Any]:
        """Return axes, lookups and what the crosses need."""
        crosses = self.cross_state() if len(self.axes.rows) else {}
        return {"axes": self.axes.state(), "lone": vars(self.lone), "crosses": crosses}

    def load(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:
        """Restore what `state` returned."""
        self.axes, self.lone = Axes.from_state(state["axes"]), LoneMeans(**state["lone"])
        if len(self.axes.rows):
            self.load_crosses(state["crosses"], book, cell)
