"""The model's genes by what their deletion can do: genes with the same effect form a class."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.metabolism.knockouts.blocked_sets import Deletions
from pipeline_lib.metabolism.knockouts.growths import Growths
from pipeline_lib.metabolism.programs.bit_sets import BitSets


@dataclass(frozen=True)
class GeneClasses:
    """The model's genes by class.

    Attributes
    ----------
    representatives
        int64 [c]: the gene index that stands for each class, ascending.
    members
        The gene indices of each class.
    bystanders
        int64: genes whose deletion never matters.
    """

    representatives: NDArray[np.int64]
    members: tuple[NDArray[np.int64], ...]
    bystanders: NDArray[np.int64]


def gene_classes(deletions: Deletions) -> GeneClasses:
    """Return the classes of the model's genes."""
    genes = deletions.network.gem_genes
    stands_for = deletions.stands_for[genes]
    representatives = np.unique(stands_for[stands_for >= 0])
    return GeneClasses(
        representatives=representatives,
        members=tuple(genes[stands_for == one] for one in representatives),
        bystanders=genes[stands_for < 0],
    )


@dataclass(frozen=True)
class CutSets:
    """The minimal cut sets of the units over the gene classes.

    Attributes
    ----------
    classes
        int64 [t, order]: positions of gene classes, then C.
    size, unit
        int64 [t]: how many classes; the unit that they shut.
    shut_by_one
        bool [C, U]: the units that each class shuts by itself.
    """

    classes: NDArray[np.int64]
    size: NDArray[np.int64]
    unit: NDArray[np.int64]
    shut_by_one: NDArray[np.bool_]

    @classmethod
    def of(cls, deletions: Deletions) -> "CutSets":
        """Return the cut sets in the representatives of the classes."""
        representatives = gene_classes(deletions).representatives
        position = {gene: at for at, gene in enumerate(representatives.tolist())}
        count = len(representatives)
        found = sorted(
            {
                (unit, tuple(sorted(position[int(deletions.stands_for[gene])] for gene in cut)))
                for unit, family in enumerate(deletions.families)
                for cut in family
            }
        )
        classes = np.full((len(found), deletions.order), count, dtype=np.int64)
        for row, (_, members) in enumerate(found):
            classes[row, : len(members)] = members
        size = (classes < count).sum(axis=1)
        unit = np.array([unit for unit, _ in found], dtype=np.int64)
        shut_by_one = np.zeros((count, deletions.units), dtype=bool)
        shut_by_one[classes[size == 1, 0], unit[size == 1]] = True
        return cls(classes, size, unit, shut_by_one)


@dataclass(frozen=True)
class PairTable:
    """All pairs of v viable classes as square arrays, so that a triple's pairs are found by position.

    Attributes
    ----------
    genes
        int64 [v]: the representatives.
    size
        int64 [v]: genes of each class.
    optimum
        int64 [v, v]: number of the pair's optimum; on the diagonal that of the single.
    shut
        uint64 [v, v, W]: units that the pair shuts.
    fitness
        float64 [v, v]; on the diagonal that of the single.
    irreducible
        int64 [t, 3]: ascending positions of triples that shut more than their pairs do.
    irreducible_shut
        uint64 [t, W]: what they shut.
    """

    genes: NDArray[np.int64]
    size: NDArray[np.int64]
    optimum: NDArray[np.int64]
    shut: BitSets
    fitness: NDArray[np.float64]
    irreducible: NDArray[np.int64]
    irreducible_shut: BitSets


def pair_table(growths: Growths, classes: GeneClasses) -> PairTable:
    """Lay out the pairs of viable classes as square arrays."""
    genes = classes.representatives
    genes = genes[~(growths.fitness(genes[:, None]) == 0)]
    first, second = np.triu_indices(len(genes))
    both = np.stack([genes[first], genes[second]], axis=1)
    shape = (len(genes), len(genes))
    optimum, fitness = np.zeros(shape, dtype=np.int64), np.zeros(shape)
    optimum[first, second] = optimum[second, first] = growths.find(both)
    fitness[first, second] = fitness[second, first] = growths.fitness(both)
    of_pair = growths.deletions.shut(both)
    shut = np.zeros((*shape, of_pair.shape[1]), dtype=np.uint64)
    shut[first, second] = shut[second, first] = of_pair
    cuts = sorted({tuple(sorted(cut)) for family in growths.deletions.families for cut in family if len(cut) == 3})
    irreducible = growths.deletions.canonical(np.array(cuts, dtype=np.int64).reshape(-1, 3))
    irreducible = np.unique(irreducible[np.isin(irreducible, genes).all(axis=1)], axis=0)
    return PairTable(
        genes=genes,
        size=np.array([len(members) for members in classes.members])[np.searchsorted(classes.representatives, genes)],
        optimum=optimum,
        shut=shut,
        fitness=fitness,
        irreducible=np.searchsorted(genes, irreducible),
        irreducible_shut=growths.deletions.shut(irreducible),
    )


def weights(pairs: PairTable, triples: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many triples of genes each class triple (ascending positions, int64 [t, 3]) stands for."""
    first, second, third = pairs.size[triples].T
    i, j, k = triples.T
    two = np.where(i == j, first * (first - 1) // 2 * third, third * (third - 1) // 2 * first)
    three = first * (first - 1) * (first - 2) // 6
    return np.where(i == k, three, np.where((i == j) | (j == k), two, first * second * third))
