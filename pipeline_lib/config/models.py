"""Settings of each family of models."""

from pipeline_lib.config.section import Section


class ModelSettings(Section):
    """Settings of each family of models."""
