"""What the model says that a biologist would look up: its strongest predictions, and what to measure next."""

import pandas as pd

from pipeline_lib.reporting.figures.leaderboard import LEADING
from pipeline_lib.reporting.genes import GeneNames
from pipeline_lib.reporting.html import Section
from pipeline_lib.reporting.html_table import HtmlTable, html_table
from pipeline_lib.reporting.names import assay_name
from pipeline_lib.reporting.predictions import tested
from pipeline_lib.reporting.run_folder import RunFolder

_STRONGEST = 40


def top_predictions(run: RunFolder) -> Section:
    """Return the strongest predicted interactions of the test fold, beside what was measured."""
    jobs = [job for job in run.jobs if (job.model, job.split) == (run.model, "random")]
    if not jobs:
        return Section("top", "Top predicted interactions", [f"This run has no predictions of {run.model}."])
    genes = GeneNames(run.table("genes"))
    table = tested(jobs, run.observations)
    strongest = []
    for (_, phenotype), part in table.groupby(["screen", "phenotype"]):
        if phenotype in LEADING and phenotype != "fitness":
            # A call is 1; a negative interaction is below zero.
            strongest.append(part.sort_values("prediction", ascending=phenotype != "call").head(_STRONGEST))
    if not strongest:
        return Section("top", "Top predicted interactions", ["No screen of this run measures interactions."])
    rows = pd.concat(strongest, ignore_index=True)
    named, links = genes.columns(rows["genes"])
    shown = pd.concat(
        [named, rows[["screen", "phenotype", "prediction", "value"]].rename(columns={"value": "measured"})], axis=1
    )
    return Section(
        "top", "Top predicted interactions",
        [
            (f"The {_STRONGEST} strongest negative interactions that {run.model} predicts in the test fold of the "
            "random split, screen by screen, beside what was measured. None of these rows was trained on. Names lead "
            "to the Saccharomyces Genome Database."),
        ],
        [],
        [
            html_table("top_predictions", "Strongest predictions of the test fold", shown, filters={"screen": ""},
                       links=links),
        ],
    )  # fmt: skip


def next_experiments(run: RunFolder) -> Section:
    """Return the ranked list of untested pairs and triples."""
    table = run.table("next_experiments")
    title = "What to measure next"
    if table.empty:
        return Section(
            "next", title, ["This run has no interaction screen and fitted model to rank untested pairs with."]
        )
    targets = [
        f"{'pairs' if order == 2 else 'triples'} in the units of {assay_name(screen, phenotype)}"
        for order, screen, phenotype in table[["order", "screen", "phenotype"]]
        .drop_duplicates()
        .itertuples(index=False)
    ]
    return Section(
        "next", title,
        [
            (f"Untested {' and '.join(targets)}, out of the viable genes with the strongest measured interactions. "
            "Expected value: how far below the published threshold the measurement is expected to fall, with its "
            "spread taken into account (expected improvement; for calls, the chance of a call). Information: bits that "
            "one measurement is expected to tell, ½ log₂(1 + what the model does not know / noise); what it does not "
            "know is the disagreement of its seeds and what the rarest gene's few measurements leave open. Novelty is "
            "1 / (1 + measurements of the rarest gene)."),
            ("The CSV keeps the order in which a lab would pick: by rank, each pair or triple once. A prediction is a "
            "reason to measure, not a result."),
        ],
        [],
        [_suggestions(run, table)],
    )  # fmt: skip


def _suggestions(run: RunFolder, table: pd.DataFrame) -> HtmlTable:
    named, links = GeneNames(run.table("genes")).columns(table["genes"])
    rest = [
        "order", "rank_by_value", "rank_by_information", "prediction", "spread", "novelty", "expected_value",
        "information", "viable", "metabolic", "screen",
    ]  # fmt: skip
    return html_table(
        "next_experiments", "Untested pairs and triples", pd.concat([named, table[rest]], axis=1),
        filters={"order": "", "viable": "", "metabolic": ""}, links=links,
    )  # fmt: skip
