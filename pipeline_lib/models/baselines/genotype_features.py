"""Describe a genotype by the networks, the annotation and the flux balance of its genes: no measurement is read."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import sparse

from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE, Genotypes
from pipeline_lib.features.matrices import components_of_tables
from pipeline_lib.models.baselines.flux_results import WILD_TYPE_FITNESS, FluxResults
from pipeline_lib.models.baselines.gene_networks import gene_complexes, gene_networks
from pipeline_lib.models.crosses.per_assay import Values
from pipeline_lib.models.interface import Cell

UNKNOWN_ESSENTIAL = 0.5


@dataclass(frozen=True)
class GenotypeFeatures:
    """Features of genotypes that do not depend on the order of their genes.

    Features of one gene (degree in each network, enzyme complexes, in the metabolic model, essential, growth of the
    single knockout by flux balance, where it is unknown the mean of the known ones, the principal components of each
    feature table) enter as their least and their greatest value over the genotype; features of two genes (weight of
    their edge, cosine of their neighbourhoods, both in each network and similarity graph) as their greatest. With
    triples come the mean of the former, the sum of the latter, and the order.

    Attributes
    ----------
    of_gene
        float64 [N, g].
    networks
        Symmetric matrices [N, N].
    with_means
        Whether to add mean, sum and order, which say little more of pairs.
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
            _filled(FluxResults.read(cell, "fba").single_fitness()),
            *(np.asarray(network.astype(bool).sum(axis=1)).ravel() for network in networks),
        ]
        components = components_of_tables(cell.features, len(cell.genes))
        of_gene = np.concatenate([np.stack(columns, axis=1), components], axis=1)
        return cls(of_gene.astype(np.float64), networks, with_means)

    def describe(self, genotypes: Genotypes) -> Values:
        """Return the features, float64 [n, f]."""
        there = genotypes.genes != NO_GENE
        ones = self.of_gene[np.maximum(genotypes.genes, 0)]
        parts = [
            np.where(there[:, :, None], ones, np.inf).min(axis=1),
            np.where(there[:, :, None], ones, -np.inf).max(axis=1),
        ]
        greatest, total = self._pairs(genotypes)
        parts.append(greatest)
        if self.with_means:
            order = genotypes.order[:, None]
            parts += [np.where(there[:, :, None], ones, 0.0).sum(axis=1) / order, total, order]
        return np.concatenate(parts, axis=1)

    def _pairs(self, genotypes: Genotypes) -> tuple[Values, Values]:
        """Return greatest and sum of the features of a genotype's pairs, float64 [n, 2 * networks] each."""
        present, compact = np.unique(genotypes.genes, return_inverse=True)
        compact = compact.reshape(genotypes.genes.shape)
        greatest, total = np.zeros((2, len(genotypes), 2 * len(self.networks)))
        for number, network in enumerate(self.networks):
            near = network[np.maximum(present, 0)]
            unit = sparse.diags_array(1 / np.sqrt(np.maximum(near.astype(bool).sum(axis=1), 1))) @ near.sign()
            for column, table in enumerate((near[:, np.maximum(present, 0)], unit @ unit.T), start=2 * number):
                for i, j in combinations(range(MAX_ORDER), 2):
                    rows = np.flatnonzero((genotypes.genes[:, i] != NO_GENE) & (genotypes.genes[:, j] != NO_GENE))
                    if not len(rows):
                        continue
                    cells = np.asarray(table[compact[rows, i], compact[rows, j]]).ravel()
                    greatest[rows, column] = np.maximum(greatest[rows, column], cells)
                    total[rows, column] += cells
        return greatest, total


def _filled(growth: Values) -> Values:
    """Return growth with the mean of the known values where it is unknown: trees take no missing value."""
    known = growth[~np.isnan(growth)]
    return np.where(np.isnan(growth), known.mean() if len(known) else WILD_TYPE_FITNESS, growth)
