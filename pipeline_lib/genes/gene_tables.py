"""Read which genes an organism has and what they are called: SGD's feature table, or a plain table of one's own."""

import csv
import io
import re
from pathlib import Path

import pandas as pd

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import plain
from pipeline_lib.sources.text_lines import read_text

GENE_FEATURES = ("ORF", "blocked_reading_frame", "pseudogene", "transposable_element_gene")
"""Kinds of SGD features that are genes with an open reading frame."""

_RETIRED = frozenset({"deleted", "merged"})
"""Qualifiers of reading frames that are no genes any more; merged ones are aliases of the gene that is left."""
_OWN_COLUMNS = ("id", "name", "aliases", "essential")
_ESSENTIAL = {
    **dict.fromkeys(("yes", "y", "true", "t", "1", "1.0", "essential"), True),
    **dict.fromkeys(("no", "n", "false", "f", "0", "0.0", "nonessential", "non-essential"), False),
    **dict.fromkeys(("", "na", "n/a", "nan", "null", "none", "unknown", "-", "."), None),
}


def read_gene_table(path: Path) -> pd.DataFrame:
    """Read a table of genes; what kind it is shows in its first line.

    Parameters
    ----------
    path
        ``SGD_features.tab`` (tab-separated, no header; column 2 the kind, 3 the qualifier, 4 the systematic name, 5 the
        standard name, 6 the aliases separated by ``|``), or a table with a header and the columns ``id`` and, where
        there are any, ``name``, ``aliases`` (separated by ``|`` or ``;``) and ``essential`` (yes or no; blank: not
        known), separated by tabs, commas or semicolons.

    Returns
    -------
    DataFrame
        gene, name (standard name, else the systematic one), aliases (list of str), essential (boolean, missing where
        not known); one row a gene.

    Raises
    ------
    PipelineError
        When the file is neither, a row has no id, an id stands twice, or an essentiality is no yes or no.
    """
    text = read_text(path)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max("\t;,", key=first.count)
    header = [plain(field).lower() for field in next(csv.reader([first], delimiter=delimiter), [])]
    return _own_genes(text, delimiter, path) if "id" in header else _sgd_genes(text, path)


def _sgd_genes(text: str, path: Path) -> pd.DataFrame:
    genes: dict[str, tuple[str, list[str]]] = {}
    for line in text.replace("\r", "").split("\n"):
        kind, qualifier, gene, name, aliases = (*line.split("\t"), "", "", "", "", "", "")[1:6]
        retired = not _RETIRED.isdisjoint(re.split(r"\W+", qualifier.lower()))
        if kind in GENE_FEATURES and gene and gene not in genes and not retired:
            genes[gene] = (name or gene, aliases.split("|") if aliases else [])
    if not genes:
        raise _neither(path)
    return pd.DataFrame(
        {
            "gene": list(genes),
            "name": [name for name, _ in genes.values()],
            "aliases": [aliases for _, aliases in genes.values()],
            "essential": pd.array([pd.NA] * len(genes), dtype="boolean"),
        }
    )


def _neither(path: Path) -> PipelineError:
    return PipelineError(
        f"{path} is no table of genes: it has neither a header with the column 'id' (beside it name, aliases and "
        "essential) nor a row that is an open reading frame, as SGD_features.tab has."
    )


def _own_genes(text: str, delimiter: str, path: Path) -> pd.DataFrame:
    rows, numbers = _rows(text, delimiter, path)
    columns = [plain(field).lower() for field in rows[0]]
    for name in _OWN_COLUMNS:
        if columns.count(name) > 1:
            raise PipelineError(f"{path}: the column '{name}' stands in the header twice; keep one.")
    wide = next((i for i, row in enumerate(rows) if any(map(plain, row[len(columns) :]))), None)
    if wide is not None:
        raise PipelineError(
            f"{path}, row {numbers[wide]} has {len(rows[wide])} fields and the header {len(columns)}; put names that "
            "hold the separator into double quotes."
        )
    place = {name: columns.index(name) for name in _OWN_COLUMNS if name in columns}

    def field(row: list[str], name: str) -> str:
        at = place.get(name)
        return plain(row[at]) if at is not None and at < len(row) else ""

    genes = [field(row, "id") for row in rows[1:]]
    _refuse_ids(genes, numbers[1:], path)
    return pd.DataFrame(
        {
            "gene": pd.Series(genes, dtype=object),
            "name": pd.Series(
                [field(row, "name") or gene for row, gene in zip(rows[1:], genes, strict=True)], dtype=object
            ),
            "aliases": [
                [alias for alias in map(plain, re.split(r"[|;]", field(row, "aliases"))) if alias] for row in rows[1:]
            ],
            "essential": pd.array(
                [
                    _essential(field(row, "essential"), number, path)
                    for row, number in zip(rows[1:], numbers[1:], strict=True)
                ],
                dtype="boolean",
            ),
        }
    )


def _rows(text: str, delimiter: str, path: Path) -> tuple[list[list[str]], list[int]]:
    """Return the rows that hold anything, and the line on which each ends, counted from 1."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        kept = [(row, reader.line_num) for row in reader if any(map(plain, row))]
    except csv.Error as error:
        raise PipelineError(f"{path}, row {reader.line_num}: {error}; mend its quotes.") from error
    return [row for row, _ in kept], [number for _, number in kept]


def _refuse_ids(genes: list[str], numbers: list[int], path: Path) -> None:
    if not genes:
        raise PipelineError(f"{path} has a header and no row; give one row a gene.")
    first: dict[str, int] = {}
    for gene, number in zip(genes, numbers, strict=True):
        if not gene:
            raise PipelineError(f"{path}, row {number} has no id; name its gene or take the row out.")
        if gene in first:
            raise PipelineError(f"{path}: the gene '{gene}' stands in row {first[gene]} and in row {number}; keep one.")
        first[gene] = number


def _essential(text: str, row: int, path: Path) -> bool | None:
    if text.lower() not in _ESSENTIAL:
        raise PipelineError(
            f"{path}, row {row}: essential is '{text}'; write yes or no, or leave it blank where it is not known."
        )
    return _ESSENTIAL[text.lower()]
