"""Which genes an organism has, what they are called, which are essential, and how many of a file's names are known."""

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import AMBIGUOUS, UNKNOWN, GeneNames, letters, plain
from pipeline_lib.sources.table_layout import read_text

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


def read_essential_genes(path: Path, names: GeneNames) -> NDArray[np.int32]:
    """Read a list of essential genes, one a line, under any of their names.

    Lines that start with ``#``, and sentences in which no gene is named, are comments; of a line with several fields
    the first that names a gene counts.

    Parameters
    ----------
    path
        The list.
    names
        The gene table; what the list names is kept in its ``looked_up``.

    Returns
    -------
    int32
        Ascending gene indices; names that the gene table does not know, or that mean several genes, are left out.

    Raises
    ------
    PipelineError
        When the file is no text, or names no gene of the gene table.
    """
    lines = [line.strip() for line in read_text(path).splitlines()]
    named = [name for line in lines if line and not line.startswith("#") for name in _name(line, names)]
    found = np.array([names.position(name) for name in named], dtype=np.int32)
    if not (found >= 0).any():
        listed = f" (it lists {', '.join(named[:3])}, ...)" if named else ""
        raise PipelineError(
            f"{path}: none of its lines names a gene of the gene table{listed}; give the list of essential genes of "
            "the same organism, or leave organism.essential out."
        )
    return np.unique(found[found >= 0])


def _name(line: str, names: GeneNames) -> list[str]:
    """Return the gene name of a line: the one that is known, else a word that stands alone; none in a sentence."""
    fields = [line, *re.split(r"[\t;,]", line), *line.split()]
    known = next((field for field in fields if plain(field) and names.knows(field)), None)
    if known is not None:
        return [known]
    words = re.split(r"[\t;,]", line)[0].split()
    return words if len(words) == 1 and "://" not in words[0] else []


def essentiality(genes: pd.DataFrame, essential: NDArray[np.int32], covered: NDArray[np.bool_]) -> pd.Series:
    """Return whether each gene is essential, according to a list.

    Parameters
    ----------
    genes
        The gene table, N rows.
    essential
        int32: gene indices of the list.
    covered
        bool [N]: genes of the organism that the list is of; one of them that is not listed is not essential.

    Returns
    -------
    Series
        boolean [N]; missing where the list does not cover the gene.
    """
    listed = np.zeros(len(genes), dtype=bool)
    listed[essential] = True
    values = pd.array(listed, dtype="boolean")
    values[~(covered | listed)] = pd.NA
    return pd.Series(values, index=genes.index)


Kind = Literal["model", "screen", "network", "features", "essential"]

LEAST_SHARE: dict[Kind, float] = {"model": 0.25, "screen": 0.05, "network": 0.05, "features": 0.05, "essential": 0.0}
"""Share of the names that must be known; below it the names are another organism's. Relative to the smaller of the two:
a gene table of a model's 137 genes cannot know the 4,000 proteins of a network."""
LOW_SHARE = 0.5
"""Share of the names below which a warning is given."""
_FEW = 10
"""With fewer names than that, a share is no evidence: only names of which none is known are refused."""
_LISTED = 5

_WHAT: dict[Kind, str] = {
    "model": "genes of the metabolic model",
    "screen": "gene names of the screen",
    "network": "gene names of the network",
    "features": "gene names of the feature table",
    "essential": "names of the list of essential genes",
}


def gene_coverage(kind: Kind, name: str, names: GeneNames, given: Iterable[str]) -> pd.DataFrame:
    """Count the names that the gene table knows.

    Parameters
    ----------
    kind, name
        What the names are of.
    names
        The gene table.
    given
        The names; each counts once, whatever its letter case.

    Returns
    -------
    DataFrame
        One row of `pipeline_lib.artefacts.schemas.GENE_COVERAGE`.
    """
    distinct = {letters(text): text for text in given if letters(text)}
    own = {letters(text) for text in (*names.genes.to_pylist(), *names.standard)}
    positions = {text: names.position(text) for text in distinct.values()}
    unknown = [text for text, position in positions.items() if position == UNKNOWN]
    ambiguous = [text for text, position in positions.items() if position == AMBIGUOUS]
    other = [
        f"{text} = {names.genes[position].as_py()}"
        for key, text in distinct.items()
        if (position := positions[text]) >= 0 and key not in own
    ]
    examples = [
        f"{label}: {', '.join(sorted(texts)[:_LISTED])}"
        for label, texts in (("unknown", unknown), ("ambiguous", ambiguous), ("by another name", other))
        if texts
    ]
    return pd.DataFrame(
        {
            "kind": [kind],
            "name": [name],
            "named": [len(distinct)],
            "known": [len(distinct) - len(unknown) - len(ambiguous)],
            "unknown": [len(unknown)],
            "ambiguous": [len(ambiguous)],
            "by_alias": [len(other)],
            "examples": ["; ".join(examples)],
        }
    )


def refuse_other_organism(coverage: pd.DataFrame, names: GeneNames) -> None:
    """Refuse names of which (almost) none is in the gene table.

    Parameters
    ----------
    coverage
        One row of `gene_coverage`.
    names
        The gene table.

    Raises
    ------
    PipelineError
        Names how many names are known, some that are not, and what to do.
    """
    row = coverage.iloc[0]
    kind: Kind = row["kind"]
    needed = LEAST_SHARE[kind] * min(row["named"], len(names)) if row["named"] >= _FEW else 0
    if row["named"] == 0 or (row["known"] > 0 and row["known"] >= needed):
        return
    remedy = (
        "give the gene table of the model's organism in organism.genes (ids of another database belong into its "
        "column aliases), or leave organism.genes out."
        if kind == "model"
        else f"give the gene table of its organism in organism.genes, or another file for the {kind}."
    )
    raise PipelineError(
        f"{row['known']:,} of {row['named']:,} {_WHAT[kind]} '{row['name']}' are in the gene table of {len(names):,} "
        f"genes ({row['examples']}): they seem to be of another organism or another database; {remedy}"
    )


def low_coverage(row: pd.Series) -> str:
    """Return a sentence where the gene table knows few of the names of a row of the coverage table; else empty."""
    if row["named"] == 0 or row["known"] >= LOW_SHARE * row["named"]:
        return ""
    return (
        f"The gene table knows only {row['known']:,} of {row['named']:,} {_WHAT[row['kind']]} '{row['name']}' "
        f"({row['examples']})."
    )
