"""Which genes a query strain carries, as the genotypes that it was crossed into show."""

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE, Genotypes


def genotype_codes(genes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one integer a genotype [n], equal exactly where the sets of deleted genes [n, 3] are equal."""
    base = int(genes.max(initial=0)) + 2
    shifted = genes + 1
    return (shifted[:, 0] * base + shifted[:, 1]) * base + shifted[:, 2]


def genotype_names(genes: NDArray[np.int64], names: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return ``A+B+C`` for every row of gene indices [n, 3]; `names` is indexed by gene."""
    padded = np.append(np.asarray(names, dtype=object), "")[genes]
    joined = padded[:, 0]
    for column in range(1, MAX_ORDER):
        joined = joined + np.where(genes[:, column] == NO_GENE, "", "+").astype(object) + padded[:, column]
    return np.asarray(joined, dtype=object)


def query_gene_sets(data: Genotypes) -> NDArray[np.int64]:
    """Return the genes that every observation of a query strain shares: int64 [strains, 3], ascending, then -1.

    Strain names follow no one convention (``YAL015C+YDL227C_tm461``, ``act1-129``), so a strain's genes are inferred
    from its crosses: a gene belongs to the query when all of the strain's genotypes carry it. A neutral marker
    (hoΔ) is in no genotype and so in no query.
    """
    sets = np.full((len(data.strains), MAX_ORDER), NO_GENE)
    queried = data.query >= 0
    query, genes = data.query[queried], data.genes[queried]
    crosses = np.bincount(query, minlength=len(data.strains))
    carried = genes != NO_GENE
    base = int(genes.max(initial=0)) + 1
    pair, count = np.unique(np.repeat(query, carried.sum(axis=1)) * base + genes[carried], return_counts=True)
    strain, gene = pair // base, pair % base
    always = count == crosses[strain]
    strain, gene = strain[always], gene[always]
    first = np.searchsorted(strain, strain)
    sets[strain, np.arange(len(strain)) - first] = gene
    return sets


def query_genes(data: Genotypes) -> NDArray[np.int64]:
    """Return the genes of the query strain of every observation: int64 [n, 3], -1 alone where there is no query."""
    none = np.full((1, MAX_ORDER), NO_GENE)
    return np.vstack([query_gene_sets(data), none])[data.query]


def symmetric_rows(data: Genotypes) -> NDArray[np.bool_]:
    """Mark the crosses [n] of symmetric screens (E-MAPs), whose strains serve both as query and as array."""
    marked = np.zeros(len(data), dtype=bool)
    crossed = (data.query >= 0) & (data.array >= 0)
    for screen in np.unique(data.screen[crossed]):
        rows = crossed & (data.screen == screen)
        queries, arrays = np.unique(data.query[rows]), np.unique(data.array[rows])
        shared = np.intersect1d(queries, arrays).size
        marked[rows] = shared > 0.5 * min(queries.size, arrays.size)
    return marked
