"""Can the network learn at all? Overfit a handful of real observations, and fail loudly when it cannot."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import Genotypes
from pipeline_lib.config.model_registry import family_of
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import LossSettings, TrainingSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.interface import Cell, FitContext, Prediction
from pipeline_lib.models.registry import build
from pipeline_lib.training.inputs import SplitData
from pipeline_lib.training.loop import train_network
from pipeline_lib.training.processes import limit_threads, resolve_device

REQUIRED_PEARSON = 0.99
_EPOCHS = 120
_FREE = {"dropout": 0.0, "gene_mask": 0.0, "ensemble": 1}
"""Settings of the model without what holds it back on purpose."""
_WITHOUT_ANSWERS = {"profiles": False, "flux": False}
"""Settings under which the closed form knows the mean of each assay, and nothing of a genotype."""


@dataclass(frozen=True)
class Overfitted:
    """What came of it: the observations, what the network predicts of them, how it got there, and the verdict."""

    genotypes: Genotypes
    prediction: Prediction
    history: pd.DataFrame
    report: dict[str, Any]


def choose(train: Genotypes, count: int, seed: int) -> Genotypes:
    """Return up to `count` observations of the largest assay of measured values, at random with distinct genotypes.

    Calls are left out, so there is none where nothing else was measured.
    """
    measured = [(len(rows), rows) for _, phenotype, rows in train.assays() if PHENOTYPES[phenotype] != "call"]
    _, rows = max(measured, key=lambda part: part[0], default=(0, np.zeros(0, np.int64)))
    _, first = np.unique(train.genes[rows], axis=0, return_index=True)
    generator = np.random.default_rng(seed)
    return train.take(np.sort(rows[generator.choice(first, min(count, len(first)), replace=False)]))


def why_not(chosen: Genotypes, count: int) -> str:
    """Return why so few observations, or such, show nothing when they are overfitted; empty where they do."""
    if not len(chosen):
        return "the training fold holds calls alone, and a correlation with 0 and 1 shows little"
    if len(chosen) < count:
        return f"it needs {count} genotypes of one assay, and the largest has {len(chosen)} in the training fold"
    return "" if np.ptp(chosen.value) > 0 else f"the {count} values chosen are all equal, so there is nothing to learn"


def overfit(
    name: str,
    data: SplitData,
    cell: Cell,
    model_settings: ModelSettings,
    training: TrainingSettings,
    *,
    count: int = 16,
    seed: int = 0,
    threads: int = 1,
) -> Overfitted:
    """Fit `count` observations of the training fold with everything off that would hold the network back.

    The closed form is that of the means alone: fitted on the same few observations it would hold their values, and it
    is the network's weights that are on trial. So few observations confirm nothing either: the whole correction counts.

    Raises
    ------
    PipelineError
        When the model is none of the CLP family.
    """
    if family_of(name) != "clp":
        raise PipelineError(f"The overfit check is for models of the family 'clp', and '{name}' is none of them.")
    chosen = choose(data.part("train"), count, seed)
    reason = why_not(chosen, count)
    if reason:
        return _left_out(name, chosen, seed, reason)
    clp = model_settings.clp.model_copy(update=_FREE | _WITHOUT_ANSWERS)
    free = training.model_copy(
        update={
            "epochs": _EPOCHS,
            "patience": _EPOCHS,
            "weight_decay": 0.0,
            "average": 0.0,
            "batch_size": count,
            "minimum_steps": 1,
            "learning_rate": 3e-3,
            "loss": LossSettings(),
        }
    )
    model = build(name, model_settings.model_copy(update={"clp": clp}), free)
    context = FitContext(seed=seed, threads=threads, device=resolve_device(training.device), trainer=train_network)
    with limit_threads(threads):
        history = model.fit(chosen, chosen, cell, context)
        prediction = model.predict(chosen.without_values())
    # What is scored here is what was fitted: there is no second fold.
    history["fold"] = "train"
    spread = np.ptp(prediction.value) > 0
    pearson = float(np.corrcoef(prediction.value, chosen.value)[0, 1]) if spread else 0.0
    report = {
        "model": name,
        "seed": seed,
        "screen": chosen.screens[int(chosen.screen[0])],
        "phenotype": PHENOTYPES[int(chosen.phenotype[0])],
        "observations": count,
        "steps": int(history["epoch"].max()),
        "pearson": pearson,
        "rmse": float(np.sqrt(np.mean((prediction.value - chosen.value) ** 2))),
        "required_pearson": REQUIRED_PEARSON,
        "passed": bool(pearson > REQUIRED_PEARSON),
    }
    return Overfitted(chosen, prediction, history, report)


def _left_out(name: str, chosen: Genotypes, seed: int, reason: str) -> Overfitted:
    """Return what is written where the check cannot be made: no observations, and a report that states why."""
    none = chosen.take(np.zeros(0, np.int64))
    history = pd.DataFrame({"epoch": [], "fold": [], "metric": [], "value": []}).astype(
        {"epoch": "int64", "fold": str, "metric": str, "value": float}
    )
    report = {"model": name, "seed": seed, "observations": 0, "passed": None, "left_out": reason}
    return Overfitted(none, Prediction(np.zeros(0), None), history, report)


def overfit_table(fitted: Overfitted) -> pd.DataFrame:
    """Return observation_id, prediction, prediction_std, fold ('train' throughout) and the observed value."""
    count = len(fitted.genotypes)
    std = fitted.prediction.std
    return pd.DataFrame(
        {
            "observation_id": fitted.genotypes.observation_id,
            "prediction": fitted.prediction.value,
            "prediction_std": std if std is not None else np.full(count, np.nan),
            "fold": ["train"] * count,
            "observed": fitted.genotypes.value,
        }
    )


def refuse_failure(report: dict[str, Any]) -> None:
    """Raise where the check did not pass.

    Raises
    ------
    PipelineError
        States what correlation was reached and which was required.
    """
    if report["passed"] is False:
        raise PipelineError(
            f"{report['model']} cannot overfit {report['observations']} observations of {report['screen']}: Pearson "
            f"{report['pearson']:.3f} after {report['steps']} steps, where more than {REQUIRED_PEARSON} is required; "
            "something between genotype and loss is broken."
        )
