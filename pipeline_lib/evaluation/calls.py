"""What counts as a called interaction."""

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.config.evaluation import CallThreshold, EvaluationSettings
from pipeline_lib.evaluation.measurements import Measurements

INTERACTIONS = ("interaction", "raw_interaction")


def threshold_of(screen: str, settings: EvaluationSettings) -> CallThreshold:
    """Return the published threshold in the units of `screen`."""
    return settings.screen_calls.get(screen, settings.calls)


def significant(p_value: NDArray[np.float64], threshold: CallThreshold) -> NDArray[np.bool_]:
    """Mark P-values [n] below the threshold; where none is known (NaN) or asked for, the value alone decides."""
    if threshold.p_value is None:
        return np.ones(len(p_value), dtype=bool)
    return np.isnan(p_value) | (p_value < threshold.p_value)


def negative_calls(
    value: NDArray[np.float64], p_value: NDArray[np.float64], threshold: CallThreshold
) -> NDArray[np.bool_]:
    """Mark the negative interactions [n] among scores and their two-sided P-values (NaN: unknown)."""
    low = value <= threshold.negative if threshold.inclusive else value < threshold.negative
    return np.asarray(low & significant(p_value, threshold))


def positive_calls(
    value: NDArray[np.float64], p_value: NDArray[np.float64], threshold: CallThreshold
) -> NDArray[np.bool_]:
    """Mark the positive interactions [n] among scores and their two-sided P-values (NaN: unknown)."""
    high = value >= threshold.positive if threshold.inclusive else value > threshold.positive
    return np.asarray(high & significant(p_value, threshold))


def called(data: Measurements, screen: str, phenotype: str, settings: EvaluationSettings) -> NDArray[np.bool_] | None:
    """Mark the observations [n] of one assay that are called negative interactions; None where nothing is called.

    A phenotype 'call' is its own label (1: called); interactions are called by the threshold of their screen;
    fitness has no calls.
    """
    if phenotype == "call":
        return np.asarray(data.genotypes.value == 1)
    if phenotype in INTERACTIONS:
        return negative_calls(data.genotypes.value, data.p_call, threshold_of(screen, settings))
    return None


def call_score(prediction: NDArray[np.float64], phenotype: str) -> NDArray[np.float64]:
    """Return scores [n] that are high where a negative interaction is predicted."""
    return prediction if phenotype == "call" else -prediction
