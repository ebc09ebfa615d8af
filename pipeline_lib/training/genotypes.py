"""Genotypes that a user wants predicted, written or in a table of any kind, as gene indices."""

import csv
import io
import re
import warnings
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames, Place, genotypes_of_lists, letters
from pipeline_lib.sources.excel_table import read_sheet, sheet_header
from pipeline_lib.sources.own_table import load_columnar
from pipeline_lib.sources.row_block import Column, Rejections
from pipeline_lib.sources.table_layout import read_text, whole_text
from pipeline_lib.sources.upstream_file import open_upstream
from pipeline_lib.sources.written_numbers import is_missing

Chunks = Iterator[NDArray[np.int64]]


def read_gene_list(path: Path, names: GeneNames) -> NDArray[np.int64]:
    """Read a text file of one gene a line (systematic name, standard name or alias) and return ascending gene indices.

    Raises
    ------
    PipelineError
        When the file is missing, empty or no text, or a line is no gene of the index.
    """
    if not path.exists():
        raise PipelineError(f"{path} does not exist; give a text file with one gene a line.")
    found = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        position = names.position(line)
        if position < 0:
            raise PipelineError(f"{path}: line {number}: {names.explain(line.strip())}; give one gene a line.")
        found.append(position)
    if not found:
        raise PipelineError(f"{path} is empty; give a text file with one gene a line.")
    return np.unique(np.array(found, dtype=np.int64))


def cut(genotypes: NDArray[np.int64], size: int) -> Chunks:
    """Yield `size` genotypes at a time."""
    for start in range(0, len(genotypes), size):
        yield genotypes[start : start + size]


def all_pairs(genes: NDArray[np.int64], size: int, begin: int = 0, end: int | None = None) -> Chunks:
    """Yield all pairs of ascending `genes`, in order, at most `size` at a time; never all of them in memory.

    Parameters
    ----------
    genes
        int64, ascending.
    size
        Most pairs of a chunk.
    begin, end
        Positions in that order between which pairs are wanted. None: to the last one.
    """
    pairs = len(genes) * (len(genes) - 1) // 2
    end = pairs if end is None else min(end, pairs)
    for start in range(begin, end, size):
        rank = np.arange(start, min(start + size, end))
        chunk = np.full((len(rank), MAX_ORDER), NO_GENE)
        first, second = _pair(rank, len(genes))
        chunk[:, 0], chunk[:, 1] = genes[first], genes[second]
        yield chunk


def all_triples(genes: NDArray[np.int64], size: int, begin: int = 0, end: int | None = None) -> Chunks:
    """Yield all triples of ascending `genes`, in order, at most `size` at a time; see `all_pairs`."""
    n = len(genes)
    behind = n - 1 - np.arange(n)
    # Pairs of the genes behind each gene, and the number of triples that begin before it.
    pairs_behind = behind * (behind - 1) // 2
    start_of = np.cumsum(pairs_behind) - pairs_behind
    pairs, triples = n * (n - 1) // 2, int(pairs_behind.sum())
    end = triples if end is None else min(end, triples)
    for start in range(begin, end, size):
        rank = np.arange(start, min(start + size, end))
        first = np.searchsorted(start_of, rank, side="right") - 1
        # The last two genes have no triple of their own: their starts equal the total, beyond every rank.
        # Pairs are sorted by their first gene: those behind `first` are the end of the list of pairs.
        second, third = _pair(pairs - pairs_behind[first] + rank - start_of[first], n)
        yield np.stack([genes[first], genes[second], genes[third]], axis=1)


