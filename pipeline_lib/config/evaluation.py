"""Settings of the statistics."""

from pydantic import Field

from pipeline_lib.config.section import Section


class EvaluationSettings(Section):
    """Resamples, thresholds and literature values."""

    resamples: int = Field(default=1000, ge=100)
    """Bootstrap resamples of queries (or genes)."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Coverage of every interval."""
    seed: int = 0
    """Seed of the resamples."""
