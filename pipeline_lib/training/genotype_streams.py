"""Genotypes to predict, in chunks: named ones, those of a table, all pairs or triples of a list of genes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE, gene_positions
from pipeline_lib.errors import PipelineError

Chunks = Iterator[NDArray[np.int64]]


def read_gene_list(path: Path, genes: pd.DataFrame) -> NDArray[np.int64]:
    """Read a text file of one gene a line (systematic or standard name) and return ascending gene indices.

    Raises
    ------
    PipelineError
        When the file is missing, empty, or names a gene that the index lacks.
    """
    try:
        lines = path.read_text(encoding="utf-8").split()
    except FileNotFoundError as error:
        raise PipelineError(f"{path} does not exist; give a text file with one gene a line.") from error
    except UnicodeDecodeError as error:
        raise PipelineError(f"{path} is no text ({error}); give a text file with one gene a line.") from error
    if not lines:
        raise PipelineError(f"{path} is empty; give a text file with one gene a line.")
    frame = pd.Series([[name] for name in systematic_names(lines, genes)], dtype=object)
    return np.unique(gene_positions(genes, frame, str(path))[:, 0])


def read_genotype_table(path: Path, genes: pd.DataFrame) -> NDArray[np.int64]:
    """Read the column ``genes`` of a parquet, csv or tsv table: lists, or names joined by ``,``, ``;``, ``+`` or ``|``.

    Returns
    -------
    int64 [n, 3]

    Raises
    ------
    PipelineError
        When the file is missing, has no such column, or names a gene that the index lacks.
    """
    if not path.exists():
        raise PipelineError(f"{path} does not exist; give a parquet, csv or tsv table with a column 'genes'.")
    table = read_table(path) if path.suffix == ".parquet" else _read_text(path)
    if "genes" not in table.columns:
        raise PipelineError(f"{path} has no column 'genes'; its columns are {', '.join(map(str, table.columns))}.")
    column = table["genes"]
    if column.isna().any():
        raise PipelineError(f"{path}: row {int(column.isna().to_numpy().argmax()) + 1} has no genes; mend the table.")
    if len(column) and isinstance(column.iloc[0], str):
        column = column.str.split(r"[,;+|]\s*")
    return named_genotypes(list(column), genes, str(path))


def _read_text(path: Path) -> pd.DataFrame:
    separator = "\t" if path.suffix in {".tsv", ".txt"} else ","
    try:
        return pd.read_csv(path, sep=separator, dtype=str)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise PipelineError(f"{path} is no table ({reason}); give a table with a column 'genes'.") from error


def named_genotypes(gene_sets: Sequence[Sequence[str]], genes: pd.DataFrame, where: str) -> NDArray[np.int64]:
    """Return the gene indices of genotypes given by name, int64 [n, 3]."""
    lists = pd.Series([sorted(set(systematic_names(names, genes))) for names in gene_sets], dtype=object)
    return gene_positions(genes, lists, where)


def systematic_names(names: Sequence[str], genes: pd.DataFrame) -> list[str]:
    """Translate standard names (``ACT1``) to systematic ones; what is not known stays as it is."""
    systematic = dict(zip(genes["name"].str.upper(), genes["gene"], strict=True))
    known = set(genes["gene"])
    stripped = [name.strip() for name in names]
    return [name if name in known else systematic.get(name.upper(), name) for name in stripped]


def cut(genotypes: NDArray[np.int64], size: int) -> Chunks:
    """Yield `size` genotypes at a time."""
    for start in range(0, len(genotypes), size):
        yield genotypes[start : start + size]


def all_pairs(genes: NDArray[np.int64], size: int) -> Chunks:
    """Yield all pairs of ascending `genes`, in order, at most `size` at a time."""
    first, second = np.triu_indices(len(genes), 1)
    pairs = np.full((len(first), MAX_ORDER), NO_GENE)
    pairs[:, 0], pairs[:, 1] = genes[first], genes[second]
    yield from cut(pairs, size)


def all_triples(genes: NDArray[np.int64], size: int) -> Chunks:
    """Yield all triples of ascending `genes`, in order, at most `size` at a time; never all of them in memory."""
    second, third = np.triu_indices(len(genes), 1)
    # Pairs are sorted by their first gene: those behind gene a are the end of the list.
    behind = np.searchsorted(second, np.arange(len(genes)), side="right")
    held: list[NDArray[np.int64]] = []
    count = 0
    for a in range(len(genes)):
        tail = slice(behind[a], None)
        triples = np.stack(
            [np.full(len(second) - behind[a], genes[a]), genes[second[tail]], genes[third[tail]]], axis=1
        )
        for part in cut(triples, size):
            if count + len(part) > size:
                yield np.concatenate(held)
                held, count = [], 0
            held.append(part)
            count += len(part)
    if count:
        yield np.concatenate(held)
