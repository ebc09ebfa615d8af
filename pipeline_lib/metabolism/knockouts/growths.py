"""Growth of the knockouts that were solved, by look-up, and the classes of genes whose deletion has the same effect."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.metabolism.knockouts.genotypes import NO_GENE, Deletions, keys_of, positions_of
from pipeline_lib.metabolism.programs.linear_program import STATUSES
from pipeline_lib.metabolism.programs.optima import Optima, join
from pipeline_lib.metabolism.programs.wild_type import BitSets, pack_pairs, unpack

FITNESS_DECIMALS = 9
"""Fitness is rounded to the solver's tolerance, so that equal growth reads as equal."""

_ROWS_AT_ONCE = 200_000


@dataclass(frozen=True)
class SolvedOrder:
    """The canonical genotypes of one order that were solved.

    Attributes
    ----------
    genotypes
        int64 [n, order], lexicographically sorted.
    keys
        int64 [n]: `keys_of` the genotypes, ascending.
    optimum
        int64 [n]: number of each genotype's optimum.
    """

    genotypes: NDArray[np.int64]
    keys: NDArray[np.int64]
    optimum: NDArray[np.int64]


_NO_ROW = np.empty(0, dtype=np.int64)
_UNSOLVED = SolvedOrder(_NO_ROW[:, None], _NO_ROW, _NO_ROW)
_WILD_TYPE = SolvedOrder(np.empty((1, 0), dtype=np.int64), np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64))


@dataclass(frozen=True)
class Growths:
    """Growth of the genotypes solved so far; nothing in it changes.

    `pipeline_lib.metabolism.knockouts.solver.KnockoutSolver` makes it.

    Attributes
    ----------
    deletions
        How deletions act on the reduced network.
    optima
        The distinct optima; number 0 is the wild type's.
    carried
        uint64 [k, W]: the units that each optimum carries.
    orders
        The genotypes solved, by order; position 0 is the wild type.
    """

    deletions: Deletions
    optima: Optima
    carried: BitSets
    orders: tuple[SolvedOrder, ...]

    @classmethod
    def of_wild_type(cls, deletions: Deletions, optimum: Optima) -> Self:
        """Return the growth of the wild type alone, whose optimum is given."""
        return cls(deletions, optimum, _units(deletions, optimum), (_WILD_TYPE,))

    def with_optima(self, found: Optima) -> Self:
        """Return these growths with more optima, numbered after those known."""
        carried = np.concatenate([self.carried, _units(self.deletions, found)])
        return replace(self, optima=join([self.optima, found]), carried=carried)

    def with_order(self, genotypes: NDArray[np.int64], optimum: NDArray[np.int64]) -> Self:
        """Return these growths with the next order: sorted canonical genotypes, int64 [n, order], and their optima."""
        return replace(self, orders=(*self.orders, SolvedOrder(genotypes, self._keys(genotypes), optimum)))

    @property
    def wild_type(self) -> float:
        """Growth without deletions, 1/h."""
        return float(self.optima.growth[0])

    def growth(self, genotypes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return growth, 1/h, float64 [n], of genotypes int64 [n, k]; NaN where the solver failed."""
        return self.optima.growth[self.find(genotypes)]

    def fitness(self, genotypes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return growth over the wild type's, float64 [n], of genotypes int64 [n, k], padded with -1."""
        return self.fitness_of(self.find(genotypes))

    def fitness_of(self, optimum: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return growth over the wild type's, float64 [n], of optima by number."""
        return np.round(self.optima.growth[optimum] / self.wild_type, FITNESS_DECIMALS)

    def status(self, genotypes: NDArray[np.int64]) -> NDArray[np.str_]:
        """Return 'optimal', 'infeasible' or 'failed', str [n]; where a sub-genotype is lethal, its status."""
        return np.array(STATUSES)[self.optima.status[self.find(genotypes)]]

    def find(self, genotypes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of each genotype's optimum, int64 [n], of genotypes int64 [n, k], padded with -1.

        Raises
        ------
        KeyError
            When a genotype was not solved; names it.
        """
        canonical = self.deletions.canonical(genotypes)
        order = (canonical != NO_GENE).sum(axis=1)
        found = np.zeros(len(canonical), dtype=np.int64)
        for number in range(1, canonical.shape[1] + 1):
            rows = np.flatnonzero(order == number)
            if not len(rows):
                continue
            solved = self.orders[number] if number < len(self.orders) else _UNSOLVED
            keys = self._keys(canonical[rows, :number])
            try:
                found[rows] = solved.optimum[positions_of(keys, solved.keys)]
            except KeyError as error:
                genes = canonical[rows[np.argmax(keys == error.args[0])], :number]
                names = "+".join(self.deletions.network.genes[gene] for gene in genes)
                raise KeyError(f"the growth of {names} was not solved; cover the genotype first") from error
        return found

    def parents(self, genotypes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the optima's numbers of the sub-genotypes that lack one gene each, int64 [n, order].

        Raises
        ------
        KeyError
            When a sub-genotype was not solved.
        """
        below = self.orders[genotypes.shape[1] - 1]
        found = [
            below.optimum[positions_of(self._keys(np.delete(genotypes, gene, axis=1)), below.keys)]
            for gene in range(genotypes.shape[1])
        ]
        return np.stack(found, axis=1)

    def inherit(self, shut: BitSets, parents: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Find the genotypes that have the optimum of a sub-genotype.

        Parameters
        ----------
        shut
            uint64 [n, W]: the units that each genotype shuts.
        parents
            int64 [n, k]: numbers of the sub-genotypes' optima.

        Returns
        -------
        (optimum, settled)
            int64 [n]: the number of an optimum of a sub-genotype that carries nothing shut, the one of least growth;
            bool [n]: whether there is one.
        """
        optimum, settled = np.zeros(len(shut), dtype=np.int64), np.zeros(len(shut), dtype=bool)
        growth = self._growth_or_last()
        for at in range(0, len(shut), _ROWS_AT_ONCE):
            rows = slice(at, at + _ROWS_AT_ONCE)
            touched = (self.carried[parents[rows]] & shut[rows, None]).any(axis=2)
            best = np.where(touched, np.inf, growth[parents[rows]]).argmin(axis=1)[:, None]
            optimum[rows] = np.take_along_axis(parents[rows], best, axis=1)[:, 0]
            settled[rows] = ~np.take_along_axis(touched, best, axis=1)[:, 0]
        return optimum, settled

    def slowest(self, parents: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the optimum of least growth, int64 [n], among those of each row of `parents`, int64 [n, k]."""
        growth = self._growth_or_last()[parents]
        return np.take_along_axis(parents, growth.argmin(axis=1)[:, None], axis=1)[:, 0]

    def _growth_or_last(self) -> NDArray[np.float64]:
        """Return the growth of each optimum, float64 [k]; infinite where the solver failed, so that it comes last."""
        return np.nan_to_num(self.optima.growth, nan=np.inf)

    def _keys(self, genotypes: NDArray[np.int64]) -> NDArray[np.int64]:
        return keys_of(genotypes, len(self.deletions.stands_for))


def _units(deletions: Deletions, optima: Optima) -> BitSets:
    """Turn the sets of columns that the optima carry into sets of units."""
    unit = deletions.unit_of_column
    ruled = np.flatnonzero(unit >= 0)
    row, position = np.nonzero(unpack(optima.carried, len(unit))[:, ruled])
    return pack_pairs(row, unit[ruled][position], (len(optima), deletions.units))


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
    return np.asarray(np.where(i == k, three, np.where((i == j) | (j == k), two, first * second * third)))
