"""Variants of a model against it, as a grid: one row a variant, one column a split of the leading assay."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline_lib.config.screens import POOLED
from pipeline_lib.evaluation.metrics.scores import leading_metric
from pipeline_lib.reporting.figures.leaderboard import leading_assay
from pipeline_lib.reporting.findings import VERBS, detectable_in_words, interval, number, seeds_in_words
from pipeline_lib.reporting.grid import Grid, GridCell, Scale, mark, scale_around_zero
from pipeline_lib.reporting.names import METRICS, assay_name, in_order, split_name, split_phrase


@dataclass(frozen=True)
class Elsewhere:
    """How the variants fare on the assays that the grid does not show."""

    differences: int
    better: int
    worse: int


def family_grid(family: pd.DataFrame, reference: str, name: str) -> Grid | None:
    """Return the paired differences of a family's variants on the leading assay; None without any.

    Parameters
    ----------
    family
        Paired differences between the variants and `reference` (`pipeline_lib.evaluation.tables.schemas.DIFFERENCES`).
    reference
        The model that each variant is compared with.
    name
        Of the grid.
    """
    rows = _leading_metrics(family)
    if rows.empty:
        return None
    screen, phenotype = leading_assay(rows)
    leading = rows[(rows["screen"] == screen) & (rows["phenotype"] == phenotype)]
    splits = in_order(leading["split"])
    scale = scale_around_zero(leading[["low", "value", "high"]].to_numpy(float).ravel(), f"difference from {reference}")
    models = sorted(leading["model"].unique(), key=lambda model: (len(model), model))
    cells = {(row["model"], row["split"]): _cell(row, reference, scale) for row in leading.to_dict("records")}
    metric = METRICS[leading_metric(phenotype)]
    return Grid(
        name,
        f"Variants less {reference}: {assay_name(screen, phenotype)}",
        f"Paired difference in {metric}; a verdict needs the whole interval on one side of zero and q < 0.05.",
        [split_name(split) for split in splits],
        [(str(model), [cells.get((model, split)) for split in splits]) for model in models],
        scale,
        {"model": "paired difference with its interval"},
    )


def _leading_metrics(family: pd.DataFrame) -> pd.DataFrame:
    return family[(family["screen"] != POOLED) & (family["metric"] == family["phenotype"].map(leading_metric))]


def elsewhere(family: pd.DataFrame) -> Elsewhere:
    """Count the differences on assays other than the leading one, and the verdicts on them."""
    rows = _leading_metrics(family)
    screen, phenotype = leading_assay(rows)
    others = rows[(rows["screen"] != screen) | (rows["phenotype"] != phenotype)]
    verdicts = others["verdict"].value_counts()
    return Elsewhere(len(others), int(verdicts.get("win", 0)), int(verdicts.get("loss", 0)))


def _cell(row: Mapping[Hashable, Any], reference: str, scale: Scale) -> GridCell:
    series = pd.Series(row)
    value = interval(series)
    words = (
        f"{row['model']}, {split_phrase(str(row['split']))}: {VERBS[row['verdict']]} {reference} by {value}"
        if row["verdict"] in ("win", "loss")
        else f"{row['model']}, {split_phrase(str(row['split']))}: {VERBS[row['verdict']]} {reference} ({value})"
    )
    words += f"; {seeds_in_words(series)}, q = {number(row['q_value'])}{detectable_in_words(series)}."
    marks = mark(scale, "model", value, row["value"], row["low"], row["high"])
    return GridCell(float(row["value"]), row["verdict"], tuple(marks), words)
