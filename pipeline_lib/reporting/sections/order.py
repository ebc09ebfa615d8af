"""The sections in the order of the page."""

from pipeline_lib.reporting.html import Section
from pipeline_lib.reporting.run_folder import RunFolder
from pipeline_lib.reporting.sections.comparison import ablations, leaderboard, losses, pretraining, weisfeiler_lehman
from pipeline_lib.reporting.sections.data import datasets, metabolism, networks
from pipeline_lib.reporting.sections.explanations import explanations
from pipeline_lib.reporting.sections.flux_balance import essential_genes, media, subsystems
from pipeline_lib.reporting.sections.methods import methods
from pipeline_lib.reporting.sections.model import walk_through
from pipeline_lib.reporting.sections.origin import provenance
from pipeline_lib.reporting.sections.statistics import calls, ceilings, p_values
from pipeline_lib.reporting.sections.suggestions import next_experiments, top_predictions
from pipeline_lib.reporting.sections.words import limitations

SECTIONS = (
    datasets, metabolism, media, essential_genes, subsystems, explanations, networks,
    walk_through, leaderboard, ablations, losses, pretraining, weisfeiler_lehman,
    p_values, calls, ceilings, top_predictions, next_experiments, limitations, methods, provenance,
)  # fmt: skip


def all_sections(run: RunFolder) -> list[Section]:
    """Return every section that the run has something for, and before the limitations what is left out and why."""
    sections = [section(run) for section in SECTIONS]
    shown = [section for section in sections if not section.absent]
    reasons = [f"{section.title}: {section.absent}" for section in sections if section.absent]
    if reasons:
        place = next((at for at, section in enumerate(shown) if section.key == "limitations"), len(shown))
        shown.insert(place, Section("left-out", "Left out", reasons))
    return shown
