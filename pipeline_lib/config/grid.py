"""Which models run on which splits with which seeds."""

from pydantic import Field

from pipeline_lib.config.section import Section


class GridEntry(Section):
    """Every combination of these models, splits and seeds is one training job."""

    models: list[str] = Field(min_length=1)
    """Names of the registry (``python -m pipeline_lib models list``)."""
    splits: list[str] = Field(min_length=1)
    """Names out of ``splits.names``."""
    seeds: list[int] = Field(default=[0], min_length=1)
    """Seeds of initial weights and of the order of batches."""
