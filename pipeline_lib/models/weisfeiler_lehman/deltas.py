"""One graph's share of the features: differences of its colour histograms, exact for one, two and three deletions."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.models.weisfeiler_lehman.colours import hashed_slots
from pipeline_lib.models.weisfeiler_lehman.graphs import LabelledGraph
from pipeline_lib.models.weisfeiler_lehman.overlaps import Subset, differences, patterns, signed
from pipeline_lib.models.weisfeiler_lehman.refinement import Level, delete, refine
from pipeline_lib.models.weisfeiler_lehman.removals import Removal


@dataclass(frozen=True)
class Entries:
    """Entries of a sparse matrix; those of one place add up.

    Attributes
    ----------
    row, column
        int64 [m].
    value
        float64 [m].
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    value: NDArray[np.float64]

    @classmethod
    def empty(cls) -> "Entries":
        """Return no entries."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))

    @classmethod
    def joined(cls, parts: list["Entries"]) -> "Entries":
        """Return the entries of all parts."""
        return cls(
            np.concatenate([part.row for part in parts]),
            np.concatenate([part.column for part in parts]),
            np.concatenate([part.value for part in parts]),
        )

    def dense(self, rows: int, columns: int) -> NDArray[np.float32]:
        """Return the matrix, float32 [rows, columns]."""
        flat = np.bincount(self.row * columns + self.column, weights=self.value, minlength=rows * columns)
        return flat.astype(np.float32).reshape(rows, columns)


class GraphDeltas:
    """Differences of histograms of one graph.

    The columns: `width` slots, into which the colours of every level are hashed, then from `first_count` on one column
    a level with the number of nodes whose colour differs from the wild type's.

    Parameters
    ----------
    graph
        The graph.
    levels
        Rounds of refinement h: a deletion is felt h hops away.
    removal
        Which nodes a genotype deletes.
    num_genes
        Length N of the gene index.
    salt
        Tells this graph's colours from those of others in the shared slots.
    """

    def __init__(
        self,
        graph: LabelledGraph,
        levels: int,
        removal: Removal,
        num_genes: int,
        *,
        salt: int,
        width: int,
        first_count: int,
    ) -> None:
        self.graph = graph
        self.wild = refine(graph, levels)
        self.removal = removal
        self.salt = salt
        self.width = width
        self.first_count = first_count
        self.singles = self._delete(np.arange(num_genes)[:, None])
        self._reached = patterns(self.singles, num_genes, len(graph))

    def of_singles(self) -> Entries:
        """Return the features of every gene deleted by itself, one row a gene."""
        return self._direct(self.singles, sign=1)

    def of_sets(self, sets: NDArray[np.int64], subsets: list[Subset]) -> tuple[Entries, list[Level]]:
        """Return the difference of order k of the features of pairs or triples.

        Parameters
        ----------
        sets
            int64 [s, k]: distinct genes.
        subsets
            Their proper non-empty subsets in this graph's levels.

        Returns
        -------
        entries
            One row a set.
        levels
            Colours where the deletions overlap, as the subsets of larger sets need them.
        """
        joint = self.removal.joint(sets)
        apart = np.flatnonzero(~joint)
        found = differences(
            self.graph,
            self.wild,
            self._reached,
            sets[apart],
            [Subset(subset.levels, subset.row[apart], subset.order) for subset in subsets],
        )
        parts, n = [], len(self.graph)
        for index, difference in enumerate(found):
            node, row = difference.level.key % n, apart[difference.level.key // n]
            parts += [self._entries(row, node, colour, index, sign) for sign, colour in difference.terms]
        for size in range(1, sets.shape[1] + 1):
            for columns in combinations(range(sets.shape[1]), size):
                levels = self._delete(sets[joint][:, columns])
                entries = self._direct(levels, signed(sets.shape[1] - size))
                parts.append(Entries(np.flatnonzero(joint)[entries.row], entries.column, entries.value))
        own = [
            Level(apart[found_.level.key // n] * n + found_.level.key % n, found_.level.shift, found_.level.colour)
            for found_ in found
        ]
        return Entries.joined(parts), own

    def _delete(self, sets: NDArray[np.int64]) -> list[Level]:
        deleted = self.removal.nodes(sets)
        row = np.repeat(np.arange(len(sets)), np.diff(deleted.indptr))
        return delete(self.graph, self.wild, row, deleted.indices.astype(np.int64))

    def _direct(self, levels: list[Level], sign: int) -> Entries:
        """Return the histogram after the deletion less that before it, over the nodes that it reaches."""
        parts, n = [], len(self.graph)
        for index, level in enumerate(levels):
            row, node = level.key // n, level.key % n
            parts.append(self._entries(row, node, level.colour, index, sign))
            parts.append(self._entries(row, node, self.wild.colour[index][node], index, -sign))
        return Entries.joined(parts)

    def _entries(
        self, row: NDArray[np.int64], node: NDArray[np.int64], colour: NDArray[np.uint64], level: int, sign: int
    ) -> Entries:
        slot, value = hashed_slots(colour, self.salt + level, self.width)
        changed = colour != self.wild.colour[level][node]
        return Entries(
            np.concatenate([row, row[changed]]),
            np.concatenate([slot, np.full(int(changed.sum()), self.first_count + level)]),
            np.concatenate([sign * value, np.full(int(changed.sum()), float(sign))]),
        )
