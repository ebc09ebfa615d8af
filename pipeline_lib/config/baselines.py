"""Settings of the baselines."""

from pipeline_lib.config.section import Section


class BaselineSettings(Section):
    """Means, effects, ridges, factorisations, nearest profiles, trees and flux balance analysis."""
