"""Rows and columns of an assay seen as a matrix of queries by arrays."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.models.crosses.crosses import NO_SET, NO_STRAIN, Crosses, Side, lookup

Index = NDArray[np.int64]

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
