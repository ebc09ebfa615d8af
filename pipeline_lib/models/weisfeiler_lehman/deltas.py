"""One graph's share of the features: differences of its colour histograms, exact for one, two and three deletions.

A node that one of the deletions does not reach has the same colour with and without that deletion, so in the difference
of order k over all subsets of k deletions its terms cancel. Only the nodes that all k reach remain.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.models.weisfeiler_lehman.refinement import (
    LabelledGraph,
    Level,
    Refinement,
    Removal,
    delete,
    gathered,
    hashed_slots,
    message,
    mix,
    outgoing,
    refine,
)


@dataclass(frozen=True)
class Subset:
    """Levels of one proper subset of every set.

    Attributes
    ----------
    levels
        Levels of all deletions of that size.
    row
        int64 [s]: which of them belongs to each set.
    order
        Number of deletions in the subset.
    """

    levels: list[Level]
    row: NDArray[np.int64]
    order: int


@dataclass(frozen=True)
class Difference:
    """One level of the overlap of every set.

    Attributes
    ----------
    level
        Colours under the whole set of the nodes that all its deletions reach.
    terms
        (sign, colours) of each subset of the set, the set itself and the empty one included: the difference of
        histograms is the signed sum of theirs.
    """

    level: Level
    terms: list[tuple[int, NDArray[np.uint64]]]


def patterns(levels: list[Level], rows: int, n: int) -> list[sparse.csr_array]:
    """Return which nodes each deletion reaches, one int8 csr [rows, n] a level."""
    return [
        sparse.csr_array(
            (
                np.ones(len(level.key), dtype=np.int8),
                level.key % n,
                np.searchsorted(level.key, np.arange(rows + 1) * n),
            ),
            shape=(rows, n),
        )
        for level in levels
    ]


def differences(
    graph: LabelledGraph,
    wild: Refinement,
    reached: list[sparse.csr_array],
    sets: NDArray[np.int64],
    subsets: list[Subset],
) -> list[Difference]:
    """Compute the difference of order k of the colours, exactly.

    The sum of messages of a node under the whole set is the signed sum of its shifts under the proper subsets, plus
    what the overlap of the level before sends, itself a difference of order k.

    Parameters
    ----------
    graph, wild
        The graph and its refinement.
    reached
        `patterns` of the single deletions.
    sets
        int64 [s, k]: rows of the single deletions of each set, k = 2 or 3.
    subsets
        Every proper, non-empty subset.

    Returns
    -------
    list of Difference
        One for each level of `wild`.
    """
    n, k = len(graph), sets.shape[1]
    found: list[Difference] = []
    for level, reach in enumerate(reached):
        common = reach[sets[:, 0]]
        for column in range(1, k):
            common = common.multiply(reach[sets[:, column]]).tocsr()
        common.sort_indices()
        owner = np.repeat(np.arange(len(sets)), np.diff(common.indptr))
        node = common.indices.astype(np.int64)
        key = owner * n + node
        shift = np.zeros(len(key), dtype=np.uint64)
        deleted = np.zeros(len(key), dtype=bool)
        terms = [(signed(k), wild.colour[level][node])]
        for subset in subsets:
            own = subset.levels[level]
            place = np.searchsorted(own.key, subset.row[owner] * n + node)
            terms.append((signed(k - subset.order), own.colour[place]))
            shift = shift - own.shift[place] if signed(k - subset.order) > 0 else shift + own.shift[place]
            deleted |= own.colour[place] == 0
        if level and len(found[-1].level.key):
            sent_key, sent = _sent(graph, found[-1])
            shift[np.searchsorted(key, sent_key)] += sent
        colour = np.where(deleted, np.uint64(0), mix(wild.total[level][node] + shift))
        found.append(Difference(Level(key, shift, colour), [(1, colour), *terms]))
    return found


def signed(power: int) -> int:
    """Return (-1)^power."""
    return 1 if power % 2 == 0 else -1


def _sent(graph: LabelledGraph, last: Difference) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Return the difference of the messages that the overlap of a level sends, by receiving key."""
    n = len(graph)
    node = last.level.key % n
    place, edge = outgoing(graph, node)
    total = np.zeros(len(place), dtype=np.uint64)
    for sign, colour in last.terms:
        sent = message(colour[place], graph.label[edge])
        total = total + sent if sign > 0 else total - sent
    return gathered((last.level.key - node)[place] + graph.receiver[edge], total)


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
