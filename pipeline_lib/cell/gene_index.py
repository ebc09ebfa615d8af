"""The one gene index of a run: written once, asserted wherever it is loaded."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import AMBIGUOUS, UNKNOWN, GeneNames


def build_gene_table(model_genes: Iterable[str], features: pd.DataFrame | None) -> pd.DataFrame:
    """Put the gene table together: every known gene and every gene of the metabolic model, sorted by name.

    Parameters
    ----------
    model_genes
        Gene ids of the metabolic model, in its own spelling.
    features
        `pipeline_lib.genes.gene_tables.read_gene_table`, or None: the model's genes alone.

    Returns
    -------
    DataFrame
        `pipeline_lib.artefacts.schemas.GENES`, ``aliases`` and ``gem_id``. A gene of the model that `features` know by
        any of its names is that gene; one that they do not know is a gene of its own. Essentiality as `features` have
        it.

    Raises
    ------
    PipelineError
        When an id of the model can mean several genes.
    """
    known = features if features is not None else _no_features()
    names = feature_names(known)
    ids: dict[str, list[str]] = {}
    for given in dict.fromkeys(model_genes):
        position = names.position(given)
        if position == AMBIGUOUS:
            raise PipelineError(
                f"{names.explain(given)}; the metabolic model names it so: write the systematic name of the one it "
                "means into the model."
            )
        ids.setdefault(given if position == UNKNOWN else names.genes[position].as_py(), []).append(given)
    rest = [gene for gene in ids if gene not in set(known["gene"])]
    unnamed = pd.DataFrame(
        {
            "gene": pd.Series(rest, dtype=object),
            "name": pd.Series(rest, dtype=object),
            "aliases": [[] for _ in rest],
            "essential": pd.array([pd.NA] * len(rest), dtype="boolean"),
        }
    )
    table = pd.concat([known, unnamed], ignore_index=True).sort_values("gene", ignore_index=True)
    table["gene_index"] = np.arange(len(table), dtype=np.int64)
    table["in_gem"] = table["gene"].isin(ids)
    table["gem_id"] = ["|".join(ids[gene]) if gene in ids else None for gene in table["gene"]]
    return table[["gene_index", "gene", "name", "in_gem", "essential", "aliases", "gem_id"]]


def feature_names(features: pd.DataFrame) -> GeneNames:
    """Return the names of a table of genes to which no model belongs yet."""
    return GeneNames.from_table(features.assign(in_gem=False))


def _no_features() -> pd.DataFrame:
    empty = pd.Series(dtype=object)
    essential = pd.Series(dtype="boolean")
    return pd.DataFrame({"gene": empty, "name": empty, "aliases": empty, "essential": essential})


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
