"""Settings of a simulated screen."""

from typing import Literal

from pydantic import Field

from pipeline_lib.config.metabolism import Medium
from pipeline_lib.config.section import Section


class SimulationSettings(Section):
    """One in-silico screen of the metabolic model, written in a published layout."""

    layout: Literal["kuzmin2018", "kuzmin2020", "costanzo2016"] = "kuzmin2018"
    """Columns, strain ids and control markers of which publication; costanzo2016 holds pairs only."""
    method: Literal["fba", "moma"] = "fba"
    """How the model's cell responds to a deletion: greatest growth, or the least change of its fluxes."""
    medium: Medium | None = None
    """What the simulated cells grow on (as ``metabolism.medium``). None: the run's medium. Another one than that of the
    screen that reads the files (``screens.<name>.medium``) shows what flux features on a wrong medium are worth."""
    arrays: int = Field(default=500, ge=3)
    """Greatest number of array strains: up to two thirds genes with digenic interactions, the rest drawn at random.
    Genes whose deletion is lethal have no strain."""
    queries: int | None = Field(default=None, ge=1)
    """Number of double-mutant query strains; each brings the control screens of its two genes. None: as many as the
    triples need when every query is crossed with the whole array, but at least 60."""
    enriched: float = Field(default=0.8, ge=0, le=1)
    """Part of the double-mutant queries drawn from pairs that trigenic interactions are expected of; the rest are
    drawn from all viable pairs."""
    pairs: Literal["controls", "all"] = "controls"
    """Digenic rows: the control screens alone, or each pair of array genes beside them. Without triples, all."""
    triples: int = Field(default=2000, ge=0)
    """Number of trigenic rows; fewer where the crosses do not suffice."""
    least_fitness: float = Field(default=0.1, gt=0, le=1)
    """Fitness below which a single mutant has no strain and a double mutant cannot be a query."""
    replicates: int = Field(default=4, ge=2)
    """Colonies a cross."""
    colony_noise: float = Field(default=0.06, ge=0)
    """SD of one colony's size, in units of fitness."""
    query_noise: float = Field(default=0.02, ge=0)
    """SD of the error that all combined mutants of one query share; through the control screens every tau of a query
    carries it three times."""
    strain_noise: float = Field(default=0.01, ge=0)
    """SD of the measured fitness of a query or array strain."""
    p_values: Literal["error_model", "naive"] = "error_model"
    """What P-values rest on. error_model: the SD of the whole error that is simulated, so that a twentieth of the true
    nulls has a two-sided P below 0.05. naive: the spread of a cross's own colonies alone (Student's t), as a scoring
    does that overlooks the errors of strains and queries: its P-values are too small."""
    seed: int = Field(default=0, ge=0)
    """Seed of the sampling and of the noise."""
