"""Flux balance beside measurements, and why the strongest metabolic interactions are there."""

import pandas as pd

from pipeline_lib.artefacts.schemas import BLOCKED, REACTION, SHORT, SUPPLEMENT
from pipeline_lib.reporting.figures.flux_balance import predictor_labels
from pipeline_lib.reporting.html import Section, html_table
from pipeline_lib.reporting.run_folder import RunFolder

_NOT_MADE = "this run was made by a version that did not compare it; run it again."
_INTERVAL = {"value": "value", "low": "95 % from", "high": "to"}
_DIFFERENCE = {
    "difference": "difference",
    "difference_low": "95 % from (difference)",
    "difference_high": "to (difference)",
}
_MEASURES = {
    "mcc": "Matthews correlation",
    "auroc": "AUROC",
    "average_precision": "average precision",
    "pearson": "Pearson correlation",
    "spearman": "Spearman correlation",
}

_MEDIA = (
    "Growth of every single deletion by flux balance on each named medium, against the essential genes (lethal below "
    "1e-6 of the wild type's growth) and against the measured fitness of deletions of metabolic genes. Differences "
    "are paired by gene, to the model's own medium."
)
_ESSENTIAL = (
    "Flux balance predicts by growth alone and learns nothing. Gradient boosted trees predict genes, or whole enzyme "
    "complexes, that training did not see; phenotypes of deletion mutants, annotations and descriptions are not among "
    "their features, for they rest on which mutants live. Differences are paired by gene, to the trees on growth "
    "alone."
)
_SUBSYSTEMS = (
    "Correlation of flux balance, on the medium of the screen, with measured fitness and interactions of genotypes "
    "whose genes are all metabolic. A genotype counts in every subsystem that one of its genes serves; intervals are "
    "over genes. No value: flux balance predicts an effect of fewer than five."
)


def media(run: RunFolder) -> Section:
    """Return the section on what each medium agrees with."""
    key, title = "media", "Media against measurements"
    if not run.has("media_benchmark"):
        return Section(key, title, absent=_NOT_MADE)
    table = run.table("media_benchmark")
    if table.empty:
        return Section(key, title, absent="neither essential genes nor fitness of metabolic deletions is measured.")
    columns = ["data", "measure", "medium", *_INTERVAL, *_DIFFERENCE, "genes", "wild_type_growth"]
    displayed = table[columns].assign(measure=table["measure"].map(_MEASURES))
    labels = {**_INTERVAL, **_DIFFERENCE, "wild_type_growth": "growth of the wild type, 1/h"}
    return Section(
        key,
        title,
        [
            _MEDIA,
            *best_media(table),
        ],
        run.figures("flux_balance", "media_agreement"),
        [html_table("media_benchmark", "Media", displayed, labels=labels, filters={"data": "", "measure": ""})],
    )


def best_media(table: pd.DataFrame) -> list[str]:
    """Say on which medium growth agrees best with each measurement, and by how much better than on the model's own.

    Parameters
    ----------
    table
        `pipeline_lib.artefacts.schemas.MEDIA_BENCHMARK`.
    """
    sentences = []
    compared = table[table["measure"].isin(["mcc", "pearson"])].dropna(subset="value")
    for (data, measure), rows in compared.groupby(["data", "measure"], sort=False):
        best = rows.nlargest(1, "value").iloc[0]
        sentences.append(
            f"{data} ({int(best['genes']):,} genes): the highest {_MEASURES[str(measure)]} is {_with_interval(best)}, "
            f"on {best['medium']}; difference to the model's own medium {best['difference']:.3f} "
            f"({best['difference_low']:.3f} to {best['difference_high']:.3f})."
        )
    return sentences


def essential_genes(run: RunFolder) -> Section:
    """Return the section on predictors of essential genes."""
    key, title = "essential-genes", "Essential genes"
    if not run.has("essentiality_benchmark"):
        return Section(key, title, absent=_NOT_MADE)
    table = run.table("essentiality_benchmark")
    if table.empty:
        return Section(key, title, absent="no list of essential genes covers enough genes of the metabolic model.")
    genes, essential = table[["genes", "essential"]].iloc[0]
    counted = f"Of {genes:,} genes of the model whose essentiality is measured, {essential:,} are essential."
    displayed = table.assign(predictor=predictor_labels(table), measure=table["measure"].map(_MEASURES))
    columns = ["predictor", "columns", "measure", *_INTERVAL, *_DIFFERENCE]
    return Section(
        key,
        title,
        [
            f"{counted} {_ESSENTIAL}",
            *(_best_essentiality(table, str(predictor)) for predictor in table["predictor"].unique()),
        ],
        run.figures("flux_balance", "essential_genes"),
        [
            html_table(
                "essentiality_benchmark",
                "Predictors of essential genes",
                displayed[columns],
                labels={**_INTERVAL, **_DIFFERENCE},
                filters={"measure": ""},
            ),
        ],
    )


def _best_essentiality(table: pd.DataFrame, predictor: str) -> str:
    """Return the highest AUROC of a kind of predictor, with its average precision and Matthews correlation."""
    ranked = table[(table["predictor"] == predictor) & (table["measure"] == "auroc")]
    best = ranked.nlargest(1, "value").iloc[0]
    same = table[(table[["predictor", "inputs", "folds"]] == best[["predictor", "inputs", "folds"]]).all(axis=1)]
    words = [f"{_MEASURES[str(row['measure'])]} {_with_interval(row)}" for _, row in same.iterrows()]
    return f"{predictor.capitalize()}, at best ({best['inputs']}): {', '.join(words)}."


def subsystems(run: RunFolder) -> Section:
    """Return the section on what flux balance knows of measurements, by subsystem."""
    key, title = "metabolic-signal", "What flux balance knows, by subsystem"
    if not run.has("subsystem_benchmark"):
        return Section(key, title, absent=_NOT_MADE)
    table = run.table("subsystem_benchmark")
    if table.empty:
        return Section(key, title, absent="too few measured genotypes delete metabolic genes alone.")
    labels = {**_INTERVAL, "value": "Pearson correlation", "n": "genotypes", "predicted": "with a predicted effect"}
    return Section(
        key,
        title,
        [
            _SUBSYSTEMS,
        ],
        run.figures("flux_balance", "subsystem_agreement"),
        [
            html_table(
                "subsystem_benchmark",
                "Flux balance by subsystem",
                table,
                labels=labels,
                filters={"screen": "", "phenotype": "", "order": "", "subsystem": ""},
            ),
        ],
    )


def _with_interval(row: pd.Series) -> str:
    return f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})"


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
        `pipeline_lib.artefacts.schemas.EXPLANATIONS`.
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
