"""How every model ranks called interactions: over the whole fold, and within the top of each query."""

import matplotlib.pyplot as plt
import pandas as pd

from pipeline_lib.config.screens import POOLED
from pipeline_lib.reporting import style
from pipeline_lib.reporting.drawing import Drawn, empty_figure
from pipeline_lib.reporting.figures.forest import colours_in_words, forest
from pipeline_lib.reporting.names import METRICS, assay_name, in_order, split_phrase

_RANKING = ("average_precision", "precision_at_10_within_query")
_UNSEEN_QUERIES = "query_disjoint"
"""A lab follows predictions of queries that it has not screened yet."""


def draw_called_ranking(leaderboard: pd.DataFrame) -> Drawn:
    """Draw every model that scores the called interactions, with unseen queries where the run has them.

    Published calls are shown where a screen has them, else those that thresholds make of the largest screen.
    """
    name, title = "called_ranking", "Who finds called interactions?"
    rows = leaderboard[leaderboard["metric"].isin(_RANKING) & (leaderboard["screen"] != POOLED)]
    rows = rows[rows["phenotype"] == "call"] if (rows["phenotype"] == "call").any() else rows
    if rows.empty:
        return empty_figure(name, title, "No screen of this run has called interactions.", style.ONE_COLUMN)
    splits = in_order(rows["split"])
    split = _UNSEEN_QUERIES if _UNSEEN_QUERIES in splits else splits[0]
    rows = rows[rows["split"] == split]
    largest = rows.loc[rows["n"].idxmax()]
    screen, phenotype = str(largest["screen"]), str(largest["phenotype"])
    assay = (leaderboard["screen"] == screen) & (leaderboard["phenotype"] == phenotype)
    rows = rows[assay.loc[rows.index]]
    guess = leaderboard[assay & (leaderboard["split"] == split) & (leaderboard["metric"] == "prevalence")]["value"]
    height = 0.8 + 0.125 * rows["model"].nunique()
    metrics = [metric for metric in _RANKING if (rows["metric"] == metric).any()]
    figure, axes = plt.subplots(1, len(metrics), figsize=(style.TWO_COLUMNS, height), squeeze=False)
    for panel, metric in zip(axes.flat, metrics, strict=True):
        part = rows[rows["metric"] == metric]
        forest(panel, part)
        panel.set(xlabel=f"{METRICS[metric]} (clusters: {int(part['groups'].max()):,})")
        if len(guess):
            panel.axvline(guess.max(), color=style.INK, linestyle=":", linewidth=0.8)
    n = int(rows["n"].max())
    return Drawn(
        name,
        figure,
        f"{title} {assay_name(screen, phenotype)}",
        f"Test fold of the {split_phrase(split)}, n = {n:,}. Average precision is over the whole fold; precision at 10 "
        "a query is the mean over queries of the share of calls among the ten genotypes predicted strongest. Models "
        "that say the same of every genotype of a query get its share of calls, as a guess would. Dotted: the "
        f"prevalence. Bars are bootstrap intervals over queries or genes. {colours_in_words(rows['model'])}.",
        "Forest plots of average precision and of precision at 10 a query for every model.",
    )
