"""A genotype as a cross of a query and an array side, and an assay as a matrix of queries by arrays."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE, Genotypes
from pipeline_lib.cell.testable import shared_genes

NO_STRAIN = -1
UNSEEN_STRAIN = -2
NO_SET = 0

Index = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Side:
    """One side of n crosses.

    Attributes
    ----------
    strain
        int64 [n]: position in `StrainBook.names`; -1 where none is recorded, -2 where training has not heard of it.
    gene_set
        int64 [n]: one integer a set of genes (`StrainBook.gene_set_codes`); 0 for the empty set.
    """

    strain: Index
    gene_set: Index

    def take(self, rows: Index | Mask) -> "Side":
        """Return the crosses at `rows`."""
        return Side(self.strain[rows], self.gene_set[rows])

    def where(self, chosen: Mask, other: "Side") -> "Side":
        """Return this side of the `chosen` crosses [n] and the `other` side of the rest."""
        return Side(np.where(chosen, self.strain, other.strain), np.where(chosen, self.gene_set, other.gene_set))


@dataclass(frozen=True)
class Crosses:
    """Observations with the two sides of each.

    Attributes
    ----------
    genotypes
        The observations, n of them.
    query, array
        Their sides.
    whole_set
        int64 [n]: the code of all genes of the genotype, as of a strain that was measured by itself.
    """

    genotypes: Genotypes
    query: Side
    array: Side
    whole_set: Index

    def __len__(self) -> int:
        return len(self.genotypes)

    @property
    def value(self) -> NDArray[np.float64]:
        """The measurements, float64 [n]."""
        return self.genotypes.value

    def minus(self, offset: NDArray[np.float64]) -> "Crosses":
        """Return the crosses with `offset` [n] taken off their values."""
        return replace(self, genotypes=replace(self.genotypes, value=self.genotypes.value - offset))

    def take(self, rows: Index | Mask) -> "Crosses":
        """Return the crosses at `rows`."""
        return Crosses(self.genotypes.take(rows), self.query.take(rows), self.array.take(rows), self.whole_set[rows])

    def where(self, chosen: Mask, other: "Crosses") -> "Crosses":
        """Return the crosses with the sides of `other` but for the `chosen` ones [n]."""
        return replace(self, query=self.query.where(chosen, other.query), array=self.array.where(chosen, other.array))


@dataclass(frozen=True)
class StrainBook:
    """The strains of the training fold, the genes that each carries, and the commonest queries.

    Attributes
    ----------
    names
        Strain names; their positions are the codes of `Side.strain`.
    genes
        int64 [strains, 3]: gene indices, then -1; all -1 where the crosses leave it open.
    query_sets, query_counts
        int64 [q]: gene-set codes that may stand on the query side, ascending, and how often they could.
    num_genes
        Size of the gene index.
    """

    names: tuple[str, ...]
    genes: Index
    query_sets: Index
    query_counts: Index
    num_genes: int

    @classmethod
    def learn(cls, train: Genotypes, num_genes: int) -> Self:
        """Infer each strain's genes from its crosses: those that all of its genotypes share."""
        # Every observation stands here twice, once a role: of the whole table that would be gigabytes.
        strain = np.concatenate([train.query, train.array])
        genes = shared_genes(strain, np.concatenate([train.genes, train.genes]), len(train.strains))
        largest = np.zeros(len(train.strains), dtype=np.int64)
        for role in (train.query, train.array):
            named = role >= 0
            np.maximum.at(largest, role[named], train.order[named])
        size = (genes != NO_GENE).sum(axis=1)
        # A strain that was crossed once shares all genes with its genotype, its partner's too: not known.
        genes[(size > 1) & (size == largest)] = NO_GENE
        empty = np.zeros(0, dtype=np.int64)
        book = cls(train.strains, genes, empty, empty, num_genes)
        bare = _bare(train)
        known = book.crosses(train.take(~bare)).query.gene_set
        possible = [book.gene_set_codes(train.genes[bare], query) for query in _query_candidates(train.take(bare))]
        sets, counts = np.unique(np.concatenate([known, *possible]), return_counts=True)
        return replace(book, query_sets=sets[sets != NO_SET], query_counts=counts[sets != NO_SET])

    def crosses(self, genotypes: Genotypes) -> Crosses:
        """Return `genotypes` with their sides; those of a row depend on that row and on training alone.

        A side whose strain is not known takes the genes that the other leaves; where neither is known the last gene
        stands on the array side. A genotype that names no strain is read with its commonest query.
        """
        query, array = self._codes(genotypes, genotypes.query), self._codes(genotypes, genotypes.array)
        there = genotypes.genes != NO_GENE
        on_query, on_array = self._carried(genotypes, query), self._carried(genotypes, array)
        query_known, array_known = on_query.any(axis=1, keepdims=True), on_array.any(axis=1, keepdims=True)
        rest = there & (np.arange(MAX_ORDER) == np.maximum(genotypes.order - 1, 1)[:, None])
        rest[(query != NO_STRAIN) & (array == NO_STRAIN)] = False
        alone = (query == NO_STRAIN) & (array != NO_STRAIN)
        rest[alone] = there[alone]
        array_side = np.where(query_known, there & ~on_query | on_array, np.where(array_known, on_array, rest))
        query_side = np.where(query_known, on_query, there & ~array_side)
        query_set = self.gene_set_codes(genotypes.genes, query_side)
        array_set = self.gene_set_codes(genotypes.genes, array_side)
        bare = np.flatnonzero(_bare(genotypes))
        if len(bare):
            query_set[bare], array_set[bare] = self._commonest_query(genotypes.take(bare))
        return Crosses(
            genotypes, Side(query, query_set), Side(array, array_set), self.gene_set_codes(genotypes.genes, there)
        )

    def gene_set_codes(self, genes: Index, chosen: Mask) -> Index:
        """Return one integer for the set of the `chosen` genes of each row, both [n, 3]; 0 for none of them."""
        kept = np.sort(np.where(chosen, genes + 1, NO_SET), axis=1)
        base = self.num_genes + 1
        return np.asarray((kept[:, 0] * base + kept[:, 1]) * base + kept[:, 2])

    def genes_of_sets(self, gene_sets: Index) -> Index:
        """Return the genes of gene-set codes, int64 [n, 3]: -1 on the left, then ascending indices."""
        base = self.num_genes + 1
        return np.stack([gene_sets // base**2, gene_sets // base % base, gene_sets % base], axis=1) - 1

    def _commonest_query(self, bare: Genotypes) -> tuple[Index, Index]:
        queries = _query_candidates(bare)
        query_sets = np.stack([self.gene_set_codes(bare.genes, query) for query in queries])
        array_sets = np.stack([self.gene_set_codes(bare.genes, (bare.genes != NO_GENE) & ~query) for query in queries])
        count = lookup(self.query_sets, self.query_counts, query_sets.ravel()).reshape(query_sets.shape)
        best, rows = count.argmax(axis=0), np.arange(len(bare))
        return query_sets[best, rows], array_sets[best, rows]

    def _codes(self, genotypes: Genotypes, strain: Index) -> Index:
        if genotypes.strains == self.names:
            return strain
        position = pd.Index(self.names).get_indexer(pd.Index(genotypes.strains, dtype=object)).astype(np.int64)
        position[position < 0] = UNSEEN_STRAIN
        return np.append(position, NO_STRAIN)[strain]

    def _carried(self, genotypes: Genotypes, strain: Index) -> Mask:
        none = np.full((1, MAX_ORDER), NO_GENE)
        carried = np.concatenate([self.genes, none])[np.maximum(strain, NO_STRAIN)]
        found = (genotypes.genes[:, :, None] == carried[:, None, :]).any(axis=2)
        return np.asarray(found & (genotypes.genes != NO_GENE))


def lookup(keys: Index, values: Index, wanted: Index) -> Index:
    """Return what stands beside each of `wanted` in the ascending `keys`; -1 where it is not among them."""
    if not len(keys):
        return np.full(len(wanted), -1)
    position = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[position] == wanted, values[position], -1)


def _bare(genotypes: Genotypes) -> Mask:
    return np.asarray((genotypes.query == NO_STRAIN) & (genotypes.array == NO_STRAIN) & (genotypes.order > 1))


def _query_candidates(genotypes: Genotypes) -> list[Mask]:
    """Return each way to leave one gene to the array side as a mask of the query's genes, the last gene first."""
    there, order = genotypes.genes != NO_GENE, genotypes.order[:, None]
    return [there & (np.arange(MAX_ORDER) != (order - 1 - shift) % order) for shift in range(MAX_ORDER)]


UNKNOWN = -1
_SIDES = 2


@dataclass(frozen=True)
class Entities:
    """What stands along one axis: strains, or gene sets where no strain is recorded.

    No gene at all is a gene set too: the neutral query of a control screen, or the missing partner of a mutant that
    was measured by itself.

    Attributes
    ----------
    keys
        int64 [m], ascending: the strain code, or the number of strains plus the gene-set code.
    gene_set
        int64 [m]: the gene-set code of each.
    known_sets, of_set
        int64 [k]: ascending gene-set codes, and for each the entity with most observations, which a strain that
        training lacks (another allele, say) is taken for.
    strains
        Number of strain codes.
    """

    keys: Index
    gene_set: Index
    known_sets: Index
    of_set: Index
    strains: int

    @classmethod
    def collect(cls, sides: Side, strains: int) -> Self:
        """Return the entities among `sides`."""
        keys, first, count = np.unique(_keys(sides, strains), return_index=True, return_counts=True)
        gene_set = sides.gene_set[first]
        order = np.lexsort((-count, gene_set))
        known_sets, start = np.unique(gene_set[order], return_index=True)
        return cls(keys, gene_set, known_sets, order[start], strains)

    @classmethod
    def none(cls) -> Self:
        """Return no entities: `find` knows none."""
        nothing = np.empty(0, dtype=np.int64)
        return cls(nothing, nothing, nothing, nothing, 0)

    def __len__(self) -> int:
        return len(self.keys)

    def find(self, side: Side) -> Index:
        """Return the entity of each cross, int64 [n]; -1 where neither its strain nor its gene set is known."""
        exact = lookup(self.keys, np.arange(len(self.keys)), _keys(side, self.strains))
        by_genes = lookup(self.known_sets, self.of_set, side.gene_set)
        return np.where(exact == UNKNOWN, by_genes, exact)


def _keys(side: Side, strains: int) -> Index:
    return np.where(side.strain >= 0, side.strain, strains + side.gene_set)


@dataclass(frozen=True)
class Axes:
    """Rows (queries) and columns (arrays) of one assay's matrix; one and the same where the screen is symmetric."""

    rows: Entities
    columns: Entities
    symmetric: bool

    @classmethod
    def fit(cls, train: Crosses, strains: int) -> Self:
        """Find the axes of the training crosses; `strains` is the number of strain codes.

        A screen is symmetric when most strains serve both as query and as array, as in an E-MAP.
        """
        rows, columns = Entities.collect(train.query, strains), Entities.collect(train.array, strains)
        crossed = train.take((train.query.gene_set != NO_SET) & (train.array.gene_set != NO_SET))
        queries, arrays = np.unique(_keys(crossed.query, strains)), np.unique(_keys(crossed.array, strains))
        if np.intersect1d(queries, arrays).size <= 0.5 * min(len(queries), len(arrays)):
            return cls(rows, columns, symmetric=False)
        both = Side(
            np.concatenate([train.query.strain, train.array.strain]),
            np.concatenate([train.query.gene_set, train.array.gene_set]),
        )
        either = Entities.collect(both, strains)
        return cls(either, either, symmetric=True)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the matrix."""
        return len(self.rows), len(self.columns)

    def placed(self, crosses: Crosses) -> Crosses:
        """Return the crosses, those that name no strain on the sides on which training measured them.

        A mutant may have been measured by itself, as a query or as an array strain: then it has no partner. So it is
        taken where training has such a strain; a single mutant also where training has others of its kind.
        """
        bare = (crosses.query.strain == NO_STRAIN) & (crosses.array.strain == NO_STRAIN)
        if not bare.any():
            return crosses
        blank = Side(np.full(len(crosses), NO_STRAIN), np.full(len(crosses), NO_SET))
        whole = Side(blank.strain, crosses.whole_set)
        for query, array in ((whole, blank), (blank, whole)):
            turned = replace(crosses, query=query, array=array)
            known, known_turned = self._sides_known(crosses), self._sides_known(turned)
            better = np.where(crosses.genotypes.order == 1, known_turned > known, known_turned == _SIDES)
            crosses = turned.where(bare & better, crosses)
        return crosses

    def _sides_known(self, crosses: Crosses) -> Index:
        rows, columns = self.positions(crosses)
        return np.asarray((rows != UNKNOWN).astype(np.int64) + (columns != UNKNOWN))

    def positions(self, crosses: Crosses) -> tuple[Index, Index]:
        """Return the row and the column of each cross, int64 [n] each; -1 where it is not known."""
        return self.rows.find(crosses.query), self.columns.find(crosses.array)

    def state(self) -> dict[str, Any]:
        """Return what `from_state` needs."""
        columns = None if self.symmetric else vars(self.columns)
        return {"rows": vars(self.rows), "columns": columns, "symmetric": self.symmetric}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the axes that `state` was taken from."""
        rows = Entities(**state["rows"])
        columns = rows if state["symmetric"] else Entities(**state["columns"])
        return cls(rows, columns, state["symmetric"])
