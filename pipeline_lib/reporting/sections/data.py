"""Datasets, metabolism and gene networks."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.genes.coverage import low_coverage
from pipeline_lib.reporting.html import Section
from pipeline_lib.reporting.html_table import HtmlTable, html_table
from pipeline_lib.reporting.run_folder import RunFolder

_CONDITIONS = {"as_built": "medium as built", "published_protocol": "published protocol"}


def datasets(run: RunFolder) -> Section:
    """Return the section on the screens."""
    rejected = run.table("rejected")
    counts = rejected.groupby(["screen", "reason"]).size().rename("rows").reset_index()
    counts = counts.sort_values("rows", ascending=False).head(200)
    coverage = run.table("gene_coverage")
    return Section(
        "datasets", "Datasets",
        [
            *screen_sentences(run.screens),
            "Every rejected row counts with its reason.",
            *filter(None, (low_coverage(row) for _, row in coverage.iterrows())),
        ],
        run.figures("datasets"),
        [
            html_table("screens", "Screens", run.table("screens_summary"), filters={"screen": ""}),
            html_table("gene_coverage", "Gene names that the gene table knows", coverage),
            html_table("rejected", "Rejected rows", counts),
            html_table("leakage", "What the folds of each split share", run.leakage, filters={"split": ""}),
        ],
        missing=run.missing("datasets"),
    )  # fmt: skip


def screen_sentences(screens: Mapping[str, ScreenSettings]) -> list[str]:
    """Say of every screen where it is from, and of an own one what its values are."""
    published = [name for name, screen in screens.items() if screen.scores.publication is not None]
    own = {name: screen for name, screen in screens.items() if screen.reader == "table"}
    simulated = [name for name in screens if name not in own and name not in published]
    sentences = []
    if published:
        sentences.append(
            f"{_listed(published)}: read by the reader of the publication into one table; P-values keep their "
            "sidedness."
        )
    if any(screens[name].reader.startswith("kuzmin") for name in published):
        sentences.append("The neutral control of the trigenic screens (hoΔ, YDL227C) is no deletion of interest.")
    if simulated:
        sentences.append(f"{_listed(simulated)}: simulated, written and read in the layout of a published screen.")
    sentences += [
        f"{name}: an own table; its values are of the phenotype '{screen.phenotype}', "
        + (f"in the unit '{screen.unit}'." if screen.unit else "and their unit is not stated.")
        for name, screen in own.items()
    ]
    return sentences


def _listed(names: list[str]) -> str:
    return ", ".join(names)


def metabolism(run: RunFolder) -> Section:
    """Return the section on the metabolic model."""
    reactions, subsystems = run.table("reactions"), run.table("subsystems")
    known, total = int(reactions["delta_g"].notna().sum()), len(reactions)
    essentiality = run.json("essentiality")
    paragraphs = [
        (
            f"The metabolic model has {total:,} reactions, {int(reactions['reversible'].sum()):,} of them reversible, "
            f"and {int((reactions['gene_rule'] == '').sum()):,} without a gene rule. Standard Gibbs energies are known "
            f"for {known:,} reactions; sentinels and blanks count as unknown."
        ),
        *essentiality_sentences(essentiality),
    ]
    tables = [html_table("subsystems", "Subsystems", subsystems.sort_values("reactions", ascending=False))]
    confusion = confusion_table(essentiality)
    return Section(
        "metabolism", "Metabolism", paragraphs, run.figures("metabolism"),
        [confusion, *tables] if confusion else tables, missing=run.missing("metabolism"),
    )  # fmt: skip


def essentiality_sentences(essentiality: dict[str, Any]) -> list[str]:
    """Hold predicted essential genes against the measured list, beside what the model's authors report."""
    conditions = essentiality["conditions"]
    if not conditions:
        return ["No list of essential genes is configured, so predicted essentiality is not held against measurement."]
    parts = []
    for name, result in conditions.items():
        mcc = "undefined" if result["mcc"] is None else f"{result['mcc']:.3f}"
        parts.append(
            f"{_CONDITIONS.get(name, name)}: accuracy {result['accuracy']:.3f}, Matthews correlation {mcc} "
            f"({result['genes']:,} genes)"
        )
    held = f"Genes that flux balance analysis predicts to be essential, against the measured list: {'; '.join(parts)}."
    published = essentiality["published"]
    if published is None:
        return [held]
    authors = (
        f"The authors of {published['model']} report accuracy {published['accuracy']:.3f} and Matthews correlation "
        f"{published['mcc']:.3f} ({published['note']})."
    )
    return [f"{held} {authors}"]


def confusion_table(essentiality: dict[str, Any]) -> HtmlTable | None:
    """Return the confusion table of predicted essentiality; None where nothing was measured."""
    rows = [
        {
            "condition": _CONDITIONS.get(name, name),
            "measured": measured,
            "predicted essential": result[f"{measured}_predicted_essential"],
            "predicted viable": result[f"{measured}_predicted_viable"],
        }
        for name, result in essentiality["conditions"].items()
        for measured in ("essential", "viable")
    ]
    return (
        html_table("essentiality", "Essential genes: predicted against measured", pd.DataFrame(rows)) if rows else None
    )


def networks(run: RunFolder) -> Section:
    """Return the section on the gene networks."""
    summary = run.table("networks_summary")
    if summary.empty:
        return Section("networks", "Networks", absent="this run has no gene networks.")
    genetic = summary.loc[summary["holds_genetic"], "network"].tolist()
    carried = (
        f"{', '.join(genetic)} hold genetic interactions, which can carry a screen's own labels: read every result on "
        "them beside the run without."
        if genetic
        else "None of this run's networks holds genetic interactions, which would carry a screen's own labels."
    )
    return Section(
        "networks", "Networks", [f"Each network is marked with the evidence it holds and its year. {carried}"],
        run.figures("networks"), [html_table("networks", "Networks", summary)], missing=run.missing("networks"),
    )  # fmt: skip
