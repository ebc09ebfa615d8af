"""What a model was fitted on: screens and phenotypes, and the genes that each of them showed it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE, Genotypes


@dataclass(frozen=True)
class TrainedAssay:
    """One phenotype of one screen, as the training fold holds it.

    Attributes
    ----------
    screen, phenotype
        Their names.
    observations
        Training observations of genotypes of 0, 1, 2 and 3 deleted genes.
    genes
        bool [N]: which genes of the index its training genotypes have.
    """

    screen: str
    phenotype: str
    observations: tuple[int, ...]
    genes: NDArray[np.bool_]

    def __str__(self) -> str:
        return f"{self.screen}/{self.phenotype}" if self.screen else self.phenotype


def trained_assays(train: Genotypes, num_genes: int) -> list[TrainedAssay]:
    """Describe every assay of a training fold, with a gene index of `num_genes`."""
    found = []
    for screen, phenotype, rows in train.assays():
        genes = train.genes[rows]
        seen = np.zeros(num_genes, dtype=bool)
        seen[genes[genes != NO_GENE]] = True
        counts = np.bincount((genes != NO_GENE).sum(axis=1), minlength=MAX_ORDER + 1)
        found.append(TrainedAssay(train.screens[screen], PHENOTYPES[phenotype], tuple(counts.tolist()), seen))
    return found


def assay_states(assays: Sequence[TrainedAssay]) -> list[dict[str, Any]]:
    """Return assays as tensors and plain values, for ``model.pt``."""
    return [
        {**vars(assay), "observations": list(assay.observations), "genes": torch.from_numpy(assay.genes)}
        for assay in assays
    ]


def read_assays(states: Sequence[Mapping[str, Any]]) -> tuple[TrainedAssay, ...]:
    """Return the assays that `assay_states` was taken from."""
    return tuple(
        TrainedAssay(state["screen"], state["phenotype"], tuple(state["observations"]), state["genes"].numpy())
        for state in states
    )