def _pair(rank: NDArray[np.int64], n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return positions i < j of the pairs of n things at `rank` of their lexicographic order, int64 each."""
    gene = np.arange(n)
    start_of = gene * (2 * n - gene - 1) // 2
    # The last gene begins no pair: its start equals the number of pairs, beyond every rank.
    first = np.searchsorted(start_of, rank, side="right") - 1
    return first, rank - start_of[first] + first + 1


SEPARATORS = re.compile(r"[,;+|]")
"""What may stand between two genes of a written genotype."""


def parse_genotypes(texts: Sequence[str], names: GeneNames, least: int, place: Place) -> NDArray[np.int64]:
    """Read genotypes whose genes are joined by ``,``, ``;``, ``+`` or ``|``.

    A separator at the end is ignored. A standard name that holds a comma (``ADE5,7``) is one gene.

    Parameters
    ----------
    texts
        One genotype each.
    names
        The gene index; systematic names, standard names and aliases in any letter case are read.
    least
        Number of genes that a genotype needs (`pipeline_lib.genes.names.smallest_order` of its phenotype).
    place
        See `Place`.

    Returns
    -------
    int64 [n, 3]
        Ascending gene indices, then -1.

    Raises
    ------
    PipelineError
        At the first text that names an unknown or ambiguous gene, no gene, one gene twice, or too few or too many.
    """
    written = pa.array(texts, type=pa.string())
    # pyarrow's regular expressions have the same syntax for this one.
    lists = pc.split_pattern_regex(written, SEPARATORS.pattern)
    flat = lists.flatten()
    owner = np.asarray(pc.list_parent_indices(lists))
    doubtful = np.unique(owner[names.positions(flat) < 0])
    if not len(doubtful):
        return genotypes_of_lists(lists, names, least, place)
    # Names that hold a comma, and separators at the end: rare, so these rows are read one by one.
    members = lists.to_pylist()
    with_comma = {letters(name) for name in names.standard if "," in name}
    for row in doubtful.tolist():
        members[row] = _members(texts[row], with_comma)
    return genotypes_of_lists(pa.array(members, type=pa.list_(pa.string())), names, least, place)


def _members(text: str, with_comma: AbstractSet[str]) -> list[str]:
    """Return the gene names of one written genotype; neighbours that a comma joins to a standard name are one."""
    members: list[str] = []
    for piece in re.split(r"[;+|]", text.rstrip().rstrip(",;+|")):
        parts = piece.split(",")
        while parts:
            sizes = range(len(parts), 1, -1)
            size = next((size for size in sizes if letters(",".join(parts[:size])) in with_comma), 1)
            members.append(",".join(parts[:size]).strip())
            parts = parts[size:]
    return [] if members == [""] else members


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


CHUNK = 262_144
"""Genotypes that are predicted at a time."""


@dataclass(frozen=True)
class RequestedGenotypes:
    """Genotypes to predict.

    Attributes
    ----------
    count
        How many.
    chunks
        Gene indices int64 [n, 3], ascending, then -1; n is at most `CHUNK`.
    """

    count: int
    chunks: Chunks


def named(texts: Sequence[str], names: GeneNames, least: int) -> RequestedGenotypes:
    """Return the genotypes of the option ``--genotype``; see `parse_genotypes`."""
    genes = parse_genotypes(texts, names, least, lambda row: f"--genotype '{texts[row]}'")
    return RequestedGenotypes(len(genes), cut(genes, CHUNK))


def tabled(path: Path, names: GeneNames, least: int) -> RequestedGenotypes:
    """Return the genotypes of a table; see `read_genotype_table`."""
    genes = read_genotype_table(path, names, least)
    return RequestedGenotypes(len(genes), cut(genes, CHUNK))


def every_pair(path: Path, names: GeneNames) -> RequestedGenotypes:
    """Return all pairs of the genes of a text file; see `read_gene_list`."""
    genes = read_gene_list(path, names)
    _refuse_few(path, len(genes), 2, "pair")
    return RequestedGenotypes(comb(len(genes), 2), all_pairs(genes, CHUNK))


def every_triple(path: Path, names: GeneNames) -> RequestedGenotypes:
    """Return all triples of the genes of a text file; see `read_gene_list`."""
    genes = read_gene_list(path, names)
    _refuse_few(path, len(genes), 3, "triple")
    return RequestedGenotypes(comb(len(genes), 3), all_triples(genes, CHUNK))


def _refuse_few(path: Path, count: int, needed: int, what: str) -> None:
    if count < needed:
        noun = "gene" if count == 1 else "different genes"
        raise PipelineError(f"{path} names {count} {noun}; a {what} needs {needed}: add genes, one a line.")
