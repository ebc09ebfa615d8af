"""Which models run on which splits with which seeds."""

from pydantic import Field

from pipeline_lib.config.model_registry import names
from pipeline_lib.config.own_settings import with_names
from pipeline_lib.config.section import Section


class GridEntry(Section):
    """Every combination of these models, splits and seeds is one training job."""

    models: list[str] = Field(min_length=1, json_schema_extra=with_names(names))
    """Names of models (``clp models list``), those of installed packages too."""
    splits: list[str] = Field(min_length=1)
    """Names out of ``splits.names``."""
    seeds: list[int] = Field(default=[0], min_length=1)
    """Seeds of initial weights and of the order of batches."""
