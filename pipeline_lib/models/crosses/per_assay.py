"""Fit one small model an assay behind the one interface of every model, its hyperparameters chosen on validation."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts import PHENOTYPES
from pipeline_lib.artefacts.tables import to_arrays, to_tensors
from pipeline_lib.cell.genotypes import MAX_ORDER, Genotypes
from pipeline_lib.config.models import BaselineSettings, ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.crosses.crosses import Crosses, StrainBook
from pipeline_lib.models.interface import Cell, FitContext, Prediction

T = TypeVar("T")


@dataclass(frozen=True)
class Trial:
    """One setting and its root mean squared error on the validation fold (NaN where there is none)."""

    setting: str
    rmse: float


class Search(Generic[T]):
    """Keep the candidate with the least squared error on the validation fold; of equals, the first.

    An assay without validation observations keeps the middle candidate of its grid.

    Parameters
    ----------
    observed
        float64 [v]: the measurements of the validation fold.
    trials
        Number of candidates that will be offered.
    """

    def __init__(self, observed: NDArray[np.float64], trials: int) -> None:
        self._observed = observed
        self._middle = (trials - 1) // 2
        self._best: T | None = None
        self._least = np.inf
        self.trials: list[Trial] = []

    def offer(self, setting: str, predicted: NDArray[np.float64], candidate: T) -> None:
        """Score the validation predictions, float64 [v], of one candidate."""
        position = len(self.trials)
        if len(self._observed):
            rmse = float(np.sqrt(np.mean((self._observed - predicted) ** 2)))
            loss = rmse
        else:
            rmse, loss = float("nan"), float(abs(position - self._middle))
        self.trials.append(Trial(setting, rmse))
        if self._best is None or loss < self._least:
            self._best, self._least = candidate, loss

    @property
    def best(self) -> T:
        """The candidate that was kept."""
        if self._best is None:
            raise ValueError("no candidate was offered")
        return self._best


Values = NDArray[np.float64]
Rows = NDArray[np.int64]
AssayName = tuple[str, str]


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

    @property
    def screen(self) -> str:
        """Name of the assay's screen; '' where it states none."""
        genotypes = self.train.genotypes
        return genotypes.screens[genotypes.screen[0]] if genotypes.screen[0] >= 0 else ""


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


@dataclass(frozen=True)
class FittedAssay:
    """The fitted model of one assay.

    Attributes
    ----------
    model
        Predicts deviations from `order_means`.
    order_means
        float64 [4]: mean of each order, 0 for a model that is not centred.
    size
        Training observations.
    residual
        Root mean squared residual of the validation fold; of the training fold where there is no validation.
    """

    model: AssayModel
    order_means: Values
    size: int
    residual: float


