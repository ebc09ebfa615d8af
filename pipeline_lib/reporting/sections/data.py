"""Datasets, metabolism and gene networks."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pipeline_lib.artefacts.schemas import ENERGY_UNIT
from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.genes.gene_tables import low_coverage
from pipeline_lib.reporting.html import HtmlTable, Section, html_table
from pipeline_lib.reporting.run_folder import RunFolder

_CONDITIONS = {"as_built": "medium as built", "published_protocol": "published protocol"}


def datasets(run: RunFolder) -> Section:
    """Return the section on the screens."""
    rejected = run.table("rejected")
    counts = rejected.groupby(["screen", "reason"]).size().rename("rows").reset_index()
    counts = counts.sort_values("rows", ascending=False).head(200)
    coverage = run.table("gene_coverage")
    identity = run.table("trigenic_identity")
    description = str(run.configuration["description"])
    return Section(
        "datasets",
        "Screens",
        [
            *([description] if description else []),
            *screen_sentences(run.screens),
            *query_sentences(run.table("screens_summary")),
            *identity_sentences(identity),
            *filter(None, (low_coverage(row) for _, row in coverage.iterrows())),
        ],
        run.figures("datasets"),
        [
            html_table("screens", "Screens in numbers", run.table("screens_summary"), filters={"screen": ""}),
            html_table(
                "trigenic_identity",
                "Trigenic scores, recomputed from raw score and control screens",
                identity.groupby(["screen", "status"]).size().rename("rows").reset_index(),
            ),
            html_table("gene_coverage", "Gene names that the gene table knows", coverage),
            html_table("rejected", "Rejected rows, each with its reason", counts),
            html_table("leakage", "What the folds of each split share", run.leakage, filters={"split": ""}),
        ],
    )


def query_sentences(summary: pd.DataFrame) -> list[str]:
    """Say which screens hold rows whose query nobody knows, or P-values that are means of several.

    Parameters
    ----------
    summary
        ``tables/screens_summary.parquet``.
    """
    counted = {
        "missing_query": "Rows of two or three deleted genes that name no query are left out of numbers by query",
        "averaged_p_value": "P-values that are means of several are left out of the statistics of P-values",
    }
    sentences = []
    for quantity, words in counted.items():
        rows = summary[(summary["quantity"] == quantity) & (summary["value"] > 0)]
        # Single mutants and screens without strains have no query at all.
        rows = rows[rows["value"] < rows["n"]]
        if len(rows):
            named = ", ".join(f"{row.screen} {row.value:,.0f}" for row in rows.sort_values("screen").itertuples())
            sentences.append(f"{words}: {named}.")
    return sentences


def identity_sentences(identity: pd.DataFrame) -> list[str]:
    """Say how many released trigenic scores equal their raw score less what their control screens explain.

    Parameters
    ----------
    identity
        `pipeline_lib.artefacts.schemas.TRIGENIC_IDENTITY`.
    """
    sentences = []
    for screen, rows in identity.groupby("screen"):
        counts = rows["status"].value_counts()
        recomputed = int(counts.get("agrees", 0) + counts.get("differs", 0))
        if recomputed:
            share = counts.get("agrees", 0) / recomputed
            sentences.append(
                f"{screen}: τ = raw ε − ε_ik f_j − ε_jk f_i holds within 1e-4 in {share:.1%} of the {recomputed:,} "
                f"trigenic scores whose control screens are there ({len(rows):,} in all); those that differ are kept."
            )
        else:
            sentences.append(
                f"{screen}: none of {len(rows):,} trigenic scores can be recomputed from its definition: the "
                "table lacks raw scores or control screens."
            )
    return sentences


def screen_sentences(screens: Mapping[str, ScreenSettings]) -> list[str]:
    """Say of every screen where it is from, and of an own one what its values are."""
    published = [name for name, screen in screens.items() if screen.scores.publication is not None]
    simulated = [name for name, screen in screens.items() if screen.simulation]
    own = {name: screen for name, screen in screens.items() if name not in {*published, *simulated}}
    sentences = []
    if published:
        sentences.append(
            f"{_listed(published)}: published screens, read into one table; a one-sided P-value stays one-sided."
        )
    if any(screens[name].reader.startswith("kuzmin") for name in published):
        sentences.append("The neutral control of the trigenic screens (hoΔ, YDL227C) does not count as a deletion.")
    if simulated:
        sentences.append(f"{_listed(simulated)}: simulated, written and read in the layout of a published screen.")
    sentences += [
        f"{name}: an own table; its values are of the phenotype '{screen.phenotype}'" + _in_unit(screen)
        for name, screen in own.items()
    ]
    return sentences


def _in_unit(screen: ScreenSettings) -> str:
    """Return the end of the sentence that states what the values of an own table are measured in."""
    if screen.unit:
        return f", in the unit '{screen.unit}'."
    return "." if screen.phenotype == "call" else ", and their unit is not stated."


def _listed(names: list[str]) -> str:
    return ", ".join(names)


def metabolism(run: RunFolder) -> Section:
    """Return the section on the metabolic model."""
    reactions, subsystems = run.table("reactions"), run.table("subsystems")
    energies = run.table("energies")
    known, total = int(reactions["delta_g"].notna().sum()), len(reactions)
    essentiality = run.json("essentiality")
    paragraphs = [
        (
            f"The metabolic model has {total:,} reactions, {int(reactions['reversible'].sum()):,} of them reversible, "
            f"and {int((reactions['gene_rule'] == '').sum()):,} without a gene rule. Standard Gibbs energies are known "
            f"for {known:,} reactions, in {ENERGY_UNIT}; sentinels and blanks count as unknown."
        ),
        *implausible_sentences(energies),
        *essentiality_sentences(essentiality),
    ]
    tables = [
        html_table(
            "subsystems",
            "Subsystems",
            subsystems.sort_values("reactions", ascending=False),
            labels={"median_absolute_residual": f"median absolute residual, {ENERGY_UNIT}"},
        ),
        _implausible_table(energies, reactions),
    ]
    confusion = confusion_table(essentiality)
    return Section(
        "metabolic-model",
        "The metabolic model",
        paragraphs,
        run.figures("metabolism"),
        [confusion, *tables] if confusion else tables,
    )


def implausible_sentences(energies: pd.DataFrame) -> list[str]:
    """Say how many energies are larger than that of any reaction.

    Parameters
    ----------
    energies
        ``metabolism/energies.parquet``.
    """
    count = int(energies["implausible"].sum())
    if not count:
        return []
    words = "reaction has a Gibbs energy" if count == 1 else "reactions have Gibbs energies"
    sentence = (
        f"{count} {words} larger than any reaction's (beyond 200 {ENERGY_UNIT}, and 115 more for each O2); "
        "the column 'implausible' of metabolism/energies.parquet marks them. Where the sum over metabolites gives the "
        "same, the energy of a metabolite is at fault."
    )
    return [sentence]


def _implausible_table(energies: pd.DataFrame, reactions: pd.DataFrame) -> HtmlTable:
    """Return the table of implausible energies, the largest first."""
    rows = energies[energies["implausible"]]
    names = reactions.set_index("id")["name"].reindex(rows["id"]).to_numpy()
    displayed = rows[["id", "subsystem", "delta_g", "from_metabolites_without_protons"]].assign(name=names)
    displayed = displayed.sort_values("delta_g", key=abs, ascending=False)[["id", "name", *displayed.columns[1:4]]]
    labels = {
        "delta_g": f"Gibbs energy, {ENERGY_UNIT}",
        "from_metabolites_without_protons": f"sum over metabolites, {ENERGY_UNIT}",
    }
    return html_table("implausible_energies", "Implausible Gibbs energies", displayed, labels=labels)


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
        "networks",
        "Networks",
        [carried],
        run.figures("networks"),
        [html_table("networks", "Networks: evidence and year", summary)],
    )
