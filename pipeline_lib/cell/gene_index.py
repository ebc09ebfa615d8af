"""The one gene index of a run: written once, asserted wherever it is loaded."""

import csv
import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from pipeline_lib.errors import PipelineError

GENE_FEATURES = ("ORF", "blocked_reading_frame", "pseudogene", "transposable_element_gene")
"""Kinds of SGD features that are genes with an open reading frame."""

_FEATURE_COLUMNS = {1: "type", 3: "gene", 4: "name", 5: "aliases"}


def read_features(path: Path) -> pd.DataFrame:
    """Read the genes out of SGD's feature table.

    Parameters
    ----------
    path
        ``SGD_features.tab``: tab-separated, no header; column 2 the kind, 4 the systematic name, 5 the standard
        name, 6 the aliases separated by ``|``.

    Returns
    -------
    DataFrame
        gene, name (standard name, else the systematic one), aliases (list of str); one row a gene.

    Raises
    ------
    PipelineError
        When the file does not look like SGD's table.
    """
    try:
        table = pd.read_csv(
            path, sep="\t", header=None, dtype=str, usecols=list(_FEATURE_COLUMNS), quoting=csv.QUOTE_NONE,
            keep_default_na=False, na_values=[""],
        )  # fmt: skip
    except (ValueError, UnicodeDecodeError) as error:
        raise PipelineError(f"{path}: not a tab-separated table of features; expected SGD_features.tab.") from error
    table = table.rename(columns=_FEATURE_COLUMNS)
    table = table[table["type"].isin(GENE_FEATURES) & table["gene"].notna()].drop_duplicates("gene")
    if table.empty:
        raise PipelineError(f"{path}: no row is an open reading frame; expected SGD_features.tab.")
    return pd.DataFrame(
        {
            "gene": table["gene"],
            "name": table["name"].fillna(table["gene"]),
            "aliases": [alias.split("|") if isinstance(alias, str) else [] for alias in table["aliases"]],
        }
    ).reset_index(drop=True)


def read_essential_genes(path: Path) -> frozenset[str]:
    """Read a list of essential genes: one systematic name a line; other lines are comments.

    Raises
    ------
    PipelineError
        When the file is no text or no line of it is a gene.
    """
    pattern = re.compile(r"(?:Y[A-P][LR]\d{3}[WC](?:-[A-Z])?|Q\d{4}|[bs]\d{4})")
    try:
        lines = path.read_text(encoding="utf-8").split()
    except UnicodeDecodeError as error:
        raise PipelineError(f"{path} is no text ({error}); expected a list of essential genes.") from error
    genes = frozenset(line for line in lines if pattern.fullmatch(line))
    if not genes:
        raise PipelineError(f"{path}: no line is a systematic gene name; expected a list of essential genes.")
    return genes


def build_gene_table(
    model_genes: Iterable[str], features: pd.DataFrame | None, essential: frozenset[str] | None
) -> pd.DataFrame:
    """Put the gene table together: every known gene and every gene of the metabolic model, sorted by name.

    Parameters
    ----------
    model_genes
        Genes of the metabolic model (systematic names).
    features
        `read_features`, or None: the model's genes alone.
    essential
        `read_essential_genes`, or None: not known (missing values).

    Returns
    -------
    DataFrame
        `pipeline_lib.artefacts.schemas.GENES` and ``aliases``.
    """
    in_model = frozenset(model_genes)
    known = features if features is not None else pd.DataFrame({"gene": [], "name": [], "aliases": []})
    rest = sorted(in_model - set(known["gene"]))
    unnamed = pd.DataFrame({"gene": rest, "name": rest, "aliases": [[] for _ in rest]})
    table = pd.concat([known, unnamed], ignore_index=True).sort_values("gene", ignore_index=True)
    table.insert(0, "gene_index", range(len(table)))
    table["in_gem"] = table["gene"].isin(in_model)
    table["essential"] = table["gene"].isin(essential or ()).astype("boolean")
    if essential is None:
        table["essential"] = pd.array([pd.NA] * len(table), dtype="boolean")
    table["gene_index"] = table["gene_index"].astype("int64")
    return table[["gene_index", "gene", "name", "in_gem", "essential", "aliases"]]


def assert_same_index(expected: Iterable[str], genes: pd.DataFrame, where: str) -> None:
    """Refuse to go on when a file was written under another gene index.

    Raises
    ------
    PipelineError
        Names the first position at which the two differ.
    """
    ours = genes.sort_values("gene_index")["gene"].tolist()
    theirs = list(expected)
    if ours == theirs:
        return
    position = next(
        (i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs))
    )
    raise PipelineError(
        f"{where}: written under another gene index ({len(theirs)} genes, here {len(ours)}; they differ from position "
        f"{position} on); make it anew with this run's genes.parquet."
    )
