"""Paired differences between models: both on the same rows, the same resamples and, where they share them, seeds."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy.stats import false_discovery_control

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.intervals.estimates import Estimate, fold_seeds
from pipeline_lib.evaluation.metrics.scores import (
    LOWER_IS_BETTER,
    NOT_COMPARED,
    AssayKey,
    Extent,
    ScoreKey,
    Scores,
    leading_metric,
)
from pipeline_lib.evaluation.tables.validation import rank_models
from pipeline_lib.evaluation.tables.verdicts import verdict

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
            variants = _variants(model, reference)
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


def _variants(model: str, reference: str) -> bool:
    """Tell whether one is the other with one part changed, as their names have it: ``clp_no_flux`` and ``clp``."""
    return model.startswith(f"{reference}_") or reference.startswith(f"{model}_")
