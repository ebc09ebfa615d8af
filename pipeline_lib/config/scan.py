"""Settings of the scan of all pairs or triples of the genome."""

from typing import Literal

from pydantic import Field

from pipeline_lib.config.section import Section


class ScanSettings(Section):
    """Predict every pair or triple of a list of genes and keep the strongest (``snakemake genome_scan``).

    No part of a default run.
    """

    model: str = "clp"
    """The fitted model, one of the grid."""
    split: str = "random"
    """The split that it was fitted on, one of the grid's."""
    seed: int = Field(default=0, ge=0)
    """The seed that it was fitted with."""
    order: Literal[2, 3] = 3
    """Number of deleted genes."""
    screen: str | None = None
    """In the units of which screen to predict. None: of the one with most training observations."""
    phenotype: str | None = None
    """What to predict. None: what has most training observations."""
    genes: str | None = None
    """Text file of the genes, one a line. None: every gene of the gene index."""
    shards: int = Field(default=16, ge=1)
    """Jobs that the genotypes are divided among; the result does not depend on it."""
    kept: int = Field(default=1000, ge=1)
    """Genotypes kept of either end: those with the lowest and those with the highest predictions."""
