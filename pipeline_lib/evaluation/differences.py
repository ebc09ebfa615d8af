"""Paired differences between models: both on the same rows and the same resamples."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.stats import false_discovery_control

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.metrics import LOWER_IS_BETTER, NOT_COMPARED
from pipeline_lib.evaluation.scores import AssayKey, Extent, ScoreKey, Scores

BEST_BASELINE = "best_baseline"
REFERENCE = "reference"


def difference_rows(
    split: str, scores: dict[str, Scores], extents: dict[AssayKey, Extent], settings: EvaluationSettings
) -> list[dict[str, Any]]:
    """Return the differences of every model from the best baseline and from the reference models.

    The best baseline is chosen on the test fold itself, which favours it: a model that beats it does so against a
    lucky choice. Within one family (role, reference, split, screen, phenotype, metric) P-values are also turned into
    q-values after Benjamini and Hochberg.

    Returns
    -------
    list of dict
        Rows of `pipeline_lib.evaluation.schemas.DIFFERENCES`.
    """
    rows: list[dict[str, Any]] = []
    keys = dict.fromkeys(key for model in scores.values() for key in model if key[2] not in NOT_COMPARED)
    for key in keys:
        present = {model: values for model, values in scores.items() if key in values}
        best = best_baseline(present, key, settings.baselines)
        families = [(BEST_BASELINE, best)] if best is not None else []
        families += [(REFERENCE, name) for name in settings.references if name in present]
        for role, reference in families:
            rows += _family(split, key, role, reference, present, extents, settings)
    return rows


def best_baseline(scores: dict[str, Scores], key: ScoreKey, baselines: list[str]) -> str | None:
    """Return the baseline with the best value of a metric, the first by name among equals; None without one."""
    sign = -1.0 if key[2] in LOWER_IS_BETTER else 1.0
    ranked = sorted(
        (-sign * scores[model][key].value, model)
        for model in baselines
        if model in scores and np.isfinite(scores[model][key].value)
    )
    return ranked[0][1] if ranked else None


def _family(
    split: str,
    key: ScoreKey,
    role: str,
    reference: str,
    scores: dict[str, Scores],
    extents: dict[AssayKey, Extent],
    settings: EvaluationSettings,
) -> Iterator[dict[str, Any]]:
    others = [model for model in scores if model != reference]
    differences = [scores[model][key].minus(scores[reference][key]) for model in others]
    p_values = np.array([difference.p_value() for difference in differences])
    adjusted = np.full(len(p_values), np.nan)
    known = np.isfinite(p_values)
    if known.any():
        adjusted[known] = false_discovery_control(p_values[known], method="bh")
    screen, phenotype, metric = key
    extent = extents[screen, phenotype]
    for model, difference, p_value, q_value in zip(others, differences, p_values, adjusted, strict=True):
        low, high = difference.interval(settings.confidence)
        yield {
            "model": model, "reference": reference, "role": role, "split": split, "screen": screen,
            "phenotype": phenotype, "metric": metric, "value": difference.value, "low": low, "high": high,
            "p_value": float(p_value), "q_value": float(q_value), "n": extent.n, "groups": extent.groups,
            "lower_is_better": metric in LOWER_IS_BETTER,
        }  # fmt: skip
