"""Verdicts on paired differences between two models."""

from typing import Literal, get_args

import numpy as np

FALSE_DISCOVERY_RATE = 0.05
"""q-value below which a difference counts, over the comparisons that are read together."""

Verdict = Literal["win", "level", "loss", "undetermined"]
"""Better; no significant difference; worse; too few clusters or no metric to say anything."""

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


def verdict(low: float, high: float, q_value: float, *, lower_is_better: bool = False) -> Verdict:
    """Return the verdict on a model, given its paired difference from a reference.

    A win or a loss needs both: the whole interval [`low`, `high`] on one side of zero, and a q-value below
    `FALSE_DISCOVERY_RATE` over the family of comparisons.
    """
    if not np.isfinite([low, high, q_value]).all():
        return "undetermined"
    if lower_is_better:
        low, high = -high, -low
    if q_value < FALSE_DISCOVERY_RATE and (low > 0 or high < 0):
        return "win" if low > 0 else "loss"
    return "level"
