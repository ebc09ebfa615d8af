"""Genotypes as rows of gene indices, their interactions by definition, and what they shut in a reduced network."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.gene_rules import GeneRules
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork
from pipeline_lib.metabolism.programs.network_reduction import ReducedNetwork
from pipeline_lib.metabolism.programs.wild_type import BitSets, pack_pairs

NO_GENE = -1


def choose(genes: NDArray[np.int64], order: int) -> NDArray[np.int64]:
    """Return every set of `order` (1 or 2) of the genes, int64 [n, order]."""
    if order == 1:
        return genes[:, None]
    first, second = np.triu_indices(len(genes), 1)
    return np.stack([genes[first], genes[second]], axis=1)


def keys_of(genotypes: NDArray[np.int64], num_genes: int) -> NDArray[np.int64]:
    """Return one number a genotype (int64 [n, order], no padding), ascending in lexicographic order.

    Raises
    ------
    PipelineError
        When the numbers would not fit 64 bits.
    """
    order = genotypes.shape[1]
    if num_genes**order > np.iinfo(np.int64).max:
        raise PipelineError(f"genotypes of {order} deletions among {num_genes} genes are too many; delete fewer genes.")
    place = num_genes ** np.arange(order - 1, -1, -1, dtype=np.int64)
    return np.asarray(genotypes @ place)


def positions_of(wanted: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each of the wanted numbers stands in `keys`, int64 [n], ascending numbers without repeats.

    Raises
    ------
    KeyError
        When one is not there; a neighbour never stands for it.
    """
    position = np.searchsorted(keys, wanted)
    inside = position < len(keys)
    missing = ~inside
    missing[inside] = keys[position[inside]] != wanted[inside]
    if missing.any():
        raise KeyError(int(wanted[np.argmax(missing)]))
    return position


def sub_genotypes(canonical: NDArray[np.int64], num_genes: int) -> list[NDArray[np.int64]]:
    """Collect the distinct sub-genotypes of canonical genotypes, by order.

    Parameters
    ----------
    canonical
        int64 [n, k], padded with -1 on the right.
    num_genes
        Size of the gene index.

    Returns
    -------
    list
        Position i: int64 [n_i, i + 1], lexicographically sorted.
    """
    count = (canonical != NO_GENE).sum(axis=1)
    levels: list[NDArray[np.int64]] = []
    for order in range(canonical.shape[1], 0, -1):
        parts = [canonical[count == order, :order]]
        if levels:
            parts += [np.delete(levels[-1], gene, axis=1) for gene in range(order + 1)]
        found = np.concatenate(parts)
        _, first = np.unique(keys_of(found, num_genes), return_index=True)
        levels.append(found[first])
    return levels[::-1]


Fitness = Callable[[NDArray[np.int64]], NDArray[np.float64]]
"""Takes genotypes int64 [n, k], padded with -1, and returns their fitness, float64 [n]; the wild type has 1."""

Values = NDArray[np.float64]

NONZERO = 1e-6
"""Smallest interaction that is not rounding."""
LADDER = (NONZERO, 1e-3, 0.02, 0.08)
"""Sizes of an interaction: above rounding, visible in an exact model, about one SD of a screen's noise, and the
published intermediate threshold of screens (Costanzo et al., Science 353:aaf1420, 2016)."""


def epsilon(f_ij: Values, f_i: Values, f_j: Values) -> Values:
    """Return the digenic interaction: fitness beyond the product of the single mutants' fitness."""
    return f_ij - f_i * f_j


def tau(f_ijk: Values, f_ij: Values, f_ik: Values, f_jk: Values, f_i: Values, f_j: Values, f_k: Values) -> Values:
    """Return the trigenic interaction: fitness beyond what singles and digenic interactions foretell."""
    digenic = epsilon(f_ij, f_i, f_j) * f_k + epsilon(f_ik, f_i, f_k) * f_j + epsilon(f_jk, f_j, f_k) * f_i
    return f_ijk - f_i * f_j * f_k - digenic


