"""Settings of the Weisfeiler-Lehman ridge."""

from pipeline_lib.config.section import Section


class WeisfeilerLehmanSettings(Section):
    """Weisfeiler-Lehman features of the perturbed graph with a ridge."""
