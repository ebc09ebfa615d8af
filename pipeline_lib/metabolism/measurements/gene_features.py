"""Features of the model's genes that may predict essentiality: none that knows which mutants live."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

FORBIDDEN = ("essential", "viab", "lethal", "haploinsuff")
"""Words in the names of columns that are derived from essentiality (``viab``: viable, inviable, viability)."""
_GROWTH_COLUMNS = "fitness_"
"""Start of the columns of growth in a feature table ``flux``: growth is an input of its own."""
_FEWEST_DIFFERING = 5
"""Genes whose value must differ from the commonest one for a column to say anything."""


def gene_features(
    genes: pd.Series, tables: Mapping[str, pd.DataFrame], edges: pd.DataFrame
) -> tuple[pd.DataFrame, list[str]]:
    """Put feature tables and degrees in gene networks side by side.

    Parameters
    ----------
    genes
        Names in the order of the gene index.
    tables
        Feature tables by name (`pipeline_lib.artefacts.schemas.FEATURES`).
    edges
        Gene networks (`pipeline_lib.artefacts.schemas.EDGES`, with ``holds_genetic``); those with genetic interactions
        give no degree.

    Returns
    -------
    (features, left_out)
        float64, genes by columns ``<table>: <column>`` and ``degree: <network>``, NaN where not known; the columns
        that are left out since by their name they come from essentiality.
    """
    parts, left_out = [], []
    for name, table in tables.items():
        columns = [column for column in table.columns.drop("gene_index") if not column.startswith(_GROWTH_COLUMNS)]
        forbidden = [column for column in columns if any(word in column.casefold() for word in FORBIDDEN)]
        left_out += [f"{name}: {column}" for column in forbidden]
        kept = table.set_index("gene_index")[[column for column in columns if column not in forbidden]]
        parts.append(kept.add_prefix(f"{name}: ").astype("float64"))
    for network, of_network in edges[~edges["holds_genetic"]].groupby("network"):
        degree = np.bincount(of_network[["source", "target"]].to_numpy(np.int64).ravel(), minlength=len(genes))
        parts.append(pd.DataFrame({f"degree: {network}": degree.astype(np.float64)}))
    found = pd.concat(parts, axis=1).reindex(np.arange(len(genes))) if parts else pd.DataFrame(index=range(len(genes)))
    return found.set_axis(genes.to_numpy(), axis=0), left_out


def informative(features: pd.DataFrame) -> pd.DataFrame:
    """Return the columns in which at least five genes have another value than the commonest."""
    return features[[column for column in features if _differing(features[column]) >= _FEWEST_DIFFERING]]


def _differing(values: pd.Series) -> int:
    counts = values.value_counts()
    return int(counts.iloc[1:].sum())


def same_complex(complexes: pd.DataFrame, num_genes: int) -> NDArray[np.int64]:
    """Return one number a gene, int64 [G]; genes of one enzyme complex, directly or through others, have the same.

    Parameters
    ----------
    complexes
        `pipeline_lib.artefacts.schemas.COMPLEXES`.
    num_genes
        G.
    """
    members = complexes.drop_duplicates(["complex_index", "gene_index"])
    shape = (num_genes, int(complexes["complex_index"].max()) + 1 if len(complexes) else 0)
    entries = (members["gene_index"].to_numpy(), members["complex_index"].to_numpy())
    belongs = sparse.csr_array((np.ones(len(members)), entries), shape=shape)
    return connected_components(belongs @ belongs.T, directed=False)[1].astype(np.int64)
