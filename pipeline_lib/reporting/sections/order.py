"""The tabs and their sections in the order of the page."""

from pipeline_lib.reporting.html import Section, Tab
from pipeline_lib.reporting.run_folder import RunFolder
from pipeline_lib.reporting.sections.comparison import (
    ablations,
    leaderboard,
    losses,
    pretraining,
    standing,
    weisfeiler_lehman,
)
from pipeline_lib.reporting.sections.data import datasets, metabolism, networks
from pipeline_lib.reporting.sections.explanations import explanations
from pipeline_lib.reporting.sections.flux_balance import essential_genes, media, subsystems
from pipeline_lib.reporting.sections.lookup import gene_lookup
from pipeline_lib.reporting.sections.methods import methods
from pipeline_lib.reporting.sections.model import walk_through
from pipeline_lib.reporting.sections.origin import provenance
from pipeline_lib.reporting.sections.p_values import p_value_pages, p_values
from pipeline_lib.reporting.sections.statistics import calibration, calls, ceilings
from pipeline_lib.reporting.sections.suggestions import next_experiments, top_predictions
from pipeline_lib.reporting.sections.words import limitations

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
