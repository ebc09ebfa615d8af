"""Fit one small model an assay (screen and phenotype), behind the one interface of every model."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import MAX_ORDER, Genotypes
from pipeline_lib.config.baselines import BaselineSettings
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.baselines.crosses import Crosses, StrainBook
from pipeline_lib.models.baselines.search import Trial
from pipeline_lib.models.baselines.tensors import to_arrays, to_tensors
from pipeline_lib.models.interface import Cell, FitContext, Prediction

Values = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class AssayFold:
    """What one assay's model is fitted on.

    Attributes
    ----------
    train, validation
        The crosses of this assay; validation may be empty. The mean of their order is taken off the values
        (`AssayModel.centred`).
    others
        Training crosses of the other assays, as measured.
    book
        Strains and gene sets of the whole training fold.
    cell, context
        As in `Model.fit`.
    """

    train: Crosses
    validation: Crosses
    others: Crosses
    book: StrainBook
    cell: Cell
    context: FitContext


class AssayModel(ABC):
    """A baseline of one assay.

    Attributes
    ----------
    centred
        Whether the model is fitted on deviations from the mean of the order. Singles, pairs and triples of one assay
        measure different things (epsilon and tau, say), and how many of each a fold holds is no biology.
    """

    centred: ClassVar[bool] = True

    def __init__(self, settings: BaselineSettings) -> None:
        self.settings = settings

    @abstractmethod
    def fit(self, fold: AssayFold) -> list[Trial]:
        """Fit on the training crosses; return what each setting scored on validation, [] without hyperparameters."""

    @abstractmethod
    def predict(self, crosses: Crosses) -> Prediction:
        """Predict crosses of this assay, seen or not; never NaN."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return arrays and plain values from which `load` restores the fitted model."""

    @abstractmethod
    def load(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:
        """Restore what `state` returned."""


class PerAssay:
    """The `Model` that fits one `AssayModel` an assay.

    A prediction whose model has no spread of its own gets the root mean squared residual of the validation fold
    (of the training fold where an assay has no validation). An assay that training lacks is predicted by the largest
    training assay of its phenotype, or by the largest of all where the phenotype is new or not stated.
    """

    assay_model: ClassVar[type[AssayModel]]

    def __init__(self, settings: ModelSettings, training: TrainingSettings) -> None:  # noqa: ARG002 - the registry's
        self.settings = settings.baselines
        self.models: dict[tuple[str, str], AssayModel] = {}
        self.sizes: dict[tuple[str, str], int] = {}
        self.residuals: dict[tuple[str, str], float] = {}
        self.order_means: dict[tuple[str, str], Values] = {}

    def fit(self, train: Genotypes, validation: Genotypes, cell: Cell, context: FitContext) -> pd.DataFrame:
        """Fit every assay of `train`; the history has one row a setting (`epoch` counts them)."""
        self.book = StrainBook.learn(train, len(cell.genes))
        pool, held = self.book.crosses(train), self.book.crosses(validation)
        held_rows = dict(_stated_assays(validation))
        none = np.zeros(0, dtype=np.int64)
        parts = []
        for name, rows in _stated_assays(train):
            others = np.ones(len(train), dtype=bool)
            others[rows] = False
            part, judged = pool.take(rows), held.take(held_rows.get(name, none))
            means = order_means(part.genotypes) if self.assay_model.centred else np.zeros(MAX_ORDER + 1)
            part, judged = (each.minus(means[each.genotypes.order]) for each in (part, judged))
            fold = AssayFold(part, judged, pool.take(others), self.book, cell, context)
            model = self.assay_model(self.settings)
            trials = model.fit(fold)
            self.order_means[name] = means
            self.models[name], self.sizes[name] = model, len(rows)
            judge = fold.validation if len(fold.validation) else fold.train
            self.residuals[name] = _rms(judge.value - model.predict(judge).value)
            if not len(fold.validation):
                trials = []
            parts.append(_history(name, trials or [Trial("", self.residuals[name])], len(fold.validation) > 0))
        return pd.concat(parts, ignore_index=True)

    def predict(self, genotypes: Genotypes) -> Prediction:
        """Predict every genotype with the model of its assay."""
        crosses = self.book.crosses(genotypes)
        value, std = np.empty(len(genotypes)), np.empty(len(genotypes))
        for stated, rows in _stated_assays(genotypes):
            name = self._nearest_assay(stated)
            part = crosses.take(rows)
            predicted = self.models[name].predict(part)
            value[rows] = predicted.value + self.order_means[name][part.genotypes.order]
            spread = np.full(len(rows), np.nan) if predicted.std is None else predicted.std
            std[rows] = np.where(np.isnan(spread), self.residuals[name], spread)
        return Prediction(value, std)

    def state(self) -> dict[str, Any]:
        """Return tensors and plain values."""
        return {
            "settings": self.settings.model_dump(),
            "book": to_tensors(vars(self.book)),
            "assays": [
                {
                    "screen": name[0],
                    "phenotype": name[1],
                    "size": self.sizes[name],
                    "residual": self.residuals[name],
                    "order_means": to_tensors(self.order_means[name]),
                    "model": to_tensors(model.state()),
                }
                for name, model in self.models.items()
            ],
        }

    @classmethod
    def from_state(cls, state: dict[str, Any], cell: Cell) -> Self:
        """Return the fitted model that `state` was taken from."""
        baselines = BaselineSettings(**state["settings"])
        model = cls(ModelSettings(baselines=baselines), TrainingSettings())
        book = to_arrays(state["book"])
        model.book = StrainBook(**{**book, "names": tuple(book["names"])})
        for assay in state["assays"]:
            name = (assay["screen"], assay["phenotype"])
            model.models[name] = cls.assay_model(baselines)
            model.models[name].load(to_arrays(assay["model"]), model.book, cell)
            model.sizes[name], model.residuals[name] = assay["size"], assay["residual"]
            model.order_means[name] = to_arrays(assay["order_means"])
        return model

    def _nearest_assay(self, name: tuple[str, str]) -> tuple[str, str]:
        if name in self.models:
            return name
        alike = [fitted for fitted in self.models if fitted[1] == name[1]] or list(self.models)
        return max(alike, key=lambda fitted: self.sizes[fitted])


def order_means(train: Genotypes) -> Values:
    """Return the mean value of each order, float64 [4]; the overall mean for an order that training lacks."""
    count = np.bincount(train.order, minlength=MAX_ORDER + 1)
    total = np.bincount(train.order, train.value, minlength=MAX_ORDER + 1)
    return np.where(count > 0, total / np.maximum(count, 1), train.value.mean())


def _stated_assays(genotypes: Genotypes) -> list[tuple[tuple[str, str], Rows]]:
    """Return screen and phenotype by name, and the rows of each; '' where a genotype does not state it."""
    codes = np.stack([genotypes.screen, genotypes.phenotype], axis=1)
    present, inverse = np.unique(codes, axis=0, return_inverse=True)
    return [
        (
            (genotypes.screens[screen] if screen >= 0 else "", PHENOTYPES[phenotype] if phenotype >= 0 else ""),
            np.flatnonzero(inverse.ravel() == position),
        )
        for position, (screen, phenotype) in enumerate(present)
    ]


def _rms(residuals: Values) -> float:
    return float(np.sqrt(np.mean(residuals**2)))


def _history(name: tuple[str, str], trials: list[Trial], validated: bool) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "epoch": np.arange(len(trials), dtype=np.int64),
            "fold": "validation" if validated else "train",
            "metric": "rmse",
            "value": [trial.rmse for trial in trials],
            "screen": name[0],
            "phenotype": name[1],
            "setting": [trial.setting for trial in trials],
        }
    )
