"""The Weisfeiler-Lehman ridge behind the one interface of every model."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from pipeline_lib.cell.genotypes import Genotypes
from pipeline_lib.config.models import ModelSettings, WeisfeilerLehmanSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.assays import AssayScales
from pipeline_lib.models.interface import Cell, FitContext, Prediction
from pipeline_lib.models.weisfeiler_lehman.features import PerturbationFeatures
from pipeline_lib.models.weisfeiler_lehman.moments import Moments, RidgeFit, ridge_path

_GENOTYPES_AT_ONCE = 8192
_PENALTIES = (1e-4, 1e2)


class WlRidge:
    """A ridge an assay on hashed Weisfeiler-Lehman features of the perturbed cell relative to the wild type.

    Parameters
    ----------
    settings
        `weisfeiler_lehman` and, for the number of penalties tried, `baselines.trials` are read.
    training
        Not read.
    """

    def __init__(self, settings: ModelSettings, training: TrainingSettings) -> None:  # noqa: ARG002 - the registry's
        self.settings = settings.weisfeiler_lehman
        self.trials = settings.baselines.trials

    def fit(self, train: Genotypes, validation: Genotypes, cell: Cell, context: FitContext) -> pd.DataFrame:
        """Fit every assay of `train`; the penalty with the least squared error on `validation` is kept.

        Returns
        -------
        DataFrame
            HISTORY with the columns screen, phenotype and setting; `epoch` counts the penalties.
        """
        torch.set_num_threads(context.threads)
        self.assays = AssayScales.fit(train)
        self.features = PerturbationFeatures(cell, self.settings)
        fitted = self._moments(train, "features of the training fold")
        held = self._moments(validation, "features of the validation fold")
        penalties = np.geomspace(*_PENALTIES, self.trials)
        self.fits: list[RidgeFit] = []
        history: list[dict[str, Any]] = []
        for assay, (own, judge) in enumerate(zip(fitted, held, strict=True)):
            path = ridge_path(own, penalties)
            judge_or_middle = [fit_error(judge, fit) for fit in path] if judge.count else None
            best = int(np.argmin(judge_or_middle)) if judge_or_middle else (self.trials - 1) // 2
            self.fits.append(path[best])
            for trial, (penalty, fit) in enumerate(zip(penalties, path, strict=True)):
                history.append(
                    {
                        "epoch": trial,
                        "fold": "validation" if judge.count else "train",
                        "metric": "rmse",
                        "value": self.assays.scale[assay] * fit_error(judge if judge.count else own, fit),
                        "screen": self.assays.screens[assay],
                        "phenotype": self.assays.phenotypes[assay],
                        "setting": f"penalty={penalty:.3g}",
                    }
                )
        judges = [judge if judge.count else own for own, judge in zip(fitted, held, strict=True)]
        errors = [fit_error(judge, fit) for judge, fit in zip(judges, self.fits, strict=True)]
        self.residuals = self.assays.scale * np.array(errors)
        return pd.DataFrame(history)

    def predict(self, genotypes: Genotypes) -> Prediction:
        """Predict; the spread is the root mean squared residual of the assay's validation fold."""
        codes = self.assays.codes(genotypes)
        score = np.empty(len(genotypes))
        for rows, features in self._blocks(genotypes, "features"):
            for assay in np.unique(codes[rows]):
                own = codes[rows] == assay
                fit = self.fits[assay]
                score[rows[own]] = features[own] @ fit.weights + fit.intercept
        return Prediction(self.assays.restore(score, codes), self.residuals[codes])

    def _moments(self, genotypes: Genotypes, what: str) -> list[Moments]:
        moments = [Moments.empty(self.features.width) for _ in range(len(self.assays))]
        codes, value = self.assays.codes(genotypes), self.assays.standardise(genotypes)
        for rows, features in self._blocks(genotypes, what):
            for assay in np.unique(codes[rows]):
                own = codes[rows] == assay
                moments[assay].add(features[own], value[rows[own]])
        return moments

    def _blocks(self, genotypes: Genotypes, what: str) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Yield rows of `genotypes` and their features; a genotype measured often is featurised once."""
        distinct, which = np.unique(genotypes.genes, axis=0, return_inverse=True)
        which = which.reshape(-1)
        order = np.argsort(which, kind="stable")
        starts = range(0, len(distinct), _GENOTYPES_AT_ONCE)
        for start in track(starts, what, console=Console(stderr=True), transient=True):
            stop = min(start + _GENOTYPES_AT_ONCE, len(distinct))
            first, last = np.searchsorted(which[order], [start, stop])
            rows = order[first:last]
            yield rows, self.features.matrix(distinct[start:stop])[which[rows] - start]

    def state(self) -> dict[str, Any]:
        """Return the weights; the features are made anew from the cell."""
        return {
            "settings": self.settings.model_dump(mode="json"),
            "assays": self.assays.state(),
            "weights": torch.from_numpy(np.stack([fit.weights for fit in self.fits])),
            "intercepts": [fit.intercept for fit in self.fits],
            "residuals": self.residuals.tolist(),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any], cell: Cell) -> Self:
        """Return the fitted model; `cell` must hold the networks and the stoichiometry of the fit."""
        settings = WeisfeilerLehmanSettings.model_validate(state["settings"])
        model = cls(ModelSettings(weisfeiler_lehman=settings), TrainingSettings())
        model.assays = AssayScales.from_state(state["assays"])
        model.features = PerturbationFeatures(cell, settings)
        weights = state["weights"].numpy()
        model.fits = [RidgeFit(own, start) for own, start in zip(weights, state["intercepts"], strict=True)]
        model.residuals = np.array(state["residuals"])
        return model


def fit_error(moments: Moments, fit: RidgeFit) -> float:
    """Return the root mean squared error of `fit` over the observations of `moments`."""
    return float(np.sqrt(moments.squared_error(fit.weights, fit.intercept)))
