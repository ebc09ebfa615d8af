"""Describe a genotype by the networks, the annotation and the flux balance of its genes: no measurement is read."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import sparse

from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE, Genotypes
from pipeline_lib.models.baselines.flux_results import FluxResults
from pipeline_lib.models.baselines.gene_networks import gene_complexes, gene_networks
from pipeline_lib.models.baselines.per_assay import Values
from pipeline_lib.models.interface import Cell

UNKNOWN_ESSENTIAL = 0.5


@dataclass(frozen=True)
class GenotypeFeatures:
    """Features of genotypes that do not depend on the order of their genes.

    Features of one gene (degree in each network, enzyme complexes, in the metabolic model, essential, growth of the
    single knockout by flux balance) enter as their least and their greatest value over the genotype; features of two
    genes (weight of their edge, cosine of their neighbourhoods, both in each network) as their greatest. A genotype
    of three genes adds the means of both.

    Attributes
    ----------
    of_gene
        float64 [N, g].
    networks
        Symmetric matrices [N, N].
    with_means
        Whether to add the means; without triples they add little.
    """

    of_gene: Values
    networks: list[sparse.csr_array]
    with_means: bool

    @classmethod
    def of_cell(cls, cell: Cell, *, with_means: bool) -> "GenotypeFeatures":
        """Read gene features and networks off the cell."""
        networks = list(gene_networks(cell).values())
        essential = cell.genes["essential"].astype("Float64").fillna(UNKNOWN_ESSENTIAL).to_numpy(np.float64)
        columns = [
            cell.genes["in_gem"].to_numpy(np.float64),
            essential,
            np.asarray(gene_complexes(cell).sum(axis=1)).ravel(),
            FluxResults.read(cell, "fba").single_fitness(len(cell.genes)),
            *(np.asarray(network.astype(bool).sum(axis=1)).ravel() for network in networks),
        ]
        return cls(np.stack(columns, axis=1).astype(np.float64), networks, with_means)

    def describe(self, genotypes: Genotypes) -> Values:
        """Return the features, float64 [n, f]."""
        there = genotypes.genes != NO_GENE
        ones = self.of_gene[np.maximum(genotypes.genes, 0)]
        parts = [
            np.where(there[:, :, None], ones, np.inf).min(axis=1),
            np.where(there[:, :, None], ones, -np.inf).max(axis=1),
        ]
        pairs = self._pairs(genotypes)
        parts.append(pairs.max(axis=1))
        if self.with_means:
            order = genotypes.order[:, None]
            parts += [np.where(there[:, :, None], ones, 0.0).sum(axis=1) / order, pairs.sum(axis=1), order]
        return np.concatenate(parts, axis=1)

    def _pairs(self, genotypes: Genotypes) -> Values:
        """Return features of each pair of genes, float64 [n, 3, 2 * networks]; 0 where there is no pair."""
        present, compact = np.unique(genotypes.genes, return_inverse=True)
        compact = compact.reshape(genotypes.genes.shape)
        features = np.zeros((len(genotypes), MAX_ORDER, 2 * len(self.networks)))
        for number, network in enumerate(self.networks):
            near = network[np.maximum(present, 0)]
            unit = sparse.diags_array(1 / np.sqrt(np.maximum(near.astype(bool).sum(axis=1), 1))) @ near.sign()
            for offset, table in enumerate((near[:, np.maximum(present, 0)], unit @ unit.T)):
                for slot, (i, j) in enumerate(combinations(range(MAX_ORDER), 2)):
                    rows = np.flatnonzero((genotypes.genes[:, i] != NO_GENE) & (genotypes.genes[:, j] != NO_GENE))
                    cells = table[compact[rows, i], compact[rows, j]]
                    features[rows, slot, 2 * number + offset] = np.asarray(cells).ravel()
        return features
