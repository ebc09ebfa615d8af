"""Observations as arrays of indices, which every model is fitted on, and what the loss of their genes takes with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline_lib.artefacts import PHENOTYPES
from pipeline_lib.errors import PipelineError

if TYPE_CHECKING:
    from torch import Tensor

MAX_ORDER = 3
NO_GENE = -1

ENCODED = ("observation_id", "genes", "screen", "phenotype", "query", "array", "value", "std", "temperature")
"""Columns of the observations table that genotypes are made of."""

GENE_LISTS = pa.list_(pa.string())
"""Type of the columns ``genes`` and ``kinds``."""


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
        return np.asarray((self.genes != NO_GENE).sum(axis=1))

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Genotypes":
        """Return the observations at `rows` (positions or a mask); the codes keep their meaning."""
        return replace(self, **{name: getattr(self, name)[rows] for name in ENCODED})

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
    return _gene_rows(pa.array(gene_lists, type=pa.list_(pa.string())), _GeneIndex.of(genes), where, 0)


@dataclass(frozen=True)
class _GeneIndex:
    """Systematic names and the index of each, int64 [g]."""

    names: pa.StringArray
    index: NDArray[np.int64]

    @classmethod
    def of(cls, genes: pd.DataFrame) -> "_GeneIndex":
        return cls(pa.array(genes["gene"], type=pa.string()), genes["gene_index"].to_numpy())


def _gene_rows(lists: pa.ListArray, known: _GeneIndex, where: str, start: int) -> NDArray[np.int64]:
    """Return `gene_positions` of lists of names; `start` is the row of the first in the whole table."""
    lengths = np.asarray(pc.list_value_length(lists).fill_null(0))
    if len(lengths) and (lengths.min() < 1 or lengths.max() > MAX_ORDER):
        row = int(np.flatnonzero((lengths < 1) | (lengths > MAX_ORDER))[0])
        raise PipelineError(f"{where}: row {start + row}: a genotype must have 1 to 3 genes, not {lengths[row]}.")
    names = pc.list_flatten(lists)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    positions = pc.index_in(names, known.names)
    if positions.null_count:
        first = int(np.flatnonzero(np.asarray(positions.is_null()))[0])
        raise PipelineError(
            f"{where}: row {start + owner[first]}: gene '{names[first]}' is not in the gene index; "
            "use systematic names."
        )
    index = known.index[np.asarray(positions)]
    padded = np.full((len(lengths), MAX_ORDER), np.iinfo(np.int64).max)
    slot = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    padded[owner, slot] = index
    padded.sort(axis=1)
    padded[padded == np.iinfo(np.int64).max] = NO_GENE
    return padded.astype(np.int64, copy=False)


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
    encoder = GenotypeEncoder(genes, where)
    encoder.add(pa.Table.from_pandas(observations[list(ENCODED)], preserve_index=False))
    return encoder.genotypes()


def read_genotypes(path: Path, genes: pd.DataFrame, observation_id: NDArray[np.int64] | None = None) -> Genotypes:
    """Read and encode an observations table part by part: no row becomes an object of Python.

    Parameters
    ----------
    path
        The table.
    genes
        As `encode`.
    observation_id
        int64 [m], ascending: the observations to keep, and with them their screens and strains. None: all.

    Raises
    ------
    PipelineError
        When the file is missing or damaged, or a gene is not in the index.
    """
    # A machine that only measures a packed cell lacks what tables are read with.
    from pipeline_lib.artefacts.schemas import OBSERVATIONS
    from pipeline_lib.artefacts.tables import read_batches

    encoder = GenotypeEncoder(genes, str(path))
    for part in read_batches(path, OBSERVATIONS, ENCODED):
        encoder.add(part, observation_id)
    return encoder.genotypes()


class GenotypeEncoder:
    """Encodes an observations table that comes in parts.

    Parameters
    ----------
    genes, where
        As `encode`.
    """

    def __init__(self, genes: pd.DataFrame, where: str) -> None:
        self._known, self._where = _GeneIndex.of(genes), where
        self._screens, self._strains = Texts(), Texts()
        self._parts: dict[str, list[NDArray[Any]]] = {name: [] for name in ENCODED}
        self._rows = 0

    def add(self, table: pa.Table, observation_id: NDArray[np.int64] | None = None) -> None:
        """Encode the next rows (the columns `ENCODED`), or those of the observations (ascending) that are wanted."""
        start, self._rows = self._rows, self._rows + table.num_rows
        if observation_id is not None:
            table = table.filter(pa.array(_contained(table.column("observation_id").to_numpy(), observation_id)))
        columns = {
            "observation_id": table.column("observation_id").to_numpy().astype(np.int64, copy=False),
            "genes": _gene_rows(one_chunk(table.column("genes"), GENE_LISTS), self._known, self._where, start),
            "screen": self._screens.codes(table.column("screen")),
            "phenotype": _phenotype_codes(table.column("phenotype")),
            "query": self._strains.codes(table.column("query")),
            "array": self._strains.codes(table.column("array")),
            **{name: numbers(table, name) for name in ("value", "std", "temperature")},
        }
        for name, column in columns.items():
            self._parts[name].append(column)

    def genotypes(self) -> Genotypes:
        """Return all rows; screens and strains are numbered in the order of their names."""
        # Column by column, so that no two copies of the whole stand in memory.
        columns = {name: np.concatenate(self._parts.pop(name)) for name in ENCODED}
        (new_screen, screens), (new_strain, strains) = self._screens.sorted(), self._strains.sorted()
        columns["screen"] = new_screen[columns["screen"]]
        for name in ("query", "array"):
            columns[name] = new_strain[columns[name]]
        return Genotypes(**columns, screens=screens, strains=strains)


class Texts:
    """Numbers distinct texts in the order in which they are met."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def codes(self, column: pa.ChunkedArray) -> NDArray[np.int64]:
        """Return the number of every text, int64 [n]; -1 where there is none."""
        encoded = one_chunk(column, pa.string()).dictionary_encode()
        met = [self._places.setdefault(text, len(self._places)) for text in encoded.dictionary.to_pylist()]
        own = np.array([*met, -1], dtype=np.int64)
        return np.asarray(own[encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)])

    def sorted(self) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        """Return the new number of every old one (-1 stays), and the texts in their order."""
        texts = sorted(self._places)
        renumbered = np.full(len(texts) + 1, -1, dtype=np.int64)
        renumbered[[self._places[text] for text in texts]] = np.arange(len(texts))
        return renumbered, tuple(texts)


