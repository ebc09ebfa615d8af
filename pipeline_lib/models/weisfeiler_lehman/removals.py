"""Which nodes of a graph a genotype deletes."""

from itertools import combinations
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.metabolism.model.gene_rules import GeneRules


class Removal(Protocol):
    """The nodes that genotypes delete, and whether a genotype deletes more than its genes do one by one."""

    def nodes(self, sets: NDArray[np.int64]) -> sparse.csr_array:
        """Return the deleted nodes of each genotype (int64 [s, k], distinct genes), csr bool [s, n]."""
        ...

    def joint(self, sets: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Find which genotypes, or subsets of them, delete a node that none of their genes deletes alone."""
        ...


class GeneRemoval:
    """In a gene network a genotype deletes the nodes of its genes and no other."""

    def __init__(self, num_genes: int) -> None:
        self.num_genes = num_genes

    def nodes(self, sets: NDArray[np.int64]) -> sparse.csr_array:
        """Return the genes themselves."""
        return members(sets, self.num_genes)

    def joint(self, sets: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return False for every genotype."""
        return np.zeros(len(sets), dtype=bool)


class ReactionRemoval:
    """In the metabolic graph a genotype deletes the reactions that its gene rules block.

    Two isozymes block a reaction together that neither blocks alone.
    """

    def __init__(self, rules: GeneRules, num_nodes: int) -> None:
        self.rules = rules
        self.num_nodes = num_nodes
        self._enzymes = np.diff(rules.gene_to_complex.indptr) > 0

    def nodes(self, sets: NDArray[np.int64]) -> sparse.csr_array:
        """Return the blocked reactions; the metabolites, which follow them, all stay."""
        blocked = self.rules.blocked_reactions(members(sets, len(self.rules.genes)))
        return sparse.csr_array((blocked.data, blocked.indices, blocked.indptr), shape=(len(sets), self.num_nodes))

    def joint(self, sets: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Compare what each subset blocks with what its genes block one by one."""
        found = np.zeros(len(sets), dtype=bool)
        several = np.flatnonzero(self._enzymes[sets].sum(axis=1) > 1)
        alone = [self.nodes(sets[several, column : column + 1]) for column in range(sets.shape[1])]
        for size in range(2, sets.shape[1] + 1):
            for columns in combinations(range(sets.shape[1]), size):
                apart = sum(alone[column].astype(np.int8) for column in columns).astype(bool)
                together = self.nodes(sets[several][:, columns])
                found[several] |= np.diff(together.indptr) > np.diff(apart.indptr)
        return found


def members(sets: NDArray[np.int64], num_genes: int) -> sparse.csr_array:
    """Return which genes each genotype (int64 [s, k]) lacks, csr bool [s, num_genes]."""
    s, k = sets.shape
    return sparse.csr_array(
        (np.ones(s * k, dtype=bool), np.sort(sets, axis=1).ravel(), np.arange(s + 1) * k), shape=(s, num_genes)
    )
