"""Gene networks as sparse matrices: those of the cell, of its feature tables, and what the metabolic model predicts."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.features.similarity import similarity_graph
from pipeline_lib.models.interface import Cell


def gene_networks(cell: Cell) -> dict[str, sparse.csr_array]:
    """Return each network as a symmetric matrix [N, N] of weights in (0, 1] without a diagonal.

    Beside the networks of the edge table (directed edges count both ways; weights are divided by the network's
    greatest): ``same_complex`` and ``same_reaction``, of genes that the gene rules put together, and
    ``similar_<table>``, of genes with similar features.
    """
    size = len(cell.genes)
    networks = {}
    for name, part in cell.edges.groupby("network", sort=True):
        weight = np.maximum(part["weight"].to_numpy(np.float64), 0.0)
        networks[str(name)] = _symmetric(part["source"].to_numpy(), part["target"].to_numpy(), weight, size)
    complexes = gene_complexes(cell)
    reactions = (complexes @ _incidence(cell, "complex_to_reaction", "num_complexes", "num_reactions")).sign()
    for name, membership in (("same_complex", complexes), ("same_reaction", reactions)):
        shared = sparse.coo_array(membership @ membership.T)
        networks[name] = _symmetric(shared.row, shared.col, np.ones(shared.nnz), size)
    for name, values in cell.features.items():
        networks[f"similar_{name}"] = _similarity(_SameArray(values))
    return {name: network for name, network in networks.items() if network.nnz}


class _SameArray:
    """An array that equals itself alone, so that what is computed from it once is found again."""

    def __init__(self, values: NDArray[np.float32]) -> None:
        self.values = values

    def __hash__(self) -> int:
        return id(self.values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _SameArray) and other.values is self.values


@lru_cache(maxsize=32)
def _similarity(table: _SameArray) -> sparse.csr_array:
    """Return the similarity graph of a feature table; every assay of a fit takes the same one."""
    return sparse.csr_array(similarity_graph(table.values).astype(np.float64))


def gene_complexes(cell: Cell) -> sparse.csr_array:
    """Return which gene belongs to which enzyme complex, float64 [N, complexes]."""
    return _incidence(cell, "gene_to_complex", "num_genes", "num_complexes")


def _incidence(cell: Cell, name: str, height: str, width: str) -> sparse.csr_array:
    row, column = np.asarray(cell.stoichiometry[name]).reshape(2, -1)
    shape = (int(cell.stoichiometry[height]), int(cell.stoichiometry[width]))
    matrix = sparse.csr_array((np.ones(len(row)), (row, column)), shape=shape)
    return matrix.sign()


def _symmetric(source: np.ndarray, target: np.ndarray, weight: np.ndarray, size: int) -> sparse.csr_array:
    apart = (source != target) & (weight > 0)
    weight = weight[apart] / weight[apart].max(initial=1e-300)
    one_way = sparse.csr_array((weight, (source[apart], target[apart])), shape=(size, size))
    return one_way.maximum(one_way.T).tocsr()