def interaction_scores(genotypes: NDArray[np.int64], fitness: Fitness, decimals: int) -> Values:
    """Return epsilon of pairs and tau of triples.

    Parameters
    ----------
    genotypes
        int64 [n, k], k <= 3, padded with -1 on the right.
    fitness
        Fitness of any sub-genotype.
    decimals
        Places to which the result is rounded, so that rounding does not pass for an interaction.

    Returns
    -------
    float64 [n]
        NaN for singles and where a fitness is NaN.
    """
    order = (genotypes >= 0).sum(axis=1)
    found = np.full(len(genotypes), np.nan)
    pairs = np.flatnonzero(order == 2)
    if len(pairs):
        i, j = (genotypes[pairs, gene, None] for gene in (0, 1))
        found[pairs] = epsilon(fitness(genotypes[pairs, :2]), fitness(i), fitness(j))
    triples = np.flatnonzero(order == 3)
    if len(triples):
        of = genotypes[triples]
        doubles = (fitness(of[:, list(genes)]) for genes in ((0, 1), (0, 2), (1, 2)))
        singles = (fitness(of[:, gene, None]) for gene in range(3))
        found[triples] = tau(fitness(of), *doubles, *singles)
    # Adding zero turns -0.0 into 0.0.
    return np.round(found, decimals) + 0.0


GeneSet = frozenset[int]


def minimal(sets: Iterable[GeneSet]) -> frozenset[GeneSet]:
    """Keep the sets that contain no other of the sets."""
    kept: list[GeneSet] = []
    for candidate in sorted(set(sets), key=len):
        if not any(smaller <= candidate for smaller in kept):
            kept.append(candidate)
    return frozenset(kept)


def cut_sets(complexes: Iterable[GeneSet], order: int) -> frozenset[GeneSet]:
    """Return the minimal gene sets, of at most `order` genes, that break every one of the complexes.

    Berge's algorithm for minimal hitting sets, cut off at `order` (Berge, Hypergraphs, 1989, chapter 2).
    """
    found: frozenset[GeneSet] = frozenset([frozenset()])
    for members in complexes:
        grown = {hit for hit in found if hit & members}
        grown |= {hit | {gene} for hit in found if not hit & members and len(hit) < order for gene in members}
        found = minimal(grown)
    return found


def cut_sets_of_columns(rules: GeneRules, column: NDArray[np.int64], order: int) -> dict[int, frozenset[GeneSet]]:
    """Return the cut sets of every column of a reduced network.

    Parameters
    ----------
    rules
        The gene rules of the R reactions.
    column
        int64 [R]: the column that carries a reaction's flux, or -1. A column is shut when any of its reactions is.
    order
        Greatest number of genes deleted together.

    Returns
    -------
    dict
        Column to its minimal cut sets; columns that no such deletion shuts are left out.
    """
    members = rules.gene_to_complex.T.tocsr()
    complexes = rules.complex_to_reaction.T.tocsr()
    known: dict[frozenset[GeneSet], frozenset[GeneSet]] = {}
    found: dict[int, set[GeneSet]] = defaultdict(set)
    for reaction in np.flatnonzero(rules.has_rule & (column >= 0)).tolist():
        rule = frozenset(
            frozenset(members.indices[members.indptr[c] : members.indptr[c + 1]].tolist())
            for c in complexes.indices[complexes.indptr[reaction] : complexes.indptr[reaction + 1]]
        )
        if rule not in known:
            known[rule] = cut_sets(sorted(rule, key=lambda genes: (len(genes), sorted(genes))), order)
        found[int(column[reaction])] |= known[rule]
    return {position: minimal(sets) for position, sets in sorted(found.items()) if sets}


def interchangeable_genes(families: Iterable[frozenset[GeneSet]], num_genes: int) -> NDArray[np.int64]:
    """Return for every gene which gene can stand for it in any deletion up to the order of the cut sets.

    Two genes are interchangeable when swapping one for the other turns every cut set of every family into a cut set
    of the same family. They then never share a cut set, so deleting both does what deleting one does.

    Returns
    -------
    int64 [num_genes]
        The smallest gene index of the class; -1 where the gene is in no cut set.
    """
    roles: dict[int, list[tuple[int, tuple[int, ...]]]] = defaultdict(list)
    for number, family in enumerate(families):
        for genes in family:
            for gene in genes:
                roles[gene].append((number, tuple(sorted(genes - {gene}))))
    stands_for = np.full(num_genes, -1, dtype=np.int64)
    first: dict[tuple[tuple[int, tuple[int, ...]], ...], int] = {}
    for gene in sorted(roles):
        stands_for[gene] = first.setdefault(tuple(sorted(roles[gene])), gene)
    return stands_for


_ROWS_AT_ONCE = 200_000


