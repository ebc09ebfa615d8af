"""The one rule by which an interaction is called: its score beyond the screen's threshold, and its P-value below it.

Published (Costanzo et al. 2016; Kuzmin et al. 2018, 2020): |epsilon| > 0.08, or tau < -0.08, and the released one-sided
P < 0.05; BFG-GI (Diaz-Mejia et al. 2018): |epsilon| > 0.075 and a false discovery rate below 0.01. A score without a
P-value is called by no rule that needs one, and a screen without a rule has no calls.

In a simulated screen the truth is known, and calls follow it: a noise-free score beyond the threshold, whatever the
noise made of it.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.config.calls import CallThreshold
from pipeline_lib.evaluation.measurements import Measurements, two_sided

INTERACTIONS = ("interaction", "raw_interaction")


def comparable_p(
    p_value: NDArray[np.float64], sided: NDArray[np.float64], threshold: CallThreshold
) -> NDArray[np.float64]:
    """Return released P-values [n] as one-sided or two-sided as the threshold is.

    Parameters
    ----------
    p_value
        float64 [n] as released; a one-sided P is that of the score's own side.
    sided
        float64 [n]: 1 or 2; an unknown sidedness (NaN) counts as two-sided.
    threshold
        Its ``p_sided`` None: P-values stay as they were released.
    """
    if threshold.p_sided is None:
        return p_value
    return two_sided(p_value, sided) if threshold.p_sided == 2 else np.where(sided == 1, p_value, p_value / 2)


def significant(data: Measurements, threshold: CallThreshold) -> NDArray[np.bool_]:
    """Mark observations [n] whose P-value and false discovery rate lie below the thresholds that there are."""
    small = np.ones(len(data), dtype=bool)
    if threshold.p_value is not None:
        small &= comparable_p(data.p_call, data.p_sided, threshold) < threshold.p_value
    if threshold.fdr is not None:
        small &= data.fdr < threshold.fdr
    return small


def negative_calls(data: Measurements, threshold: CallThreshold) -> NDArray[np.bool_]:
    """Mark the negative interactions [n]."""
    score, certain = _called_on(data)
    low = score <= threshold.negative if threshold.inclusive else score < threshold.negative
    return np.asarray(low & (certain | significant(data, threshold)))


def positive_calls(data: Measurements, threshold: CallThreshold) -> NDArray[np.bool_]:
    """Mark the positive interactions [n]; none where the threshold has no positive side."""
    if threshold.positive is None:
        return np.zeros(len(data), dtype=bool)
    score, certain = _called_on(data)
    high = score >= threshold.positive if threshold.inclusive else score > threshold.positive
    return np.asarray(high & (certain | significant(data, threshold)))


def _called_on(data: Measurements) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the scores [n] that calls are made on, the truth where it is known, and where it is."""
    certain = np.isfinite(data.truth)
    return np.where(certain, data.truth, data.genotypes.value), certain


def called(data: Measurements, screen: str, phenotype: str) -> NDArray[np.bool_] | None:
    """Mark the observations [n] of one assay that are called negative or lethal; None where nothing is called.

    A phenotype 'call' is its own label (1: called); interactions are called by the threshold of their screen, where it
    has one. Fitness of 0 and 1 alone, as a list of essential genes has it, is called where it is 0; other fitness has
    no calls.
    """
    if phenotype == "call":
        return np.asarray(data.genotypes.value == 1)
    if phenotype == "fitness":
        dies = data.genotypes.value == 0
        return np.asarray(dies) if dies.any() and np.all(dies | (data.genotypes.value == 1)) else None
    threshold = data.scores_of(screen).calls
    return None if phenotype not in INTERACTIONS or threshold is None else negative_calls(data, threshold)


def rule_in_words(threshold: CallThreshold, side: str) -> str:
    """Return the rule of the 'negative' or the 'positive' side: ``value < -0.08 and one-sided P < 0.05``."""
    equal = "=" if threshold.inclusive else ""
    limit = threshold.negative if side == "negative" else threshold.positive
    score = f"value {'<' if side == 'negative' else '>'}{equal} {limit:g}"
    if threshold.p_value is not None:
        sided = {1: "one-sided ", 2: "two-sided ", None: "released "}[threshold.p_sided]
        score += f" and {sided}P < {threshold.p_value:g}"
    return score if threshold.fdr is None else f"{score} and false discovery rate < {threshold.fdr:g}"


def true_rule_in_words(threshold: CallThreshold, side: str) -> str:
    """Return the rule of a side in a simulated screen: ``true value < -0.08``."""
    return f"true {rule_in_words(threshold.model_copy(update={'p_value': None, 'fdr': None}), side)}"


def call_score(prediction: NDArray[np.float64], phenotype: str) -> NDArray[np.float64]:
    """Return scores [n] that are high where a negative interaction is predicted."""
    return prediction if phenotype == "call" else -prediction
