"""The tabs and their sections in the order of the page, from the first screen to the look-up of a gene."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.evaluation.ceilings.noise_ceiling import ceiling_of
from pipeline_lib.evaluation.metrics.scores import leading_metric
from pipeline_lib.evaluation.tables.scoreboard import counts_sentence
from pipeline_lib.reporting.chart import Grid, GridCell, Mark, Scale, mark
from pipeline_lib.reporting.figures.leaderboard import leading_assay
from pipeline_lib.reporting.findings import (
    AT_BOUND,
    VERBS,
    detectable_in_words,
    interval,
    number,
    seeds_in_words,
    why_unknown,
)
from pipeline_lib.reporting.gene_pages import Inputs, gene_pages
from pipeline_lib.reporting.html import Fact, FirstScreen, Section, Tab
from pipeline_lib.reporting.names import METRICS, assay_name, in_order, split_name, split_phrase
from pipeline_lib.reporting.run_folder import RunFolder, reported_jobs, tested
from pipeline_lib.reporting.sections.comparison import (
    ablations,
    leaderboard,
    losses,
    pretraining,
    standing,
    weisfeiler_lehman,
)
from pipeline_lib.reporting.sections.data import datasets, metabolism, networks
from pipeline_lib.reporting.sections.flux_balance import essential_genes, explanations, media, subsystems
from pipeline_lib.reporting.sections.methods import limitations, methods, provenance
from pipeline_lib.reporting.sections.model import next_experiments, top_predictions, walk_through
from pipeline_lib.reporting.sections.p_values import calibration, calls, ceilings, p_value_pages, p_values


def gene_lookup(_: RunFolder) -> Section:
    """Return the section in which a gene is looked up."""
    about = (
        "Strongest measured partners of each screen, predictions of pairs and triples that were held out, suggestions, "
        "networks, reactions and features of one gene."
    )
    return Section("gene-lookup", "Look up a gene", [about], gene_pages=True)


def gene_data(run: RunFolder) -> str:
    """Return what the page looks up, packed."""
    jobs = reported_jobs(run.jobs, run.model)
    observations = run.observations
    return gene_pages(
        Inputs(
            genes=run.table("genes"),
            names=run.gene_names,
            observations=observations,
            edges=run.table("edges"),
            reactions=run.table("reactions"),
            complexes=run.table("complexes"),
            predicted=tested(jobs, observations) if jobs else observations.head(0),
            untested=run.table("next_experiments"),
            features={path.stem: read_table(path) for path in run.feature_tables},
            model=run.model,
            split=jobs[0].split if jobs else "",
            units={name: screen.scores.unit or "" for name, screen in run.screens.items()},
        )
    )


TABS = (
    ("your-data", "Your data", (datasets, networks)),
    ("accuracy", "Accuracy", (standing, leaderboard, calls, ceilings)),
    ("p-values", "P-values", (p_values, p_value_pages)),
    ("metabolism", "Metabolism", (explanations, media, essential_genes, subsystems, metabolism)),
    ("predictions", "Predictions", (next_experiments, gene_lookup, top_predictions)),
    ("model", "Model", (ablations, pretraining, losses, weisfeiler_lehman, calibration, walk_through)),
    ("methods", "Methods", (limitations, methods, provenance)),
)


def all_tabs(run: RunFolder) -> list[Tab]:
    """Return every tab that the run has something for; the last one ends with what is left out and why."""
    tabs, reasons = [], []
    for key, title, sections in TABS:
        made = [section(run) for section in sections]
        reasons += [f"{section.title}: {section.absent}" for section in made if section.absent]
        displayed = [section for section in made if not section.absent]
        if displayed:
            tabs.append(Tab(key, title, displayed))
    if reasons:
        tabs[-1].sections.append(Section("left-out", "Left out", reasons, folded=True))
    return tabs


_LOWEST = -0.25
"""Correlations further below zero are put at the edge of a cell."""


def scoreboard_grids(board: pd.DataFrame) -> list[Grid]:
    """Return the grid of every comparison with the best baseline; none where nothing was compared.

    Parameters
    ----------
    board
        Rows of ``evaluation/scoreboard.parquet``.
    """
    if board.empty:
        return []
    splits = in_order(board["split"])
    lowest = board[["value", "baseline_value"]].min().min()
    scale = Scale(max(_LOWEST, min(0.0, float(lowest))), 1.0, _metrics(board))
    model = str(board["model"].iloc[0])
    rows = []
    for (screen, phenotype), part in board.groupby(["screen", "phenotype"]):
        cells = {split_name(row["split"]): _cell(row, scale) for row in part.to_dict("records")}
        called = " (AP)" if (part["metric"] == "average_precision").all() else ""
        rows.append((f"{assay_name(str(screen), str(phenotype))}{called}", cells))
    present = {_CEILINGS[bound] for bound in board.loc[board["ceiling"].notna(), "ceiling_bound"]}
    ceilings = {"ceiling": "noise ceiling", "lower": "its lower bound", "upper": "its upper bound"}
    kinds = {
        "model": model,
        "baseline": "best baseline",
        **{kind: words for kind, words in ceilings.items() if kind in present},
    }
    grid = Grid(
        "scoreboard",
        f"{model} and the best baseline on every screen and split",
        "Point at a cell for its numbers; choose it for every model behind it.",
        [split_name(split) for split in splits],
        rows,
        scale,
        kinds,
        table="leaderboard",
    )
    return [grid]


_CEILINGS = {"exact": "ceiling", "estimate": "ceiling", "lower bound": "lower", "upper bound": "upper"}
"""The looks of a ceiling."""


def _metrics(board: pd.DataFrame) -> str:
    return "Pearson correlation" + (", average precision (AP)" if (board["metric"] != "pearson").any() else "")


def _cell(row: Mapping[Hashable, Any], scale: Scale) -> GridCell:
    """Return one comparison: model, best baseline and noise ceiling."""
    model, baseline = str(row["model"]), str(row["baseline"])
    ours = pd.Series({"value": row["value"], "low": row["value_low"], "high": row["value_high"]})
    theirs = pd.Series({"value": row["baseline_value"], "low": row["baseline_low"], "high": row["baseline_high"]})
    difference = pd.Series({"value": row["difference"], "low": row["low"], "high": row["high"]})
    kind = _CEILINGS.get(str(row["ceiling_bound"]), "ceiling")
    ceiling = f"noise ceiling {AT_BOUND.get(str(row['ceiling_bound']), '')}{number(row['ceiling'])}"
    metric = METRICS[str(row["metric"])]
    marks: list[Mark] = [
        *mark(scale, kind, ceiling, row["ceiling"]),
        *mark(scale, "baseline", f"{baseline}: {interval(theirs)}", *theirs),
        *mark(scale, "model", f"{model}: {interval(ours)}", *ours),
    ]
    words = (
        f"{assay_name(str(row['screen']), str(row['phenotype']))}, {split_phrase(str(row['split']))}: {model} "
        f"{VERBS[row['verdict']]} {baseline}. {metric} {interval(ours)} against {interval(theirs)}; paired difference "
        f"{interval(difference)}; {seeds_in_words(row['seeds'], row['baseline_seeds'])}, q = {number(row['q'])}, "
        f"n = {int(row['n']):,}{detectable_in_words(row)}"
    )
    words += f"; {ceiling}." if any(one.kind == kind for one in marks) else "."
    chosen = {name: str(row[name]) for name in ("split", "screen", "phenotype", "metric")} | {"model": ""}
    return GridCell(float(row["value"]), row["verdict"], tuple(marks), words, chosen)


def first_screen(run: RunFolder) -> FirstScreen:
    """Return what a reader sees before the tabs."""
    board = run.named(run.scoreboard)
    return FirstScreen(
        run=str(run.configuration["run"]),
        verdict=counts_sentence(board, run.simulated),
        grids=scoreboard_grids(board),
        facts=facts(run),
    )


def facts(run: RunFolder) -> list[Fact]:
    """Return five facts: data, models, how good, how good it could be, what was checked."""
    screen, phenotype = leading_assay(run.leaderboard, run.simulated)
    screens = run.observations["screen"].nunique()
    others = run.leaderboard["model"].nunique() - (run.model in set(run.leaderboard["model"]))
    return [
        Fact("Measurements", f"{len(run.observations):,} in {screens} screen{'s' * (screens != 1)}"),
        Fact("Models", f"{run.model} and {others} others on the same folds"),
        Fact("Leading screen", _leading(run, screen, phenotype)),
        Fact("Noise ceiling of it", _ceiling(run, screen, phenotype)),
        Fact("Checks that hold", _checks(run)),
    ]


def _leading(run: RunFolder, screen: str, phenotype: str) -> str:
    """Return the score of the model on the easiest split of the leading assay."""
    metric = leading_metric(phenotype)
    board = run.leaderboard
    rows = board[
        (board["model"] == run.model)
        & (board["screen"] == screen)
        & (board["phenotype"] == phenotype)
        & (board["metric"] == metric)
    ]
    if rows["value"].isna().all():
        return f"{assay_name(screen, phenotype)}: {METRICS[metric]} unknown"
    split = in_order(rows["split"])[0]
    row = rows[rows["split"] == split].iloc[0]
    return f"{assay_name(screen, phenotype)}: {METRICS[metric]} {interval(row)}, {split_phrase(split)}"


def _ceiling(run: RunFolder, screen: str, phenotype: str) -> str:
    """Return the best Pearson correlation that the noise of the leading assay allows, and what bounds it."""
    splits = in_order(run.leaderboard["split"])
    best = ceiling_of(run.table("noise_ceiling"), screen, phenotype, splits[0] if splits else "")
    if not best.known:
        return f"none: {why_unknown(best)}"
    bound = AT_BOUND.get(best.bound, "")
    row = pd.Series({"value": best.value, "low": best.low, "high": best.high})
    return f"{bound}{interval(row) if best.low == best.low else number(best.value)}"


def _checks(run: RunFolder) -> str:
    """Return how many leakage checks and, of the network, invariants hold."""
    kept = run.leakage[run.leakage["kept_apart"]] if len(run.leakage) else run.leakage
    parts = [f"{int(kept['holds'].sum()) if len(kept) else 0} of {len(kept)} on leakage"]
    if run.has_clp:
        checks = run.json("walk_through")["checks"]
        parts.append(f"{sum(check['held'] for check in checks)} of {len(checks)} on the model")
    return ", ".join(parts)