class PerAssay:
    """The `Model` that fits one `AssayModel` an assay.

    A prediction whose model has no spread of its own gets the assay's residual. An assay that training lacks is
    predicted by the largest training assay of its phenotype, or by the largest of all where the phenotype is new or
    not stated.
    """

    assay_model: ClassVar[type[AssayModel]]
    section: ClassVar[str] = "baselines"
    """The section of ``models`` that holds the settings."""

    book: StrainBook
    assays: dict[AssayName, FittedAssay]

    def __init__(self, settings: ModelSettings, training: TrainingSettings) -> None:  # noqa: ARG002 - the registry's
        self.settings = getattr(settings, self.section)

    def fit(self, train: Genotypes, validation: Genotypes, cell: Cell, context: FitContext) -> pd.DataFrame:
        """Fit every assay of `train`; the history has one row a setting (`epoch` counts them)."""
        self.book = StrainBook.learn(train, len(cell.genes))
        pool, held = self.book.crosses(train), self.book.crosses(validation)
        held_rows = dict(stated_assays(validation))
        none = np.zeros(0, dtype=np.int64)
        self.assays, histories = {}, []
        for name, rows in stated_assays(train):
            others = np.ones(len(train), dtype=bool)
            others[rows] = False
            fold = AssayFold(
                pool.take(rows), held.take(held_rows.get(name, none)), pool.take(others), self.book, cell, context
            )
            self.assays[name], history = self._fit_assay(fold)
            histories.append(history.assign(screen=name[0], phenotype=name[1]))
        return pd.concat(histories, ignore_index=True)

    def predict(self, genotypes: Genotypes) -> Prediction:
        """Predict every genotype with the model of its assay."""
        crosses = self.book.crosses(genotypes)
        value, std = np.empty(len(genotypes)), np.empty(len(genotypes))
        for name, rows in stated_assays(genotypes):
            assay, part = self._nearest_assay(name), crosses.take(rows)
            predicted = assay.model.predict(part)
            value[rows] = predicted.value + assay.order_means[part.genotypes.order]
            std[rows] = np.where(np.isnan(predicted.std), assay.residual, predicted.std)
        return Prediction(value, std)

    def state(self) -> dict[str, Any]:
        """Return tensors and plain values."""
        assays = [
            {**vars(assay), "screen": screen, "phenotype": phenotype, "model": assay.model.state()}
            for (screen, phenotype), assay in self.assays.items()
        ]
        return {
            "settings": self.settings.model_dump(),
            "book": to_tensors(vars(self.book)),
            "assays": to_tensors(assays),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any], cell: Cell) -> Self:
        """Return the fitted model that `state` was taken from."""
        fitted = cls(ModelSettings.model_validate({cls.section: state["settings"]}), TrainingSettings())
        book = to_arrays(state["book"])
        fitted.book, fitted.assays = StrainBook(**{**book, "names": tuple(book["names"])}), {}
        for assay in to_arrays(state["assays"]):
            model = cls.assay_model(fitted.settings)
            model.load(assay["model"], fitted.book, cell)
            fitted.assays[assay["screen"], assay["phenotype"]] = FittedAssay(
                model, assay["order_means"], assay["size"], assay["residual"]
            )
        return fitted

    def _fit_assay(self, fold: AssayFold) -> tuple[FittedAssay, pd.DataFrame]:
        model = self.assay_model(self.settings)
        means = order_means(fold.train.genotypes) if model.centred else np.zeros(MAX_ORDER + 1)
        train, validation = (part.minus(means[part.genotypes.order]) for part in (fold.train, fold.validation))
        trials = model.fit(replace(fold, train=train, validation=validation))
        judge, judged_on = (validation, "validation") if len(validation) else (train, "train")
        residual = float(np.sqrt(np.mean((judge.value - model.predict(judge).value) ** 2)))
        if not trials or not len(validation):
            trials = [Trial("", residual)]
        return FittedAssay(model, means, len(train), residual), _history(trials, judged_on)

    def _nearest_assay(self, name: AssayName) -> FittedAssay:
        if name in self.assays:
            return self.assays[name]
        of_phenotype = [assay for (_, phenotype), assay in self.assays.items() if phenotype == name[1]]
        return max(of_phenotype or self.assays.values(), key=lambda assay: assay.size)


def order_means(train: Genotypes) -> Values:
    """Return the mean value of each order, float64 [4]; the overall mean for an order that training lacks."""
    count = np.bincount(train.order, minlength=MAX_ORDER + 1)
    total = np.bincount(train.order, train.value, minlength=MAX_ORDER + 1)
    return np.where(count > 0, total / np.maximum(count, 1), train.value.mean())


def stated_assays(genotypes: Genotypes) -> list[tuple[AssayName, Rows]]:
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


def _history(trials: list[Trial], judged_on: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "epoch": np.arange(len(trials), dtype=np.int64),
            "fold": judged_on,
            "metric": "rmse",
            "value": [trial.rmse for trial in trials],
            "setting": [trial.setting for trial in trials],
        }
    )
