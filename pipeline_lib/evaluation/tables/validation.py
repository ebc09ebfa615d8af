"""Scores on the validation fold: by them, and not by the test fold, the best baseline of an assay is chosen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from pipeline_lib.errors import PipelineError
from pipeline_lib.evaluation.calls import call_score
from pipeline_lib.evaluation.folds import locate
from pipeline_lib.evaluation.measurements import Measurements
from pipeline_lib.evaluation.metrics.scores import AssayKey, leading_metric
from pipeline_lib.evaluation.predictions import FoldPredictions

Floats = NDArray[np.float64]

MINIMUM_ROWS = 10
"""Validation rows of an assay without which no model is chosen by them."""

OWN, OTHER_SCREENS, TEST = "validation", "validation of other screens", "test"
"""What a baseline was chosen on: the assay's own validation rows; where it has none (another screen is the test fold),
those of the same phenotype in other screens; else the test fold itself, which favours the baseline."""


@dataclass(frozen=True)
class ValidationFold:
    """The validation fold of a split: its observations and the measured values of its assays."""

    split: str
    observation_id: NDArray[np.int64]
    assays: dict[AssayKey, tuple[NDArray[np.int64], Floats]]

    @classmethod
    def of(cls, data: Measurements, split: str, predictions: FoldPredictions, where: str) -> "ValidationFold":
        """Take the observations that `predictions` are of; `where` names their file in errors."""
        fold = data.take(locate(data, predictions.observation_id, where))
        assays = {(screen, phenotype): (rows, fold.genotypes.value[rows]) for screen, phenotype, rows in fold.assays()}
        return cls(split, predictions.observation_id, assays)

    def scores(self, predictions: FoldPredictions, where: str) -> dict[AssayKey, float]:
        """Return the leading metric of every assay; NaN where it has too few rows or its values do not differ.

        Raises
        ------
        PipelineError
            When the predictions are of other observations.
        """
        if not np.array_equal(predictions.observation_id, self.observation_id):
            raise PipelineError(
                f"{where}: its validation fold differs from that of the other models on the split '{self.split}'; "
                "fit every model on the same splits file."
            )
        return {
            (screen, phenotype): _score(value, predictions.value[rows], phenotype)
            for (screen, phenotype), (rows, value) in self.assays.items()
        }


def _score(value: Floats, prediction: Floats, phenotype: str) -> float:
    if len(value) < MINIMUM_ROWS or np.ptp(value) == 0:
        return float("nan")
    if leading_metric(phenotype) == "average_precision":
        return float(average_precision_score(value == 1, call_score(prediction, phenotype)))
    x, y = prediction - prediction.mean(), value - value.mean()
    # Single precision leaves jitter in predictions that are equal by construction.
    flat = x.std() <= 1e-6 * max(float(np.abs(prediction).max()), 1e-300)
    return 0.0 if flat else float(x @ y / np.sqrt((x @ x) * (y @ y)))


def rank_models(
    validation: Mapping[str, Mapping[AssayKey, float]],
    assay: AssayKey,
    models: Sequence[str],
    test_score: Callable[[str], float],
) -> tuple[list[str], str]:
    """Return models from the best to the worst, the first by name among equals, and what they were ranked on.

    Parameters
    ----------
    validation
        Every model's scores on the validation fold, by assay.
    assay
        Screen and phenotype that the models are ranked for.
    models
        Which models are ranked; those without a score are left out.
    test_score
        A model's score on the test fold, for want of anything better.
    """

    def own(model: str) -> float:
        return validation.get(model, {}).get(assay, float("nan"))

    def elsewhere(model: str) -> float:
        found = [score for (_, phenotype), score in validation.get(model, {}).items() if phenotype == assay[1]]
        known = [score for score in found if np.isfinite(score)]
        return float(np.mean(known)) if known else float("nan")

    for source, score in ((OWN, own), (OTHER_SCREENS, elsewhere), (TEST, test_score)):
        values = {model: score(model) for model in models}
        ranked = sorted((-value, model) for model, value in values.items() if np.isfinite(value))
        if ranked:
            return [model for _, model in ranked], source
    return [], TEST
