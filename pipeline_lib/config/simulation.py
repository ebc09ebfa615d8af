"""Settings of a simulated screen."""

from typing import Literal

from pydantic import Field

from pipeline_lib.config.section import Section


class SimulationSettings(Section):
    """One in-silico screen of the metabolic model, written in a published layout."""

    layout: Literal["kuzmin2018", "costanzo2016"] = "kuzmin2018"
    """Columns, strain ids and control markers of which publication."""
    queries: int = Field(default=60, ge=1)
    """Number of query strains: single-mutant (with the neutral control) and double-mutant ones."""
    pairs: int | None = Field(default=None, ge=1)
    """Number of digenic rows; None: every pair of the arrayed genes."""
    triples: int = Field(default=2000, ge=0)
    """Number of trigenic rows."""
    replicates: int = Field(default=4, ge=2)
    """Colonies a strain."""
    colony_noise: float = Field(default=0.06, ge=0)
    """SD of one colony's relative size."""
    query_noise: float = Field(default=0.02, ge=0)
    """SD of the error that all scores of one query share through its control screen."""
    seed: int = 0
    """Seed of the sampling and of the noise."""
