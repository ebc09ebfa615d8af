"""Measured fitness and interactions of metabolic deletions beside what flux balance predicts of them."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline_lib.artefacts.flux_balance import medium_of
from pipeline_lib.artefacts.schemas import GENES
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.metabolism.knockouts.genotype_tables import read_genotypes

_WANTED = ["screen", "order", "phenotype", "value", "kinds"]
_POSITIVE = "positive_calls"
GENOTYPE = ["gene_1", "gene_2", "gene_3"]
"""Columns of a genotype: gene indices, ascending, -1 for none."""


def measured_growth(observations: Path, knockouts: Path, genes: Path, screens: Collection[str] = ()) -> pd.DataFrame:
    """Join measurements of deletions of metabolic genes alone with flux balance on the medium of their screen.

    Parameters
    ----------
    observations, knockouts, genes
        ``tables/observations.parquet``, ``metabolism/knockouts.<method>.parquet``, ``tables/genes.parquet``.
    screens
        The screens to take; empty: every one.

    Returns
    -------
    DataFrame
        One row a screen, phenotype and genotype: screen, phenotype, order, gene_1, gene_2, gene_3, value (mean over
        its measurements), medium and predicted: fitness by flux balance where the phenotype is fitness; epsilon or tau
        where it is an interaction; minus that where it is a call of a negative interaction. Left out: alleles that are
        no deletions, calls of positive interactions, and raw scores of triples, whose query a genotype does not name.
    """
    table = read_table(genes, GENES)
    names = GeneNames.from_table(table)
    in_gem = np.append(table["in_gem"].to_numpy(bool), True)
    genotypes = read_genotypes(observations, names)
    positive = [_POSITIVE] if _POSITIVE in pq.read_schema(observations).names else []
    rows = read_table(observations, columns=[*_WANTED, *positive])
    metabolic = in_gem[genotypes].all(axis=1)
    metabolic &= ~((rows["phenotype"] == "raw_interaction") & (rows["order"] == 3)).to_numpy(bool)
    if screens:
        metabolic &= rows["screen"].isin(screens).to_numpy(bool)
    if positive:
        metabolic &= ~(rows[_POSITIVE].fillna(0) > 0).to_numpy(bool)
    rows = _with_genotype(rows[metabolic], genotypes[metabolic])
    rows = rows[rows["kinds"].map(set).map({"deletion"}.issuperset).astype(bool)]
    keys = ["screen", "phenotype", "order", *GENOTYPE]
    measured = rows.groupby(keys, sort=False, as_index=False)["value"].mean()
    solved = read_table(knockouts, columns=["medium", "screens", "fitness", "interaction"])
    solved = _with_genotype(solved, read_genotypes(knockouts, names))
    media = solved[["medium", "screens"]].drop_duplicates()
    of_screen = {screen: medium_of(media, screen) for screen in measured["screen"].unique()}
    joined = measured.assign(medium=measured["screen"].map(of_screen)).merge(
        solved.drop(columns="screens"), on=["medium", *GENOTYPE], how="inner"
    )
    interaction = joined["interaction"].where(joined["phenotype"] != "call", -joined["interaction"])
    predicted = joined["fitness"].where(joined["phenotype"] == "fitness", interaction)
    return joined.drop(columns=["fitness", "interaction"]).assign(predicted=predicted).dropna(subset="predicted")


def _with_genotype(rows: pd.DataFrame, genotypes: NDArray[np.int64]) -> pd.DataFrame:
    padded = np.pad(genotypes, ((0, 0), (0, len(GENOTYPE) - genotypes.shape[1])), constant_values=-1)
    return rows.assign(**dict(zip(GENOTYPE, padded.T, strict=True)))
