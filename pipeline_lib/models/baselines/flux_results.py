"""Look genotypes up in the flux-balance results of the cell."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE, gene_positions
from pipeline_lib.models.baselines.crosses import lookup
from pipeline_lib.models.baselines.per_assay import Values
from pipeline_lib.models.interface import Cell

WILD_TYPE_FITNESS = 1.0


@dataclass(frozen=True)
class FluxResults:
    """Fitness and interaction of the genotypes that were solved.

    Attributes
    ----------
    keys
        int64 [k], ascending: one integer a set of genes.
    fitness, interaction
        float64 [k]: growth over that of the wild type; epsilon of pairs, tau of triples. 0 growth where the model
        has no solution.
    in_model
        bool [N]: whether a gene is in the metabolic model; the others change nothing there.
    """

    keys: NDArray[np.int64]
    fitness: Values
    interaction: Values
    in_model: NDArray[np.bool_]

    @classmethod
    def read(cls, cell: Cell, method: str) -> "FluxResults":
        """Read one method ('fba' or 'moma') off the cell; no results where none were computed."""
        in_model = cell.genes["in_gem"].to_numpy(bool)
        if cell.knockouts is None or not (cell.knockouts["method"] == method).any():
            empty = np.zeros(0)
            return cls(np.zeros(0, dtype=np.int64), empty, empty, in_model)
        table = cell.knockouts[cell.knockouts["method"] == method].reset_index(drop=True)
        genes = gene_positions(cell.genes, table["genes"], "knockouts")
        # A genotype with a gene outside the model repeats the one without it, but as an interaction of higher order.
        whole = np.flatnonzero((in_model[np.maximum(genes, 0)] | (genes == NO_GENE)).all(axis=1))
        table, keys = table.iloc[whole], _keys(genes[whole], in_model)
        order = np.argsort(keys, kind="stable")
        fitness = np.nan_to_num(table["fitness"].to_numpy(np.float64), nan=0.0)
        interaction = np.nan_to_num(table["interaction"].to_numpy(np.float64), nan=0.0)
        return cls(keys[order], fitness[order], interaction[order], in_model)

    def __len__(self) -> int:
        return len(self.keys)

    def of_fitness(self, genes: NDArray[np.int64]) -> Values:
        """Return the fitness of genotypes [n, 3]: that of their genes in the model, NaN where it was not solved."""
        keys = _keys(genes, self.in_model)
        row = lookup(self.keys, np.arange(len(self.keys)), keys)
        return np.where(keys == 0, WILD_TYPE_FITNESS, np.append(self.fitness, np.nan)[row])

    def of_interaction(self, genes: NDArray[np.int64]) -> Values:
        """Return the interaction of genotypes [n, 3]; 0 where a gene is not in the model, NaN where not solved."""
        row = lookup(self.keys, np.arange(len(self.keys)), _keys(genes, self.in_model))
        whole = (self.in_model[np.maximum(genes, 0)] | (genes == NO_GENE)).all(axis=1)
        return np.where(whole, np.append(self.interaction, np.nan)[row], 0.0)

    def single_fitness(self, num_genes: int) -> Values:
        """Return the fitness of every single knockout, float64 [N]; that of the wild type where it was not solved."""
        single = np.full((num_genes, MAX_ORDER), NO_GENE)
        single[:, 0] = np.arange(num_genes)
        return np.nan_to_num(self.of_fitness(single), nan=WILD_TYPE_FITNESS)


def _keys(genes: NDArray[np.int64], in_model: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return one integer a set of genes, of those in the model alone."""
    kept = np.where((genes != NO_GENE) & in_model[np.maximum(genes, 0)], genes + 1, 0)
    kept.sort(axis=1)
    base = len(in_model) + 1
    return np.asarray((kept[:, 0] * base + kept[:, 1]) * base + kept[:, 2])
