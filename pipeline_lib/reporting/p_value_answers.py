"""Whether a small P-value is predicted: the verdict on a model, split and assay, and its sentence with intervals."""

import numpy as np
import pandas as pd

from pipeline_lib.evaluation.p_values.nulls import NOMINAL
from pipeline_lib.evaluation.p_values.predicted import MINIMUM_HITS, headline
from pipeline_lib.evaluation.tables.differences import Verdict

_CHANCE = "no significant difference from chance"


def agreement_verdict(agreement: pd.DataFrame) -> Verdict:
    """Return whether a small P-value is predicted: 'win' by both measures, 'loss' where it is found elsewhere.

    A measure shows something where its whole interval lies on one side of chance and its P-value is below 0.05; neither
    does with fewer than `MINIMUM_HITS` hits.

    Parameters
    ----------
    agreement
        `pipeline_lib.evaluation.tables.schemas.P_VALUE_CORRELATIONS` of one model, split and assay.
    """
    rows = _measures(agreement)
    if rows is None or _unanswered(*rows):
        return "undetermined"
    spearman, enrichment = rows
    more = _above(enrichment, 1)
    if _above(spearman, 0) and more:
        return "win"
    below = spearman["high"] < 0 and spearman["p_value"] < NOMINAL
    return "loss" if below and not more else "level"


def _above(row: pd.Series, chance: float) -> bool:
    """Return whether a measure is above chance by its interval and its P-value."""
    return bool(row["low"] > chance and row["p_value"] < NOMINAL)


def _unanswered(spearman: pd.Series, enrichment: pd.Series) -> str:
    """Return why two measures give no verdict; empty where they do."""
    if np.isnan(spearman["value"]):
        return "the same is predicted for every genotype"
    if spearman["hits"] < MINIMUM_HITS:
        return f"fewer than {MINIMUM_HITS} genotypes with P < 0.05"
    known = np.isfinite([row[end] for row in (spearman, enrichment) for end in ("low", "high")]).all()
    return "" if known else "too few queries for an answer"


def answer(agreement: pd.DataFrame) -> str:
    """Say whether a small P-value is predicted at all, with the intervals that it rests on.

    Parameters
    ----------
    agreement
        `pipeline_lib.evaluation.tables.schemas.P_VALUE_CORRELATIONS` of one model, split and assay.
    """
    rows = _measures(agreement)
    if rows is None:
        return "too few genotypes have both a P-value and a prediction"
    spearman, enrichment = rows
    numbers = (
        f"Spearman {spearman['value']:.2f}{_interval(spearman)}, first decile "
        f"{enrichment['value']:.2f} times the base rate{_interval(enrichment)}, "
        f"{int(spearman['hits']):,} P < 0.05 of n = {int(spearman['n']):,}"
    )
    one_of_two = _above(spearman, 0) or _above(enrichment, 1)
    found = {
        "win": "a small P is predicted",
        "level": "a small P is predicted by one measure of two" if one_of_two else _CHANCE,
        "loss": "a small P is found where none is predicted",
        "undetermined": _unanswered(spearman, enrichment),
    }
    return f"{found[agreement_verdict(agreement)]} ({numbers})"


def _measures(agreement: pd.DataFrame) -> "tuple[pd.Series, pd.Series] | None":
    """Return the two rows that an answer rests on; None where one is missing."""
    rows = {str(row["quantity"]): row for _, row in headline(agreement).iterrows()}
    return (rows["spearman"], rows["enrichment"]) if {"spearman", "enrichment"} <= set(rows) else None


def _interval(row: pd.Series) -> str:
    return f" [{row['low']:.2f}, {row['high']:.2f}]" if np.isfinite([row["low"], row["high"]]).all() else ""
