"""Colour refinement of a graph, and its exact update after nodes are deleted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.models.weisfeiler_lehman.colours import message, mix
from pipeline_lib.models.weisfeiler_lehman.graphs import LabelledGraph


@dataclass(frozen=True)
class Refinement:
    """Colours of the whole graph at every level.

    Attributes
    ----------
    colour
        uint64 [levels + 1, n].
    total
        uint64 [levels + 1, n]: sum of the messages that the colour is a hash of; zero at level 0.
    """

    colour: NDArray[np.uint64]
    total: NDArray[np.uint64]


@dataclass(frozen=True)
class Level:
    """The nodes that deletions reach within some number of hops, for many deletions at once.

    Attributes
    ----------
    key
        int64 [m], ascending: row of the deletion times n plus the node.
    shift
        uint64 [m]: change of the node's sum of messages.
    colour
        uint64 [m]: the node's colour after the deletion; 0 where the node itself is deleted.
    """

    key: NDArray[np.int64]
    shift: NDArray[np.uint64]
    colour: NDArray[np.uint64]


def refine(graph: LabelledGraph, levels: int) -> Refinement:
    """Refine the colours `levels` times: each new colour hashes the messages that the node receives, its own included.

    Weisfeiler and Leman (1968); as features Shervashidze et al. (2011).
    """
    colours, totals = [graph.colour], [np.zeros_like(graph.colour)]
    sender = graph.sender
    for _ in range(levels):
        sent = message(colours[-1][sender], graph.label)
        totals.append(np.add.reduceat(sent[graph.arrival], graph.arrival_start) if len(sent) else totals[0])
        colours.append(mix(totals[-1]))
    return Refinement(np.stack(colours), np.stack(totals))


def outgoing(graph: LabelledGraph, node: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for every edge that leaves `node` (int64 [m], repeats allowed) its place in `node` and in the graph."""
    count = graph.start[node + 1] - graph.start[node]
    place = np.repeat(np.arange(len(node)), count)
    offset = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
    return place, graph.start[node][place] + offset


def gathered(key: NDArray[np.int64], value: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Add up the values of equal keys; returns ascending distinct keys and their sums modulo 2^64."""
    order = np.argsort(key, kind="stable")
    key, value = key[order], value[order]
    first = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else np.zeros(0, np.int64)
    return key[first], np.add.reduceat(value, first) if len(key) else value


def delete(graph: LabelledGraph, wild: Refinement, row: NDArray[np.int64], node: NDArray[np.int64]) -> list[Level]:
    """Update the colours after deletions, visiting only the nodes that they reach.

    Parameters
    ----------
    graph, wild
        The graph and its refinement.
    row, node
        int64 [m]: node `node` is deleted in deletion `row`; no pair twice.

    Returns
    -------
    list of Level
        One for each level of `wild`.
    """
    n = len(graph)
    deleted = np.sort(row * n + node)
    none = np.zeros(len(deleted), dtype=np.uint64)
    levels = [Level(deleted, none, none)]
    for level in range(1, len(wild.colour)):
        last = levels[-1]
        node = last.key % n
        place, edge = outgoing(graph, node)
        label = graph.label[edge]
        change = message(last.colour[place], label) - message(wild.colour[level - 1][node][place], label)
        key, shift = gathered((last.key - node)[place] + graph.receiver[edge], change)
        colour = mix(wild.total[level][key % n] + shift)
        colour[np.searchsorted(key, deleted)] = 0
        levels.append(Level(key, shift, colour))
    return levels