def numbers(table: pa.Table, name: str) -> NDArray[np.float64]:
    """Return a column as float64 [n], NaN where it has no value or the table no such column."""
    if name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    column = one_chunk(table.column(name), pa.float64())
    return np.array(column.to_numpy(zero_copy_only=False), dtype=np.float64)


def _contained(values: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.bool_]:
    if not len(wanted):
        return np.zeros(len(values), dtype=bool)
    place = np.minimum(np.searchsorted(wanted, values), len(wanted) - 1)
    return np.asarray(wanted[place] == values)


def one_chunk(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    """Return a column as one array of a type."""
    joined = column.cast(kind).combine_chunks()
    return joined if isinstance(joined, pa.Array) else pa.concat_arrays(joined.chunks)


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


def _phenotype_codes(phenotype: pa.ChunkedArray) -> NDArray[np.int64]:
    codes = pc.index_in(one_chunk(phenotype, pa.string()), pa.array(PHENOTYPES)).fill_null(-1)
    return np.asarray(codes.to_numpy(zero_copy_only=False), dtype=np.int64)


@dataclass(frozen=True)
class GeneRuleArrays:
    """Gene rules in disjunctive normal form.

    Attributes
    ----------
    members
        int64 [2, K]: (gene, complex).
    owner
        int64 [C]: the reaction of each complex.
    """

    members: NDArray[np.int64]
    owner: NDArray[np.int64]

    @classmethod
    def of(cls, stoichiometry: Mapping[str, Any]) -> Self:
        """Return the rules of ``metabolism/stoichiometry.pt``."""
        complexes, reactions = stoichiometry["complex_to_reaction"].numpy()
        owner = np.empty(len(complexes), dtype=np.int64)
        owner[complexes] = reactions
        return cls(stoichiometry["gene_to_complex"].numpy(), owner)


class GeneLoss:
    """Gene rules in disjunctive normal form, evaluated on S in time proportional to S's own complexes.

    A complex is lost with any of its genes; a reaction is blocked when all its complexes are lost. The tables stay on
    the CPU, where the number of lost complexes is known without waiting for a GPU.

    Parameters
    ----------
    rules
        The rules over N genes.
    genes, reactions
        N and R.
    """

    def __init__(self, rules: GeneRuleArrays, genes: int, reactions: int) -> None:
        import torch

        order = np.argsort(rules.members[0], kind="stable")
        counts = np.bincount(rules.members[0], minlength=genes)
        isozymes = np.bincount(rules.owner, minlength=reactions)
        self.complexes, self.first, self.counts, self.owner, self.isozymes = (
            torch.from_numpy(array.astype(np.int64))
            for array in (rules.members[1][order], np.cumsum(counts) - counts, counts, rules.owner, isozymes)
        )
        self.num_complexes, self.num_reactions = len(rules.owner), reactions

    def lost_complexes(self, genes: "Tensor") -> "tuple[Tensor, Tensor]":
        """Return (row, complex) of every complex that a genotype loses, each once.

        Parameters
        ----------
        genes
            long [n, 3], -1 where there is no gene.
        """
        import torch

        device, genes = genes.device, genes.cpu()
        row = torch.arange(len(genes))[:, None].expand_as(genes)
        present = genes >= 0
        row, gene = row[present], genes[present]
        counts = self.counts[gene]
        start = self.first[gene].repeat_interleave(counts)
        step = torch.arange(len(start)) - (counts.cumsum(0) - counts).repeat_interleave(counts)
        complexes = self.complexes[start + step]
        # Two deleted genes of one complex lose it once.
        keys = torch.unique(row.repeat_interleave(counts) * self.num_complexes + complexes).to(device)
        return keys // max(self.num_complexes, 1), keys % max(self.num_complexes, 1)

    def __call__(self, genes: "Tensor") -> "tuple[Tensor, Tensor]":
        """Return what `blocked_reactions` returns."""
        return self.blocked_reactions(genes)

    def blocked_reactions(self, genes: "Tensor") -> "tuple[Tensor, Tensor]":
        """Return (row, reaction) of every reaction that a genotype blocks, each once; see `lost_complexes`."""
        return self.without_enzyme(*self.lost_complexes(genes))

    def without_enzyme(self, row: "Tensor", complexes: "Tensor") -> "tuple[Tensor, Tensor]":
        """Return (row, reaction) of the reactions all of whose complexes are among the lost ones (long [k] each)."""
        import torch

        device, row = row.device, row.cpu()
        keys, lost = torch.unique(row * self.num_reactions + self.owner[complexes.cpu()], return_counts=True)
        row, reaction = keys // self.num_reactions, keys % self.num_reactions
        blocked = lost == self.isozymes[reaction]
        return row[blocked].to(device), reaction[blocked].to(device)
