"""The one interface of every model: fit on a fold, predict genotypes, say how sure."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.cell.genotypes import Genotypes


@dataclass(frozen=True)
class Cell:
    """What a model may know of the cell besides the measurements of its training fold.

    Attributes
    ----------
    genes, edges
        Tables of `pipeline_lib.artefacts.schemas` (GENES, EDGES).
    stoichiometry
        The dictionary of ``metabolism/stoichiometry.pt``.
    knockouts
        Flux-balance results a genotype (``metabolism/knockouts.parquet``), or None where none were computed:
        columns genes (list), order, method ('fba' or 'moma'), growth, fitness, interaction.
    """

    genes: pd.DataFrame
    edges: pd.DataFrame
    stoichiometry: dict[str, Any]
    knockouts: pd.DataFrame | None = None


@dataclass(frozen=True)
class FitContext:
    """Where and how a model is fitted.

    Attributes
    ----------
    seed
        Seed of initial weights and of the order of batches.
    threads
        CPU threads to use.
    device
        'cpu' or 'cuda'.
    checkpoints
        Folder for checkpoints, one a configuration; None: keep none.
    """

    seed: int = 0
    threads: int = 1
    device: str = "cpu"
    checkpoints: Path | None = None


@dataclass(frozen=True)
class Prediction:
    """Predicted values in the units of each observation's assay, float64 [n], and their SD where the model has one."""

    value: NDArray[np.float64]
    std: NDArray[np.float64] | None = None


class Model(Protocol):
    """Anything that predicts an observation from its genotype, screen and strains."""

    def fit(self, train: Genotypes, validation: Genotypes, cell: Cell, context: FitContext) -> pd.DataFrame:
        """Fit on `train`, choose hyperparameters on `validation` alone, return the history (long form, HISTORY)."""
        ...

    def predict(self, genotypes: Genotypes) -> Prediction:
        """Predict; a value of `genotypes` is never read."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what `from_state` needs, as tensors and plain values only."""
        ...

    @classmethod
    def from_state(cls, state: dict[str, Any], cell: Cell) -> Self:
        """Return the fitted model that `state` was taken from."""
        ...
