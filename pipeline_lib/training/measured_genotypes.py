"""What a model was fitted on, and what was measured of a genotype in one assay and in which fold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from pipeline_lib.artefacts import FOLDS, PHENOTYPES
from pipeline_lib.artefacts.schemas import SPLIT
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE, Genotypes
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames, genotypes_of_lists

NO_FOLD = -1
_NOT_MEASURED = ("repeated", "assumed_tested")
"""Columns of the observations that mark copies of a measurement, and rows that nobody measured."""


@dataclass(frozen=True)
class MeasuredGenotypes:
    """The measured genotypes of one assay.

    Attributes
    ----------
    codes
        int64 [k], ascending: one integer a genotype.
    value
        float64 [k]: mean of the measurements, in the units of the assay.
    fold
        int8 [k]: position in `FOLDS` of the first fold that holds one of them; -1 where the split leaves all out.
    num_genes
        Size of the gene index.
    """

    codes: NDArray[np.int64]
    value: NDArray[np.float64]
    fold: NDArray[np.int8]
    num_genes: int

    @classmethod
    def none(cls, num_genes: int) -> Self:
        """Return no measurement at all: those of an assay that no screen measured."""
        return cls(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0, dtype=np.int8), num_genes)

    @classmethod
    def of(cls, genes: NDArray[np.int64], value: NDArray[np.float64], fold: NDArray[np.int8], num_genes: int) -> Self:
        """Average the measurements of genotypes int64 [n, 3]; `value` and `fold` are [n], -1 for no fold."""
        return cls._averaged(_codes(genes, num_genes), value, fold, num_genes)

    @classmethod
    def _averaged(
        cls, codes: NDArray[np.int64], value: NDArray[np.float64], fold: NDArray[np.int8], num_genes: int
    ) -> Self:
        distinct, inverse = np.unique(codes, return_inverse=True)
        # No fold is behind every fold, so that any fold comes first.
        first = np.full(len(distinct), len(FOLDS), dtype=np.int8)
        np.minimum.at(first, inverse, np.where(fold == NO_FOLD, len(FOLDS), fold).astype(np.int8))
        first[first == len(FOLDS)] = NO_FOLD
        return cls(distinct, np.bincount(inverse, value) / np.bincount(inverse), first, num_genes)

    @classmethod
    def read(cls, observations: Path, folds: Path, names: GeneNames, screen: str, phenotype: str) -> Self:
        """Read the measurements of one assay.

        Parameters
        ----------
        observations, folds
            ``tables/observations.parquet`` and ``splits/<split>.parquet``.
        names
            The gene index.
        screen, phenotype
            The assay.

        Raises
        ------
        PipelineError
            When a file is missing or damaged, or names a gene that the index lacks.
        """
        identity, codes, value = _read_assay(observations, names, screen, phenotype)
        if not len(codes):
            return cls.none(len(names))
        split = read_table(folds, SPLIT, ["observation_id", "fold"])
        position = pd.Index(split["observation_id"]).get_indexer(pd.Index(identity))
        fold = np.append(pd.Categorical(split["fold"], categories=list(FOLDS)).codes, NO_FOLD)[position]
        return cls._averaged(codes, value, fold.astype(np.int8), len(names))

    def find(self, genes: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
        """Return value and fold of genotypes int64 [n, 3]: float64 [n], NaN where not measured, and int8 [n]."""
        if not len(self.codes):
            return np.full(len(genes), np.nan), np.full(len(genes), NO_FOLD, dtype=np.int8)
        wanted = _codes(genes, self.num_genes)
        at = np.minimum(np.searchsorted(self.codes, wanted), len(self.codes) - 1)
        measured = self.codes[at] == wanted
        return np.where(measured, self.value[at], np.nan), np.where(measured, self.fold[at], NO_FOLD).astype(np.int8)


def _codes(genes: NDArray[np.int64], num_genes: int) -> NDArray[np.int64]:
    """Return one integer a genotype, int64 [n], of gene indices int64 [n, 3], ascending, then -1."""
    base = num_genes + 1
    return np.asarray(((genes[:, 0] + 1) * base + genes[:, 1] + 1) * base + genes[:, 2] + 1)


def _read_assay(
    path: Path, names: GeneNames, screen: str, phenotype: str
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return observation_id, genotype code and value of the measurements of one assay."""
    if not path.exists():
        raise PipelineError(f"{path} does not exist; run the rule that makes it.")
    parts: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    try:
        excluding = [name for name in _NOT_MEASURED if name in pq.read_schema(path).names]
        wanted = (pc.field("screen") == screen) & (pc.field("phenotype") == phenotype)
        for name in excluding:
            wanted &= ~pc.coalesce(pc.field(name), pc.scalar(False))
        batches = ds.dataset(path, format="parquet").to_batches(
            columns=["observation_id", "genes", "value"], filter=wanted
        )
        for batch in batches:
            genes = genotypes_of_lists(batch["genes"], names, 1, lambda _: str(path))
            parts.append((batch["observation_id"].to_numpy(), _codes(genes, len(names)), batch["value"].to_numpy()))
    except (pa.ArrowException, OSError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise PipelineError(f"{path} is truncated or not a table of observations ({reason}); run again.") from error
    if not parts:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
    identity, codes, value = (np.concatenate(part) for part in zip(*parts, strict=True))
    return identity, codes, value


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
