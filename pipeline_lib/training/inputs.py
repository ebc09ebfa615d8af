"""Read what a model is fitted on: the cell, the genotypes and the folds."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts.schemas import EDGES, FOLDS, GENES, OBSERVATIONS, SPLIT
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.artefacts.tensors import load_tensors
from pipeline_lib.cell.genotypes import Genotypes, encode
from pipeline_lib.errors import PipelineError
from pipeline_lib.features.matrices import read_feature_matrices
from pipeline_lib.models.interface import Cell


@dataclass(frozen=True)
class SplitData:
    """The observations of one split.

    Attributes
    ----------
    genotypes
        Every observation of the split, all folds.
    fold
        int8 [n]: position in `pipeline_lib.artefacts.schemas.FOLDS`.
    """

    genotypes: Genotypes
    fold: NDArray[np.int8]

    def part(self, fold: str) -> Genotypes:
        """Return the observations of one fold."""
        return self.genotypes.take(self.fold == FOLDS.index(fold))


def read_cell(
    genes: Path, edges: Path, stoichiometry: Path, knockouts: Path | None = None, features: Iterable[Path] = ()
) -> Cell:
    """Read the cell and check that its tables have the same gene index.

    Raises
    ------
    PipelineError
        When a file is missing or damaged, or was made for another gene index.
    """
    gene_table = read_table(genes, GENES)
    edge_table = read_table(edges, EDGES)
    tensors = load_tensors(stoichiometry)
    count = len(gene_table)
    if not np.array_equal(gene_table["gene_index"].to_numpy(), np.arange(count)):
        raise PipelineError(f"{genes}: gene_index must be 0..{count - 1} in row order; make the table anew.")
    if int(tensors["num_genes"]) != count:
        raise PipelineError(
            f"{stoichiometry} was made for {int(tensors['num_genes'])} genes but {genes} has {count}; "
            "run metabolism build again."
        )
    if len(edge_table) and int(edge_table[["source", "target"]].to_numpy().max()) >= count:
        raise PipelineError(f"{edges} names genes beyond the {count} of {genes}; run networks combine again.")
    return Cell(
        genes=gene_table,
        edges=edge_table,
        stoichiometry=tensors,
        knockouts=read_table(knockouts) if knockouts is not None else None,
        features=read_feature_matrices(features, count),
    )


def read_split(observations: Path, split: Path, genes: pd.DataFrame) -> SplitData:
    """Read the observations of a split and their folds.

    Raises
    ------
    PipelineError
        When the split names observations that the table lacks, or has no training fold.
    """
    folds = read_table(split, SPLIT)
    table = read_table(observations, OBSERVATIONS)
    joined = table.merge(folds[["observation_id", "fold"]], on="observation_id", how="inner", validate="one_to_one")
    if len(joined) != len(folds):
        raise PipelineError(
            f"{split} names {len(folds) - len(joined)} observations that {observations} lacks; run cell split again."
        )
    joined = joined.sort_values("observation_id", kind="stable", ignore_index=True)
    fold = pd.Categorical(joined["fold"], categories=list(FOLDS)).codes.astype(np.int8)
    if not (fold == FOLDS.index("train")).any():
        raise PipelineError(f"{split} has no training fold; run cell split again.")
    return SplitData(encode(joined, genes, str(observations)), fold)
