"""Paired differences between models on the same rows and resamples, their verdicts, and the best baseline."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control
from sklearn.metrics import average_precision_score

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.evaluation.folds import call_score, locate
from pipeline_lib.evaluation.intervals.estimates import Estimate, fold_seeds
from pipeline_lib.evaluation.measurements import Measurements
from pipeline_lib.evaluation.metrics.scores import (
    LOWER_IS_BETTER,
    NOT_COMPARED,
    AssayKey,
    Extent,
    ScoreKey,
    Scores,
    leading_metric,
)
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


FALSE_DISCOVERY_RATE = 0.05
"""q-value below which a difference counts, over the comparisons that are read together."""

EQUIVALENT = 1e-4
"""Size below which a difference is rounding: two models whose interval lies within it are the same model."""

Verdict = Literal["win", "level", "loss", "undetermined"]
"""Better; no significant difference; worse; too few clusters or no metric to say anything."""

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


def verdict(low: float, high: float, q_value: float, *, lower_is_better: bool = False) -> Verdict:
    """Return the verdict on a model, given its paired difference from a reference.

    A win or a loss needs both: the whole interval [`low`, `high`] on one side of zero, and a q-value below
    `FALSE_DISCOVERY_RATE` over the family of comparisons. A difference whose interval lies within `EQUIVALENT` of zero
    is level, however sure it is.
    """
    if not np.isfinite([low, high, q_value]).all():
        return "undetermined"
    if lower_is_better:
        low, high = -high, -low
    if q_value < FALSE_DISCOVERY_RATE and (low > 0 or high < 0) and max(-low, high) >= EQUIVALENT:
        return "win" if low > 0 else "loss"
    return "level"


BEST_BASELINE = "best_baseline"
REFERENCE = "reference"

SeedScores = Mapping[int, Scores]
"""Every score of one model on one split, by seed."""


def difference_rows(
    split: str,
    scores: Mapping[str, SeedScores],
    validation: Mapping[str, Mapping[AssayKey, float]],
    extents: Mapping[AssayKey, Extent],
    settings: EvaluationSettings,
) -> list[dict[str, Any]]:
    """Return the differences of every model from the best baseline and from the reference models.

    The best baseline of an assay is the one with the best leading metric on the validation fold, whatever metric is
    compared; it is itself held against the next best. Within one family (role, reference, split, screen, phenotype,
    metric) P-values are also turned into q-values after Benjamini and Hochberg.

    Parameters
    ----------
    split
        The split that the scores are of.
    scores
        By model and seed, the scores on the test fold.
    validation
        By model, the leading metric of every assay on the validation fold, mean over seeds.
    extents
        Rows and clusters of every assay.
    settings
        Baselines, references, confidence.

    Returns
    -------
    list of dict
        Rows of `pipeline_lib.evaluation.tables.schemas.DIFFERENCES`.
    """
    rows: list[dict[str, Any]] = []
    keys = dict.fromkeys(
        key for seeds in scores.values() for model in seeds.values() for key in model if key[2] not in NOT_COMPARED
    )
    for key in keys:
        present = {model: by_seed for model, seeds in scores.items() if (by_seed := _of_key(seeds, key))}
        ranked, chosen_on = ranked_baselines(present, validation, scores, key, settings)
        # The best baseline is often a reference too.
        known: dict[tuple[str, str], tuple[Estimate, int, int]] = {}
        if ranked:
            pairs = [(model, ranked[0]) for model in present if model != ranked[0]]
            pairs += [(ranked[0], other) for other in ranked[1:2]]
            rows += _family(split, key, BEST_BASELINE, chosen_on, pairs, present, known, extents, settings)
        for reference in settings.references:
            if reference in present:
                pairs = [(model, reference) for model in present if model != reference]
                rows += _family(split, key, REFERENCE, "", pairs, present, known, extents, settings)
    return rows


def ranked_baselines(
    present: Mapping[str, Mapping[int, Estimate]],
    validation: Mapping[str, Mapping[AssayKey, float]],
    scores: Mapping[str, SeedScores],
    key: ScoreKey,
    settings: EvaluationSettings,
) -> tuple[list[str], str]:
    """Return the baselines that have a metric, the best of the assay first, and what they were ranked on."""
    screen, phenotype, _ = key
    leading = screen, phenotype, leading_metric(phenotype)

    def on_test(model: str) -> float:
        values = [estimate.value for estimate in _of_key(scores[model], leading).values()]
        return float(np.mean(values)) if values else float("nan")

    baselines = [model for model in settings.baselines if model in present]
    return rank_models(validation, (screen, phenotype), baselines, on_test)


def seed_difference(
    ours: Mapping[int, Estimate], theirs: Mapping[int, Estimate], *, variants: bool
) -> tuple[Estimate, int, int]:
    """Return the difference of two models, and how many seeds of each it rests on.

    Seeds that both have are paired, so that what a seed does to both (its folds of noise, its order of batches) falls
    out, and the variance of the paired differences between seeds is in the interval. Without two shared seeds the
    means of both are compared, with the variance of each between seeds; but `variants` of one model are compared on
    equal seeds alone, one if they share no more.

    Parameters
    ----------
    ours, theirs
        The estimates by seed, all on the same resamples.
    variants
        Whether one of the models is the other with one part changed.
    """
    shared = sorted(ours.keys() & theirs.keys())
    if len(shared) > 1 or (shared and variants):
        return fold_seeds([ours[seed].minus(theirs[seed]) for seed in shared]), len(shared), len(shared)
    both = fold_seeds(list(ours.values())).minus(fold_seeds(list(theirs.values())))
    return both, len(ours), len(theirs)


def _of_key(seeds: SeedScores, key: ScoreKey) -> dict[int, Estimate]:
    return {seed: scores[key] for seed, scores in seeds.items() if key in scores}


def _family(
    split: str,
    key: ScoreKey,
    role: str,
    chosen_on: str,
    pairs: list[tuple[str, str]],
    scores: Mapping[str, Mapping[int, Estimate]],
    known: dict[tuple[str, str], tuple[Estimate, int, int]],
    extents: Mapping[AssayKey, Extent],
    settings: EvaluationSettings,
) -> Iterator[dict[str, Any]]:
    for model, reference in pairs:
        if (model, reference) not in known:
            variants = are_variants(model, reference)
            known[model, reference] = seed_difference(scores[model], scores[reference], variants=variants)
    found = [known[pair] for pair in pairs]
    p_values = np.array([difference.p_value() for difference, _, _ in found])
    screen, phenotype, metric = key
    extent, lower_is_better = extents[screen, phenotype], metric in LOWER_IS_BETTER
    parts = zip(pairs, found, p_values, q_values(p_values), strict=True)
    for (model, reference), (difference, seeds, reference_seeds), p_value, q_value in parts:
        low, high = difference.interval(settings.confidence)
        yield {
            "model": model,
            "reference": reference,
            "role": role,
            "chosen_on": chosen_on,
            "split": split,
            "screen": screen,
            "phenotype": phenotype,
            "metric": metric,
            "value": difference.value,
            "low": low,
            "high": high,
            "p_value": float(p_value),
            "q_value": float(q_value),
            "verdict": verdict(low, high, float(q_value), lower_is_better=lower_is_better),
            "detectable": difference.detectable(settings.confidence),
            "seeds": seeds,
            "reference_seeds": reference_seeds,
            "n": extent.n,
            "groups": extent.groups,
            "lower_is_better": lower_is_better,
        }


def q_values(p_values: np.ndarray) -> np.ndarray:
    """Return q-values [m] after Benjamini and Hochberg (1995); NaN where there is no P-value."""
    adjusted = np.full(len(p_values), np.nan)
    known = np.isfinite(p_values)
    if known.any():
        adjusted[known] = false_discovery_control(p_values[known], method="bh")
    return adjusted


def are_variants(model: str, reference: str) -> bool:
    """Return whether one is the other with one part changed, as their names have it: ``clp_no_flux`` and ``clp``."""
    return model.startswith(f"{reference}_") or reference.startswith(f"{model}_")
