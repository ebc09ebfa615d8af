"""Read the genotypes of a table in any kind of file: a column 'genes', or columns gene1, gene2, gene3."""

import csv
import io
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.genotypes import genotypes_of_lists
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.sources.columnar_table import load_columnar
from pipeline_lib.sources.excel_table import read_sheet, sheet_header
from pipeline_lib.sources.rejections import Rejections
from pipeline_lib.sources.row_block import Column
from pipeline_lib.sources.text_lines import whole_text
from pipeline_lib.sources.upstream_file import open_upstream
from pipeline_lib.sources.written_numbers import is_missing
from pipeline_lib.training.genotype_names import parse_genotypes

MISSING = ("-", ".")
"""Cells that stand for no value, beside the empty ones and pandas's own."""

_NEEDED = "give a column 'genes', or columns gene1, gene2, gene3"
_LETTERED = {"genea": "gene1", "geneb": "gene2", "genec": "gene3"}
_DELIMITERS = ("\t", ";", ",")

_SHEETS = (
    {"genes": Column(("genes",))},
    {
        f"gene{number}": Column(
            tuple(f"gene{sign}{end}" for sign in ("", " ", "_", ".") for end in (number, letter)), required=number == 1
        )
        for number, letter in enumerate("abcd", start=1)
    },
)
"""The columns of a sheet, the first of these that it has; a fourth gene is read so that it is refused."""


def read_genotype_table(path: Path, names: GeneNames, least: int = 1) -> NDArray[np.int64]:
    """Read the genotypes of a table, one a row, in its order.

    What kind the file is of shows in its content, not in its name: text (csv, tsv; packed or not), a workbook (the
    first sheet with such columns), or parquet, feather and Arrow.

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
        from 1, without the header, and those of a sheet as the spreadsheet counts them.
    """
    if not path.exists():
        raise PipelineError(f"{path} does not exist; give a table of genotypes (csv, tsv, xlsx, parquet).")
    with open_upstream(path) as upstream:
        holds = upstream.kind.holds
        table = _read_text(upstream.stream, path) if holds == "text" else pd.DataFrame()
    if holds == "columns":
        table = load_columnar(path).to_pandas()
    elif holds == "workbook":
        table = _read_sheet(path)
    whole, single = _gene_columns(table, path)
    if not len(table):
        raise PipelineError(f"{path} has no row; give one genotype a row.")

    def place(row: int) -> str:
        return f"{path}: row {table.index[row] if holds == 'workbook' else row + 1}"

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


def _read_sheet(path: Path) -> pd.DataFrame:
    """Return the columns of genes of a workbook as text, by row of the sheet."""
    columns = _SHEETS[0]
    try:
        sheet_header(path, columns)
    except PipelineError:
        columns = _SHEETS[1]
    rejections = Rejections(path)
    block = read_sheet(path, columns, rejections)
    cells = {name: block.text(name).cast(pa.string()) for name in block.table.column_names}
    given = {name: pc.if_else(pa.array(is_missing(text)), None, text).to_pandas() for name, text in cells.items()}
    return pd.DataFrame(given).set_index(block.lines)


def _read_text(stream: io.BufferedReader, path: Path) -> pd.DataFrame:
    text = whole_text(stream, path)
    try:
        header = next((line for line in text.splitlines() if line.strip()), "")
        # A table of one column has no delimiter: a comma in its rows joins genes.
        delimiter = next((mark for mark in _DELIMITERS if len(_fields(header, mark)) > 1), "\x1f")
        with warnings.catch_warnings():
            # pandas only warns when a row has more fields than the header, and drops them.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                io.StringIO(text),
                sep=delimiter,
                dtype=str,
                index_col=False,
                na_values=list(MISSING),
                skipinitialspace=True,
            )
    except (
        csv.Error,
        pd.errors.ParserError,
        pd.errors.ParserWarning,
        pd.errors.EmptyDataError,
        UnicodeDecodeError,
    ) as error:
        reason = " ".join(str(error).split())
        raise PipelineError(f"{path} is no table ({reason}); {_NEEDED}.") from error
    filled = np.flatnonzero(table.notna().any(axis=1).to_numpy())
    # Spreadsheets leave rows of delimiters behind the last one.
    return table.iloc[: int(filled[-1]) + 1 if len(filled) else 0]


def _fields(header: str, delimiter: str) -> list[str]:
    return next(csv.reader([header], delimiter=delimiter))
