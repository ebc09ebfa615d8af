"""Settings of the gene index, the cell graph and the splits."""

from typing import Literal

from pydantic import Field

from pipeline_lib.config.section import Section

SplitName = Literal["random", "query_disjoint", "gene_disjoint_one", "gene_disjoint_all", "cross_screen"]


class GeneSettings(Section):
    """Which genes there are, their names and which are essential."""

    features: str | None = None
    """Source of SGD's feature table (systematic, standard and alias names). None: the genes of the metabolic model."""
    essential: str | None = None
    """Source of a list of essential genes. None: not known."""


class CellSettings(Section):
    """How the cell graph is put together."""

    networks: list[str] | None = None
    """Networks to build the cell of; None: all, and one that holds genetic interactions is refused."""


class SplitSettings(Section):
    """Train, validation and test folds."""

    names: list[SplitName] = ["random"]
    """The splits to make."""
    seed: int = 0
    """Seed of every split."""
    validation: float = Field(default=0.1, gt=0, lt=0.5)
    """Share of the units (genotypes, queries or genes) in the validation fold."""
    test: float = Field(default=0.1, gt=0, lt=0.5)
    """Share of the units in the test fold of the random split."""
    disjoint_test: float = Field(default=0.2, gt=0, lt=0.5)
    """Share of the queries or genes in the test fold of the disjoint splits."""
    cross_screen_test: list[str] = []
    """Screens held out by ``cross_screen``; genotypes that they share with other screens leave the training fold."""
