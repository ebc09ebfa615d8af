"""One page a screen: what its P-values are, and whether predicted interactions foretell them; pairs beside triples."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pipeline_lib.config.figures import P_VALUE_PAGE
from pipeline_lib.evaluation.tables.verdicts import Verdict
from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure
from pipeline_lib.reporting.figures import p_value_panels as panels
from pipeline_lib.reporting.figures.p_value_panels import Part, PValueTables
from pipeline_lib.reporting.names import ORDERS, in_order, screen_name, split_phrase

_ROWS = 6
_CHANCE = "no significant difference from chance"


def draw_page(
    screen: str, tables: PValueTables, model: str, rivals: Mapping[str, str], names: Mapping[str, str]
) -> Drawn:
    """Draw the page of one screen.

    Parameters
    ----------
    screen
        Its name.
    tables
        The tables of P-values of the run.
    model
        The model that the report is about.
    rivals
        What stands beside it: model by what it is called (``best baseline``, ``profile predictor``).
    names
        Standard by systematic gene name.
    """
    title = f"P-values of {screen_name(screen)} against predicted interactions"
    parts = _parts(screen, tables, model)
    if not parts:
        return empty_figure(
            f"{P_VALUE_PAGE}{screen}", title, f"{screen} has no P-values of pairs or triples.", style.ONE_COLUMN
        )
    width = style.TWO_COLUMNS if len(parts) > 1 else 0.62 * style.TWO_COLUMNS
    figure, axes = plt.subplots(_ROWS, len(parts), figsize=(width, 1.7 * _ROWS), squeeze=False)
    words = []
    for column, part in enumerate(parts):
        top = axes[:, column]
        panels.draw_histogram(top[0], part, tables)
        panels.draw_quantiles(top[1], part, tables)
        panels.draw_hits_of_queries(top[5], part, tables, names)
        if part.source:
            panels.draw_against_prediction(top[2], part, tables, model, names)
            panels.draw_deciles(top[3], part, tables, model)
            panels.draw_models(top[4], part, tables, model, rivals)
            words.append(f"{ORDERS[part.order]}: {answer(part.of(tables.correlations, model))}")
        else:
            for axis in top[2:5]:
                axis.axis("off")
                axis.text(0.5, 0.5, f"{model} predicts no {ORDERS[part.order]} genotype of it", ha="center")
            words.append(f"{ORDERS[part.order]}: no genotype of it is predicted in a test fold")
    split = next((part.split for part in parts if part.source), "")
    on_split = f" ({split_phrase(split)}, test fold)" if split else ""
    caption = (
        "From above: P-values as released and two-sided (1: what nulls give); observed against expected quantiles by "
        f"query (logarithmic above 10, as below); P-values against the prediction of {model}{on_split}, labelled: "
        "smallest P (blue), hits in the half predicted least negative and strong predictions with P > 0.5 (orange); "
        "share with two-sided P < 0.05 by decile of the prediction, with the base rate and bootstrap intervals; "
        "Spearman of predicted negative interactions with −log₁₀ P beside other models; share of hits of every query "
        f"with the binomial 95% band of the base rate. {'; '.join(words)}."
    )
    return Drawn(f"{P_VALUE_PAGE}{screen}", figure, title, caption, f"Panels of P-values. {'; '.join(words)}.")


def agreement_verdict(agreement: pd.DataFrame) -> Verdict:
    """Return whether a small P-value is predicted: 'win' by both measures, 'loss' where it is found elsewhere.

    Parameters
    ----------
    agreement
        `pipeline_lib.evaluation.p_values.schemas.P_VALUE_CORRELATIONS` of one model, split and assay.
    """
    rows = _measures(agreement)
    if rows is None or not np.isfinite([row[end] for row in rows for end in ("low", "high")]).all():
        return "undetermined"
    spearman, enrichment = rows
    if spearman["low"] > 0 and enrichment["low"] > 1:
        return "win"
    return "loss" if spearman["high"] < 0 and enrichment["low"] <= 1 else "level"


def answer(agreement: pd.DataFrame) -> str:
    """Say whether a small P-value is predicted at all, with the intervals that it rests on.

    Parameters
    ----------
    agreement
        `pipeline_lib.evaluation.p_values.schemas.P_VALUE_CORRELATIONS` of one model, split and assay.
    """
    rows = _measures(agreement)
    if rows is None:
        return "too few genotypes have both a P-value and a prediction"
    spearman, enrichment = rows
    numbers = (
        f"Spearman {spearman['value']:.2f}{_interval(spearman)}, first decile "
        f"{enrichment['value']:.2f} times the base rate{_interval(enrichment)}, n = {int(spearman['n']):,}"
    )
    one_of_two = spearman["low"] > 0 or enrichment["low"] > 1
    found = {
        "win": "a small P is predicted",
        "level": "a small P is predicted by one measure of two" if one_of_two else _CHANCE,
        "loss": "a small P is found where none is predicted",
        "undetermined": "too few queries for an answer",
    }
    return f"{found[agreement_verdict(agreement)]} ({numbers})"


def _measures(agreement: pd.DataFrame) -> "tuple[pd.Series, pd.Series] | None":
    """Return the two rows that an answer rests on; None where one is missing."""
    rows = {str(row["quantity"]): row for _, row in agreement.iterrows()}
    return (rows["spearman"], rows["enrichment"]) if {"spearman", "enrichment"} <= set(rows) else None


def _interval(row: pd.Series) -> str:
    return f" [{row['low']:.2f}, {row['high']:.2f}]" if np.isfinite([row["low"], row["high"]]).all() else ""


def _parts(screen: str, tables: PValueTables, model: str) -> list[Part]:
    """Return the orders of a screen that have P-values, each with the phenotype and source that most rows have."""
    parts = []
    released = tables.histogram[(tables.histogram["screen"] == screen) & (tables.histogram["sides"] == "two-sided")]
    for order in (order for order in ORDERS if order in set(released["order"])):
        chosen = tables.correlations
        chosen = chosen[(chosen["screen"] == screen) & (chosen["order"] == order) & (chosen["model"] == model)]
        if len(chosen):
            chosen = chosen[chosen["split"] == in_order(chosen["split"])[0]]
            own = chosen["source"].str.rpartition(" ")[0] == screen
            row = chosen.assign(own=own).sort_values(["own", "n"], ascending=False, kind="stable").iloc[0]
            parts.append(Part(screen, order, *(str(row[name]) for name in ("phenotype", "split", "source", "p_of"))))
        else:
            counts = released[released["order"] == order].groupby("phenotype")["count"].sum()
            phenotype = str(counts.idxmax())
            parts.append(Part(screen, order, phenotype, "", "", phenotype))
    return parts