@dataclass(frozen=True)
class Deletions:
    """How deletions of at most `order` genes act on a reduced network.

    Columns that the same deletions shut form a unit; U units in all.

    Attributes
    ----------
    network
        The network whose gene rules decide.
    order
        Greatest number of genes deleted together.
    stands_for
        int64 [G]: the gene that acts as this one does; -1 where its deletion never matters.
    unit_of_reaction
        int32 csr [R, U]: 1 where the reaction's column is in the unit.
    unit_of_column
        int64 [n]: -1 where no deletion shuts the column.
    families
        The minimal cut sets of each unit.
    """

    network: MetabolicNetwork
    order: int
    stands_for: NDArray[np.int64]
    unit_of_reaction: sparse.csr_array
    unit_of_column: NDArray[np.int64]
    families: tuple[frozenset[GeneSet], ...]

    @property
    def units(self) -> int:
        """Number of units U."""
        return len(self.families)

    def canonical(self, genotypes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return equivalent genotypes of as few genes as possible.

        Parameters
        ----------
        genotypes
            int64 [n, k], gene indices, padded with -1.

        Returns
        -------
        int64 [n, k]
            Ascending, without repeats, padded with -1 on the right; equal rows shut the same units.

        Raises
        ------
        KeyError
            When a genotype deletes more genes of the rules than `order`: what they shut together is not known.
        """
        if genotypes.shape[1] > self.order:
            self._require_order(genotypes)
        genes = np.where(genotypes >= 0, self.stands_for[genotypes], NO_GENE)
        last = np.iinfo(np.int64).max
        genes = np.sort(np.where(genes == NO_GENE, last, genes), axis=1)
        genes[:, 1:][genes[:, 1:] == genes[:, :-1]] = last
        genes.sort(axis=1)
        genes[genes == last] = NO_GENE
        return genes

    def _require_order(self, genotypes: NDArray[np.int64]) -> None:
        deleted = self.network.genotype_matrix(genotypes)[:, self.ruled]
        beyond = np.flatnonzero(np.diff(deleted.indptr) > self.order)
        if len(beyond):
            genes = genotypes[beyond[0]]
            names = "+".join(self.network.genes[gene] for gene in genes[genes >= 0])
            raise KeyError(f"{names} deletes more than {self.order} genes, the most that were prepared for")

    @cached_property
    def ruled(self) -> NDArray[np.int64]:
        """Gene indices of the genes that any rule names, ascending."""
        return np.flatnonzero(np.diff(self.network.rules.gene_to_complex.indptr))

    def shut(self, genotypes: NDArray[np.int64]) -> BitSets:
        """Return the units that each genotype (int64 [n, k], padded with -1) shuts, uint64 [n, W]."""
        parts = [
            self._shut(genotypes[at : at + _ROWS_AT_ONCE]) for at in range(0, max(len(genotypes), 1), _ROWS_AT_ONCE)
        ]
        return np.concatenate(parts)

    def _shut(self, genotypes: NDArray[np.int64]) -> BitSets:
        matrix = self.network.genotype_matrix(genotypes)
        blocked = sparse.csr_array(self.network.rules.blocked_reactions(matrix), dtype=np.int32)
        units = (blocked @ self.unit_of_reaction).tocoo()
        return pack_pairs(units.row, units.col, (len(genotypes), self.units))


def deletions_of(network: MetabolicNetwork, reduced: ReducedNetwork, order: int) -> Deletions:
    """Work out how deletions of at most `order` genes act on `reduced`, the reduction of `network`."""
    of_column = cut_sets_of_columns(network.rules, reduced.column, order)
    columns: dict[frozenset[GeneSet], list[int]] = defaultdict(list)
    for column, family in of_column.items():
        columns[family].append(column)
    unit_of_column = np.full(reduced.size, -1, dtype=np.int64)
    for number, members in enumerate(columns.values()):
        unit_of_column[members] = number
    alive = np.flatnonzero(reduced.column >= 0)
    alive = alive[unit_of_column[reduced.column[alive]] >= 0]
    units = unit_of_column[reduced.column[alive]]
    ones = np.ones(len(alive), dtype=np.int32)
    families = tuple(columns)
    return Deletions(
        network=network,
        order=order,
        stands_for=interchangeable_genes(families, len(network.genes)),
        unit_of_reaction=sparse.csr_array((ones, (alive, units)), shape=(len(reduced.column), len(families))),
        unit_of_column=unit_of_column,
        families=families,
    )
