"""Look up a gene: the part of the page that needs no table on it."""

from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.reporting.gene_pages import Inputs, gene_pages
from pipeline_lib.reporting.html import Section
from pipeline_lib.reporting.predictions import reported_jobs, tested
from pipeline_lib.reporting.run_folder import RunFolder


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
