"""Observations as arrays of indices: what every model is fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.errors import PipelineError

MAX_ORDER = 3
NO_GENE = -1


@dataclass(frozen=True)
class Genotypes:
    """A set of observations, or of genotypes to predict, as arrays of one length n.

    Attributes
    ----------
    observation_id
        int64 [n].
    genes
        int64 [n, 3]: indices of the deleted genes, ascending, then -1 up to three columns.
    screen, phenotype
        int64 [n]: positions in `screens` and in `PHENOTYPES`.
    query, array
        int64 [n]: positions in `strains`; -1 where there is none.
    value
        float64 [n]: the measurement in the screen's own units; NaN where it is hidden (`without_values`).
    std
        float64 [n]: its standard deviation; NaN where it is not known.
    temperature
        float64 [n]: degrees Celsius; NaN where it is not known.
    screens, strains
        What the codes stand for.
    """

    observation_id: NDArray[np.int64]
    genes: NDArray[np.int64]
    screen: NDArray[np.int64]
    phenotype: NDArray[np.int64]
    query: NDArray[np.int64]
    array: NDArray[np.int64]
    value: NDArray[np.float64]
    std: NDArray[np.float64]
    temperature: NDArray[np.float64]
    screens: tuple[str, ...]
    strains: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.observation_id)

    @property
    def order(self) -> NDArray[np.int64]:
        """Number of deleted genes, int64 [n]."""
        return (self.genes != NO_GENE).sum(axis=1)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Genotypes":
        """Return the observations at `rows` (positions or a mask); the codes keep their meaning."""
        return replace(
            self,
            **{
                name: getattr(self, name)[rows]
                for name in (
                    "observation_id",
                    "genes",
                    "screen",
                    "phenotype",
                    "query",
                    "array",
                    "value",
                    "std",
                    "temperature",
                )
            },
        )

    def without_values(self) -> "Genotypes":
        """Return the same genotypes with the measurements hidden: what a model may see of a test fold."""
        return replace(self, value=np.full(len(self), np.nan), std=np.full(len(self), np.nan))

    def assays(self) -> list[tuple[int, int, NDArray[np.int64]]]:
        """Return (screen, phenotype, rows) of every assay, in the order of their codes.

        An assay is one phenotype of one screen: the unit within which values are comparable.
        """
        codes = self.screen * len(PHENOTYPES) + self.phenotype
        rows = np.argsort(codes, kind="stable")
        present, starts = np.unique(codes[rows], return_index=True)
        parts = np.split(rows, starts[1:]) if len(rows) else []
        return [
            (int(code) // len(PHENOTYPES), int(code) % len(PHENOTYPES), part)
            for code, part in zip(present, parts, strict=True)
        ]


def gene_positions(genes: pd.DataFrame, gene_lists: pd.Series, where: str) -> NDArray[np.int64]:
    """Turn lists of systematic names into rows of gene indices.

    Parameters
    ----------
    genes
        The gene table (`gene_index`, `gene`).
    gene_lists
        One list (or array) of 1 to 3 systematic names a genotype, length n.
    where
        The file, for the error.

    Returns
    -------
    int64 [n, 3]
        Ascending gene indices, padded with -1 on the right.

    Raises
    ------
    PipelineError
        When a gene is not in the index or a genotype has none or more than three.
    """
    lists = pa.array(gene_lists, type=pa.list_(pa.string()))
    lengths = np.asarray(pc.list_value_length(lists).fill_null(0))
    if len(lengths) and (lengths.min() < 1 or lengths.max() > MAX_ORDER):
        row = int(np.flatnonzero((lengths < 1) | (lengths > MAX_ORDER))[0])
        raise PipelineError(f"{where}: row {row}: a genotype must have 1 to 3 genes, not {lengths[row]}.")
    names = pc.list_flatten(lists)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    positions = pc.index_in(names, pa.array(genes["gene"], type=pa.string()))
    if positions.null_count:
        first = int(np.flatnonzero(np.asarray(positions.is_null()))[0])
        raise PipelineError(
            f"{where}: row {owner[first]}: gene '{names[first]}' is not in the gene index; use systematic names."
        )
    index = genes["gene_index"].to_numpy()[np.asarray(positions)]
    padded = np.full((len(lengths), MAX_ORDER), np.iinfo(np.int64).max)
    slot = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    padded[owner, slot] = index
    padded.sort(axis=1)
    padded[padded == np.iinfo(np.int64).max] = NO_GENE
    return padded.astype(np.int64)


def encode(observations: pd.DataFrame, genes: pd.DataFrame, where: str = "observations") -> Genotypes:
    """Encode the observations table.

    Parameters
    ----------
    observations
        `pipeline_lib.artefacts.schemas.OBSERVATIONS`.
    genes
        `pipeline_lib.artefacts.schemas.GENES`.
    where
        The file, for errors.

    Raises
    ------
    PipelineError
        When a gene is not in the index.
    """
    screen, screens = pd.factorize(observations["screen"], sort=True)
    both = pd.concat([observations["query"], observations["array"]], ignore_index=True)
    strain, strains = pd.factorize(both, sort=True)
    n = len(observations)
    return Genotypes(
        observation_id=observations["observation_id"].to_numpy(np.int64),
        genes=gene_positions(genes, observations["genes"], where),
        screen=screen.astype(np.int64),
        phenotype=_phenotype_codes(observations["phenotype"]),
        query=strain[:n].astype(np.int64),
        array=strain[n:].astype(np.int64),
        value=observations["value"].to_numpy(np.float64),
        std=observations["std"].to_numpy(np.float64, na_value=np.nan),
        temperature=observations["temperature"].to_numpy(np.float64, na_value=np.nan),
        screens=tuple(map(str, screens)),
        strains=tuple(map(str, strains)),
    )


def encode_gene_sets(gene_sets: Sequence[Sequence[str]], genes: pd.DataFrame, where: str = "genotypes") -> Genotypes:
    """Encode bare genotypes (no screen, no query, no measurement), for prediction."""
    n = len(gene_sets)
    none, unknown = np.full(n, -1, dtype=np.int64), np.full(n, np.nan)
    return Genotypes(
        observation_id=np.arange(n, dtype=np.int64),
        genes=gene_positions(genes, pd.Series(list(map(list, gene_sets)), dtype=object), where),
        screen=none,
        phenotype=none,
        query=none,
        array=none,
        value=unknown,
        std=unknown,
        temperature=unknown,
        screens=(),
        strains=(),
    )


def _phenotype_codes(phenotype: pd.Series) -> NDArray[np.int64]:
    codes = pd.Categorical(phenotype, categories=list(PHENOTYPES)).codes
    return np.asarray(codes, dtype=np.int64)
