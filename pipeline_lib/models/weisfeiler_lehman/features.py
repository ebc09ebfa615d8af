"""Features of genotypes: the difference of colour histograms between the perturbed cell and the wild type, hashed."""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.cell.genotypes import NO_GENE
from pipeline_lib.config.models import WeisfeilerLehmanSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.gene_rules import GeneRules
from pipeline_lib.models.interface import Cell
from pipeline_lib.models.weisfeiler_lehman.deltas import Entries, GraphDeltas
from pipeline_lib.models.weisfeiler_lehman.graphs import LabelledGraph, gene_graphs, metabolic_graph
from pipeline_lib.models.weisfeiler_lehman.overlaps import Subset
from pipeline_lib.models.weisfeiler_lehman.removals import GeneRemoval, ReactionRemoval, Removal

_SALT_STRIDE = 64


class PerturbationFeatures:
    """Featurise genotypes of one cell.

    The features of S are the histogram of colours of the cell without S less that of the wild type. For a pair they
    are the sum of those of its genes plus a difference of second order, which lives where the two deletions overlap;
    for a triple there is a difference of third order beside those of its pairs. The difference of the highest order,
    the information that S holds and no smaller genotype does, stands beside the total in columns of its own.

    Parameters
    ----------
    cell
        Networks and stoichiometry.
    settings
        Graphs, levels, first colours, width.
    """

    def __init__(self, cell: Cell, settings: WeisfeilerLehmanSettings) -> None:
        self.num_genes = num_genes = len(cell.genes)
        planned = _graphs(cell, settings)
        first_counts = settings.width + np.cumsum([0] + [levels + 1 for _, levels, _ in planned])
        self.columns = int(first_counts[-1])
        self.graphs = [
            GraphDeltas(
                graph,
                levels,
                removal,
                num_genes,
                salt=_SALT_STRIDE * index,
                width=settings.width,
                first_count=int(first_counts[index]),
            )
            for index, (graph, levels, removal) in enumerate(planned)
        ]
        parts = [deltas.of_singles() for deltas in self.graphs]
        self._singles = Entries.joined(parts).dense(num_genes, self.columns)

    @property
    def width(self) -> int:
        """Columns of `matrix`: those of the whole difference, then those of the highest order."""
        return 2 * self.columns

    def matrix(self, genes: NDArray[np.int64]) -> NDArray[np.float32]:
        """Featurise genotypes.

        Parameters
        ----------
        genes
            int64 [n, 3]: ascending gene indices, then -1, as in `Genotypes`.

        Returns
        -------
        float32 [n, width]
        """
        order = (genes != NO_GENE).sum(axis=1)
        total = np.zeros((len(genes), self.columns), dtype=np.float32)
        highest = np.zeros_like(total)
        for column in range(genes.shape[1]):
            rows = np.flatnonzero(order > column)
            total[rows] += self._singles[genes[rows, column]]
        double, triple = np.flatnonzero(order == 2), np.flatnonzero(order == 3)
        pairs, pair_of = _pairs(genes[double], genes[triple])
        second, third = self._differences(pairs, genes[triple], pair_of[len(double) :].reshape(-1, 3))
        highest[double] = second[pair_of[: len(double)]]
        highest[triple] = third
        total[double] += highest[double]
        total[triple] += third
        for column in range(3):
            total[triple] += second[pair_of[len(double) + column :: 3][: len(triple)]]
        return np.concatenate([total, highest], axis=1)

    def _differences(
        self, pairs: NDArray[np.int64], triples: NDArray[np.int64], pair_of: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the differences of second order of `pairs` and of third order of `triples`, over all graphs."""
        seconds, thirds = [Entries.empty()], [Entries.empty()]
        for deltas in self.graphs:
            alone = [Subset(deltas.singles, pairs[:, column], 1) for column in range(2)]
            entries, levels = deltas.of_sets(pairs, alone)
            seconds.append(entries)
            if len(triples):
                subsets = [Subset(deltas.singles, triples[:, column], 1) for column in range(3)]
                subsets += [Subset(levels, pair_of[:, column], 2) for column in range(3)]
                thirds.append(deltas.of_sets(triples, subsets)[0])
        return (
            Entries.joined(seconds).dense(len(pairs), self.columns),
            Entries.joined(thirds).dense(len(triples), self.columns),
        )


def _graphs(cell: Cell, settings: WeisfeilerLehmanSettings) -> list[tuple[LabelledGraph, int, Removal]]:
    num_genes, stoichiometry = len(cell.genes), cell.stoichiometry
    if int(stoichiometry["num_genes"]) != num_genes:
        raise PipelineError(
            f"The stoichiometry was made for {stoichiometry['num_genes']} genes and the gene table holds {num_genes}; "
            "make both from one gene index."
        )
    rules = GeneRules.from_pairs(
        stoichiometry["gene_to_complex"].numpy(),
        stoichiometry["complex_to_reaction"].numpy(),
        tuple(cell.genes["gene"]),
        int(stoichiometry["num_reactions"]),
    )
    planned: list[tuple[LabelledGraph, int, Removal]] = []
    for labels in settings.labels:
        graph = metabolic_graph(stoichiometry, settings.max_metabolite_degree, labels)
        planned.append((graph, settings.metabolism_levels, ReactionRemoval(rules, len(graph))))
        networks = gene_graphs(cell.edges, num_genes, settings.networks, labels)
        planned += [(network, settings.network_levels, GeneRemoval(num_genes)) for network in networks]
    return planned


def _pairs(doubles: NDArray[np.int64], triples: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct pairs within genotypes, and which of them each has: one a pair, then three a triple."""
    inner = [triples[:, list(columns)] for columns in combinations(range(3), 2)]
    every = np.concatenate([doubles[:, :2], np.stack(inner, axis=1).reshape(-1, 2)])
    pairs, pair_of = np.unique(every, axis=0, return_inverse=True)
    return pairs, pair_of.reshape(-1)
