"""What flux balance analysis computes of genotypes: exact growth of S and of every subset, by look-up."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.models.baselines.flux_results import WILD_TYPE_FITNESS, FluxOfScreens
from pipeline_lib.models.interface import Cell

_METHOD = "fba"
_LOST_GROWTH = 1e-6


@dataclass(frozen=True)
class FluxTerms:
    """Terms of n genotypes; a genotype without a gene of the metabolic model has the wild type's.

    Attributes
    ----------
    fitness
        float64 [n]: growth over that of the wild type.
    interaction
        float64 [n]: epsilon of pairs, tau of triples, 0 of single deletions.
    grows_less
        bool [n]: whether the deletion costs growth.
    """

    fitness: NDArray[np.float64]
    interaction: NDArray[np.float64]

    @property
    def grows_less(self) -> NDArray[np.bool_]:
        """Whether the deletions cost growth, bool [n]."""
        return self.fitness < WILD_TYPE_FITNESS - _LOST_GROWTH

    def along(self, order: int, *, call: bool) -> NDArray[np.float64]:
        """Return the term that an assay of this order measures, float64 [n]: a call rises with a negative one."""
        if order == 1:
            return self.fitness - WILD_TYPE_FITNESS
        return -self.interaction if call else self.interaction


class FluxBalance:
    """Terms by flux balance analysis, of the table of knockouts or solved when they are needed."""

    def __init__(self, results: FluxOfScreens) -> None:
        self._results = results

    @classmethod
    def read(cls, cell: Cell) -> Self:
        """Read the table of the cell."""
        return cls(FluxOfScreens(cell, _METHOD))

    def terms(self, genes: NDArray[np.int64], screen: str = "") -> FluxTerms:
        """Return the terms of genotypes int64 [n, 3] on a screen's medium; where the solver failed, the wild type's.

        Raises
        ------
        PipelineError
            When the table lacks a genotype and nothing can solve it.
        """
        fitness, interaction = self._results.of(genes, screen)
        return FluxTerms(np.nan_to_num(fitness, nan=WILD_TYPE_FITNESS), np.nan_to_num(interaction))


class NoFlux:
    """Terms without a metabolic model: those of the wild type."""

    def terms(self, genes: NDArray[np.int64], screen: str = "") -> FluxTerms:  # noqa: ARG002 - the protocol's
        """Return terms of genotypes int64 [n, 3] that change nothing."""
        return FluxTerms(np.full(len(genes), WILD_TYPE_FITNESS), np.zeros(len(genes)))
