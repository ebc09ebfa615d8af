"""Read the genotypes of a table: a column 'genes', or columns gene1, gene2, gene3."""

import csv
import io
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.sources.text_files import read_text
from pipeline_lib.training.genotype_names import genotypes_of_lists, parse_genotypes

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
MISSING = ("-", ".")
"""Cells that stand for no value, beside the empty ones and pandas's own."""

_NEEDED = "give a column 'genes', or columns gene1, gene2, gene3"
_LETTERED = {"genea": "gene1", "geneb": "gene2", "genec": "gene3"}
_DELIMITERS = ("\t", ";", ",")


def read_genotype_table(path: Path, names: GeneNames, least: int = 1) -> NDArray[np.int64]:
    """Read the genotypes of a parquet, csv or tsv table, one a row, in its order.

    A cell of ``genes`` holds names joined by ``,``, ``;``, ``+`` or ``|`` (parquet: or a list); a cell of ``gene1`` to
    ``gene3`` one name or nothing. The delimiter of text is the tab, ``;`` or ``,`` of its header; blank lines are
    skipped.

    Parameters
    ----------
    path
        The table.
    names
        The gene index.
    least
        Number of genes that a genotype needs.

    Returns
    -------
    int64 [n, 3]
        Ascending gene indices, then -1.

    Raises
    ------
    PipelineError
        When the file is missing, is no table, has no such column or no row, or a row is no genotype; rows are counted
        from 1, without the header.
    """
    if not path.exists():
        raise PipelineError(f"{path} does not exist; give a parquet, csv or tsv table of genotypes.")
    if path.suffix.lower() == ".parquet":
        table = read_table(path)
    elif path.suffix.lower() in TEXT_SUFFIXES:
        table = _read_text(path)
    else:
        raise PipelineError(
            f"{path}: a table of genotypes ends in .csv, .tsv, .txt or .parquet, not '{path.suffix}'; save it as one."
        )
    whole, single = _gene_columns(table, path)
    if not len(table):
        raise PipelineError(f"{path} has no row; give one genotype a row.")

    def place(row: int) -> str:
        return f"{path}: row {row + 1}"

    if whole:
        column = table[whole]
        missing = column.isna().to_numpy()
        if missing.any():
            raise PipelineError(
                f"{place(int(missing.argmax()))} has no genes; a genotype has one to three genes: fill the row in or "
                "take it out."
            )
        if isinstance(column.iloc[0], str):
            return parse_genotypes(column.astype(str).tolist(), names, least, place)
    try:
        lists = pa.array(column, type=pa.list_(pa.string())) if whole else _joined(table[single])
    except (pa.ArrowException, TypeError) as error:
        raise PipelineError(f"{path}: {whole or ', '.join(single)}: these are no gene names; {_NEEDED}.") from error
    return genotypes_of_lists(lists, names, least, place)


def _joined(cells: pd.DataFrame) -> pa.ListArray:
    """Return the names of each row as a list; an empty cell is no gene."""
    there = cells.notna().to_numpy()
    offsets = np.concatenate([[0], there.sum(axis=1).cumsum()]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(cells.to_numpy(object)[there], type=pa.string()))


def _gene_columns(table: pd.DataFrame, path: Path) -> tuple[str, list[str]]:
    """Return the name of the column of whole genotypes, or '' and those of single genes.

    Letter case, blanks, dots and underscores are free; ``gene_a`` to ``gene_c`` are ``gene1`` to ``gene3``.
    """
    plain = {str(column): _plain(str(column)) for column in table.columns}
    named = {name: [column for column in plain if plain[column] == name] for name in plain.values()}
    if "genes" in named:
        return _only(named["genes"], path), []
    single = [_only(named[name], path) for name in sorted(named) if re.fullmatch(r"gene\d", name)]
    if not single or plain[single[0]] != "gene1":
        found = ", ".join(map(str, table.columns)) or "none"
        raise PipelineError(f"{path} has no column 'genes'; its columns are {found}: {_NEEDED}.")
    return "", single


def _plain(column: str) -> str:
    name = re.sub(r"[\s_.]", "", column).lower()
    return _LETTERED.get(name, name)


def _only(columns: list[str], path: Path) -> str:
    if len(columns) > 1:
        raise PipelineError(f"{path} has the columns {' and '.join(columns)}, which mean the same; leave one.")
    return columns[0]


def _read_text(path: Path) -> pd.DataFrame:
    text = read_text(path)
    try:
        header = next((line for line in text.splitlines() if line.strip()), "")
        # A table of one column has no delimiter: a comma in its rows joins genes.
        delimiter = next((mark for mark in _DELIMITERS if len(_fields(header, mark)) > 1), "\x1f")
        with warnings.catch_warnings():
            # pandas only warns when a row has more fields than the header, and drops them.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                io.StringIO(text), sep=delimiter, dtype=str, index_col=False, na_values=list(MISSING),
                skipinitialspace=True,
            )  # fmt: skip
    except (
        csv.Error, pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError, UnicodeDecodeError,
    ) as error:  # fmt: skip
        reason = " ".join(str(error).split())
        raise PipelineError(f"{path} is no table ({reason}); {_NEEDED}.") from error
    filled = np.flatnonzero(table.notna().any(axis=1).to_numpy())
    # Spreadsheets leave rows of delimiters behind the last one.
    return table.iloc[: int(filled[-1]) + 1 if len(filled) else 0]


def _fields(header: str, delimiter: str) -> list[str]:
    return next(csv.reader([header], delimiter=delimiter))
