"""What the model predicts that a biologist would look up: its strongest predictions, and what to measure next."""

import pandas as pd

from pipeline_lib.reporting.figures.leaderboard import LEADING
from pipeline_lib.reporting.html import Section
from pipeline_lib.reporting.html_table import HtmlTable, html_table
from pipeline_lib.reporting.names import assay_name, screen_name, split_phrase
from pipeline_lib.reporting.predictions import reported_jobs, tested
from pipeline_lib.reporting.run_folder import RunFolder

_STRONGEST = 40


def top_predictions(run: RunFolder) -> Section:
    """Return the strongest predicted interactions of the test fold, beside what was measured."""
    jobs = reported_jobs(run.jobs, run.model)
    if not jobs:
        return Section("top", "Top predicted interactions", absent=f"this run has no predictions of {run.model}.")
    genes = run.gene_names
    table = tested(jobs, run.observations)
    strongest = []
    for (_, phenotype), part in table.groupby(["screen", "phenotype"]):
        if phenotype in LEADING and phenotype != "fitness":
            # A call is 1; a negative interaction is below zero.
            ranked = part.sort_values("prediction", ascending=phenotype != "call")
            # Alleles and conditions of one genotype would fill the list.
            other = ~ranked["genes"].map("+".join).duplicated()
            strongest.append(ranked[other].head(_STRONGEST))
    if not strongest:
        return Section("top", "Top predicted interactions", absent="no screen of this run measures interactions.")
    rows = pd.concat(strongest, ignore_index=True)
    named, links = genes.columns(rows["genes"])
    linked = any(address for addresses in links.values() for address in addresses)
    displayed = pd.concat(
        [named, rows[["screen", "phenotype", "prediction", "value"]].rename(columns={"value": "measured"})], axis=1
    )
    leading = f" Names lead to {genes.organism.link_site}." * linked
    about = (
        f"The {_STRONGEST} strongest negative interactions of each screen that {run.model} predicts in the test fold "
        f"of the {split_phrase(jobs[0].split)}; none of these rows was trained on.{leading}"
    )
    strongest_first = html_table(
        "top_predictions",
        "Strongest predictions of the test fold",
        displayed,
        filters={"screen": ""},
        links=links,
        folded=False,
    )
    return Section("top", "Strongest held-out predictions", [about], tables=[strongest_first])


def next_experiments(run: RunFolder) -> Section:
    """Return the ranked list of untested pairs and triples."""
    table = run.table("next_experiments")
    title = "What to measure next"
    if table.empty:
        why = f"no screen of pairs or triples leaves untested ones among genes that {run.model} was fitted on."
        return Section("next", title, absent=why)
    targets = [
        f"{'pairs' if order == 2 else 'triples'} in the units of {assay_name(screen, phenotype)}"
        for order, screen, phenotype in table[["order", "screen", "phenotype"]]
        .drop_duplicates()
        .itertuples(index=False)
    ]
    about = (
        f"Untested {' and '.join(targets)}, out of the viable genes with the strongest measured interactions. Expected "
        f"value: how far below {_threshold(run, table)} the measurement is expected to fall (expected improvement; for "
        "calls, the chance of a call). Information: bits that one measurement is expected to add, ½ log₂(1 + unknown "
        "/ noise), where unknown is the disagreement of the seeds and what the rarest gene's few measurements leave "
        "open. Novelty: 1 / (1 + measurements of the rarest gene). The CSV keeps the order in which a lab would pick. "
        "A prediction is a reason to measure, not a result."
    )
    return Section("next", title, [about], tables=[_suggestions(run, table)])


def _threshold(run: RunFolder, table: pd.DataFrame) -> str:
    """Return below what the value of a suggestion is counted: the threshold of its screen, or zero without one."""
    values = {}
    for screen in table["screen"].unique():
        calls = run.screens[screen].scores.calls if screen in run.screens else None
        values[screen] = "zero (it states no threshold)" if calls is None else f"the threshold of {calls.negative:g}"
    return " and ".join(f"{value} in {screen_name(str(screen))}" for screen, value in values.items())


def _suggestions(run: RunFolder, table: pd.DataFrame) -> HtmlTable:
    named, links = run.gene_names.columns(table["genes"])
    rest = [
        "order",
        "rank_by_value",
        "rank_by_information",
        "prediction",
        "spread",
        "novelty",
        "expected_value",
        "information",
        "viable",
        "metabolic",
        "screen",
    ]
    return html_table(
        "next_experiments",
        "Untested pairs and triples",
        pd.concat([named, table[rest]], axis=1),
        filters={"order": "", "viable": "", "metabolic": ""},
        links=links,
        folded=False,
    )
