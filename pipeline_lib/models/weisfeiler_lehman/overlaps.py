"""Where deletions reach the same nodes, their effects do not add: the exact difference of second and third order.

A node that one of the deletions does not reach has the same colour with and without that deletion, so in the difference
of order k over all subsets of k deletions its terms cancel. Only the nodes that all k reach remain.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.models.weisfeiler_lehman.colours import message, mix
from pipeline_lib.models.weisfeiler_lehman.graphs import LabelledGraph
from pipeline_lib.models.weisfeiler_lehman.refinement import Level, Refinement, gathered, outgoing


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
