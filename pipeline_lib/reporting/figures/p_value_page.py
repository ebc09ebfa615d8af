"""One page a screen: what its P-values are, and whether predicted interactions foretell them; pairs beside triples."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pipeline_lib.config.figures import P_VALUE_PAGE
from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure
from pipeline_lib.reporting.figures import p_value_panels as panels
from pipeline_lib.reporting.figures.p_value_panels import Part, PValueTables
from pipeline_lib.reporting.names import ORDERS, in_order, screen_name, split_phrase

_ROWS = 6


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
        f"query (P below 1e-12 at the top); P-values against the prediction of {model}{on_split}, labelled: smallest P "
        "(blue), hits in the half predicted least negative and strong predictions with P > 0.5 (orange); share with "
        "two-sided P < 0.05 by decile of the prediction, with the base rate and bootstrap intervals; Spearman of "
        "predicted negative interactions with −log₁₀ P beside other models; share of hits of every query with the "
        f"binomial 95% band of the base rate. {'; '.join(words)}."
    )
    return Drawn(f"{P_VALUE_PAGE}{screen}", figure, title, caption, f"Panels of P-values. {'; '.join(words)}.")


def answer(agreement: pd.DataFrame) -> str:
    """Say whether a small P-value is predicted at all, with the intervals that it rests on.

    Parameters
    ----------
    agreement
        `pipeline_lib.evaluation.schemas.P_VALUE_CORRELATIONS` of one model, split and assay.
    """
    rows = {str(row["quantity"]): row for _, row in agreement.iterrows()}
    if not {"spearman", "enrichment"} <= set(rows):
        return "too few genotypes have both a P-value and a prediction"
    spearman, enrichment = rows["spearman"], rows["enrichment"]
    numbers = (
        f"Spearman {spearman['value']:.2f}{_interval(spearman)}, first decile "
        f"{enrichment['value']:.2f} times the base rate{_interval(enrichment)}, n = {int(spearman['n']):,}"
    )
    bounds = [bound for row in (spearman, enrichment) for bound in (row["low"], row["high"])]
    if not np.isfinite(bounds).all():
        return f"too few queries for an answer ({numbers})"
    above = [spearman["low"] > 0, enrichment["low"] > 1]
    if all(above):
        return f"a small P is predicted ({numbers})"
    if any(above):
        return f"a small P is predicted by one measure of two ({numbers})"
    if spearman["high"] < 0:
        return f"a small P is found where none is predicted ({numbers})"
    return f"no significant difference from chance ({numbers})"


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
