"""Fit any model of the registry on a split and leave its predictions, scores, history and state."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa

from pipeline_lib.artefacts import FOLDS, PHENOTYPES
from pipeline_lib.artefacts.atomic import write_json
from pipeline_lib.artefacts.schemas import HISTORY
from pipeline_lib.artefacts.tables import save_tensors, write_arrow, write_table
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.interface import Cell, FitContext, FitsClosedForm, Model, Prediction
from pipeline_lib.models.registry import build
from pipeline_lib.training.checkpoint import fit_folder
from pipeline_lib.training.fitted_model import SplitData
from pipeline_lib.training.loop import train_network
from pipeline_lib.training.measured_genotypes import assay_states, trained_assays
from pipeline_lib.training.processes import limit_threads, resolve_device

_SHARED = "shared"
"""Folder beside the checkpoints: what all fits on a split have in common."""


@dataclass(frozen=True)
class Fitted:
    """A fitted model, what it predicts of every observation of its split, how it got there, and its own checkpoints."""

    model: Model
    prediction: Prediction
    history: pd.DataFrame
    metrics: dict[str, Any]
    checkpoints: tuple[Path, ...]


def fit_model(
    name: str,
    data: SplitData,
    cell: Cell,
    model_settings: ModelSettings,
    training: TrainingSettings,
    *,
    seed: int = 0,
    threads: int = 1,
    checkpoints: Path | None = None,
) -> Fitted:
    """Fit the model `name` on the training fold and predict every observation.

    The measurements of the test fold are hidden before the model sees its genotypes.

    Parameters
    ----------
    name
        A name of the registry.
    data
        The split.
    cell
        Genes, networks, stoichiometry.
    model_settings, training
        Their sections of the configuration.
    seed, threads
        See `FitContext`.
    checkpoints
        Folder of the checkpoints of all fits; each has a folder of its own below.

    Raises
    ------
    PipelineError
        When the model is unknown, or it predicts something that is not a number.
    """
    model = build(name, model_settings, training)
    own = shared = None
    if checkpoints is not None:
        own = fit_folder(checkpoints, name, data, cell, model_settings, training, seed)
        shared = checkpoints / _SHARED
    device = resolve_device(training.device)
    context = FitContext(seed, threads, device, checkpoints=own, shared=shared, trainer=train_network)
    with limit_threads(threads):
        start = time.perf_counter()
        history = model.fit(data.part("train"), data.part("validation"), cell, context)
        fitted = time.perf_counter()
        prediction = model.predict(data.genotypes.without_values())
        done = time.perf_counter()
    if not np.isfinite(prediction.value).all():
        row = int(np.flatnonzero(~np.isfinite(prediction.value))[0])
        raise ArithmeticError(f"{name} predicts {prediction.value[row]} for row {row} of the split.")
    metrics = {
        "model": name,
        "seed": seed,
        "device": context.device,
        "fit_seconds": fitted - start,
        "predict_seconds": done - fitted,
        "peak_mb": psutil.Process().memory_info().rss / 2**20,
        "scores": score_folds(data, prediction),
    }
    return Fitted(model, prediction, history, metrics, () if own is None else (own,))


def fit_closed_form(
    name: str,
    data: SplitData,
    cell: Cell,
    model_settings: ModelSettings,
    training: TrainingSettings,
    *,
    checkpoints: Path,
    seed: int = 0,
    threads: int = 1,
) -> list[dict[str, Any]]:
    """Leave what all fits of the model `name` on a split share where they look for it, and return its levels.

    The parameters are those of `fit_model`; so fits that start at the same time need not each make it.

    Raises
    ------
    PipelineError
        When the model is unknown, or its fits share nothing.
    """
    model = build(name, model_settings, training)
    if not isinstance(model, FitsClosedForm):
        raise PipelineError(f"fits of '{name}' share no closed form; those of clp and its ablations do.")
    context = FitContext(seed, threads, shared=checkpoints / _SHARED)
    train, validation = data.part("train"), data.part("validation")
    with limit_threads(threads):
        return model.fit_closed_form(train, validation, data.genotypes.without_values(), cell, context)


def score_folds(data: SplitData, prediction: Prediction) -> dict[str, dict[str, dict[str, float | int | None]]]:
    """Return Pearson and RMSE by fold and assay (``screen/phenotype``); evaluation holds the intervals."""
    scores: dict[str, dict[str, dict[str, float | int | None]]] = {fold: {} for fold in FOLDS}
    for screen, phenotype, rows in data.genotypes.assays():
        assay = f"{data.genotypes.screens[screen]}/{PHENOTYPES[phenotype]}"
        for position, fold in enumerate(FOLDS):
            chosen = rows[data.fold[rows] == position]
            if len(chosen):
                scores[fold][assay] = _score(data.genotypes.value[chosen], prediction.value[chosen])
    return scores


def _score(observed: np.ndarray, predicted: np.ndarray) -> dict[str, float | int | None]:
    varies = len(observed) > 1 and observed.std() > 0 and predicted.std() > 0
    return {
        "n": len(observed),
        # A constant has no correlation with anything.
        "pearson": float(np.corrcoef(observed, predicted)[0, 1]) if varies else None,
        "rmse": float(np.sqrt(np.mean((observed - predicted) ** 2))),
    }


def predictions_table(data: SplitData, prediction: Prediction) -> pa.Table:
    """Return the predictions of every observation of the split (`pipeline_lib.artefacts.schemas.PREDICTIONS`)."""
    return pa.table(
        {
            "observation_id": data.genotypes.observation_id,
            "prediction": prediction.value.astype(np.float64),
            "prediction_std": pa.array(prediction.std.astype(np.float64), from_pandas=True),
            "fold": pa.DictionaryArray.from_arrays(data.fold, FOLDS),
        }
    )


def write_fitted(
    fitted: Fitted, data: SplitData, cell: Cell, *, predictions: Path, history: Path, metrics: Path, output: Path
) -> None:
    """Write predictions, history and scores, then the model, whose file shows that the rest is there.

    Nothing resumes a fit whose model is written, so its own checkpoints are removed.
    """
    write_arrow(predictions_table(data, fitted.prediction), predictions)
    write_table(fitted.history, history, HISTORY)
    write_json(fitted.metrics, metrics)
    save_tensors(
        {
            "model": fitted.metrics["model"],
            "seed": fitted.metrics["seed"],
            "genes": cell.genes["gene"].tolist(),
            "screens": list(data.genotypes.screens),
            "strains": list(data.genotypes.strains),
            "assays": assay_states(trained_assays(data.part("train"), len(cell.genes))),
            "state": fitted.model.state(),
        },
        output,
    )
    for folder in fitted.checkpoints:
        # A file that cannot be removed, or was never written, is no reason to fit again.
        shutil.rmtree(folder, ignore_errors=True)
