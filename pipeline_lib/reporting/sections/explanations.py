"""Why the strongest metabolic interactions are there."""

import pandas as pd

from pipeline_lib.artefacts.flux_balance import BLOCKED, REACTION, SHORT, SUPPLEMENT
from pipeline_lib.reporting.html import Section
from pipeline_lib.reporting.html_table import html_table
from pipeline_lib.reporting.run_folder import RunFolder

_DISPLAYED = 4
"""Reactions, metabolites or helpers that one cell names."""
_WHY = (
    "interactions of metabolic genes that are strongest in both the measurement and flux balance, of one sign in "
    "both. For each: the reactions that the deletions block, the constituents of biomass that run short (with the "
    "share that is left of the wild type's production), and what restores growth (with the fitness then): a "
    "supplement that the medium lacks, at 1 mmol/gDW/h, or one of the blocked reactions."
)


def explanations(run: RunFolder) -> Section:
    """Return the section on why the strongest measured and predicted interactions are there."""
    key, title = "why", "Why: metabolic interactions explained"
    if not run.has("explanations"):
        return Section(key, title, absent="this run was made by a version that did not explain them; run it again.")
    table = run.table("explanations")
    if table.empty:
        why = "no measured interaction of metabolic genes has one of the same sign in flux balance."
        return Section(key, title, absent=why)
    one_each = table.drop_duplicates(["order", "rank"]).reset_index(drop=True)
    genes = run.gene_names
    named, links = genes.columns(one_each["genes"])
    findings = summaries(table)
    about = one_each[["screen", "phenotype", "measured", "predicted", "fitness", "medium"]]
    every_gene = [" ".join(map(genes.label, members)) for members in table["genes"]]
    details = table[["order", "rank"]].assign(genes=every_gene)
    details = pd.concat([details, table[["finding", "id", "name", "value"]]], axis=1)
    return Section(
        key,
        title,
        [
            f"{len(one_each)} {_WHY}",
        ],
        [],
        [
            html_table(
                "explained",
                "Interactions and what explains them",
                pd.concat([named, about, findings], axis=1),
                labels={"predicted": "predicted (ε or τ)", "fitness": "fitness by flux balance"},
                links=links,
                folded=False,
            ),
            html_table(
                "explanations",
                "Every finding",
                details,
                filters={"order": "", "finding": ""},
                labels={"value": "value (flux mmol/gDW/h, share or fitness)"},
            ),
        ],
    )


def summaries(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row an interaction of what is blocked, what runs short and what rescues, in words.

    Parameters
    ----------
    table
        `pipeline_lib.artefacts.flux_balance.EXPLANATIONS`.
    """
    heads = {
        BLOCKED: "blocked",
        SHORT: "runs short",
        SUPPLEMENT: "rescued by supplement",
        REACTION: "rescued by reaction",
    }
    rows = []
    for _, found in table.groupby(["order", "rank"], sort=False):
        rows.append(
            {
                head: _listed(found[found["finding"] == finding], valued=finding != BLOCKED)
                for finding, head in heads.items()
            }
        )
    return pd.DataFrame(rows, columns=list(heads.values()))


def _listed(found: pd.DataFrame, *, valued: bool) -> str:
    """Return the first few names, with their values where these are shares; 'none' where there is nothing."""
    first = found.head(_DISPLAYED)
    words = [
        f"{name} ({value:.2f})" if valued else str(name)
        for name, value in zip(first["name"], first["value"], strict=True)
    ]
    more = len(found) - len(first)
    return ", ".join(words) + (f" and {more} more" if more else "") if words else "none"
