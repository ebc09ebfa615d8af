"""Settings of the cell graph and the splits."""

from pydantic import Field

from pipeline_lib.config.section import Section
from pipeline_lib.config.split_names import SplitName


class CellSettings(Section):
    """How the cell graph is put together."""

    networks: list[str] | None = None
    """Networks to build the cell of; None: all, and one that holds genetic interactions is refused."""
    features: list[str] | None = None
    """Feature tables that models read; None: those that hold no genetic interactions (``holds_genetic: no``)."""


class SplitSettings(Section):
    """Train, validation and test folds."""

    names: list[SplitName] = ["random"]
    """The splits to make: ``random``, ``query_disjoint``, ``gene_disjoint_one``, ``gene_disjoint_all`` and
    ``cross_screen``. Further repeats of one, ``gene_disjoint_one-1``, ``gene_disjoint_one-2`` and so on, hold out other
    genes; models that run on all repeats are scored on them together as well (``gene_disjoint_one-pooled``)."""
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
