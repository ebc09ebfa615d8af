"""Random networks with the same degrees: what is left of a network when only its hubs are kept."""

import zlib

import numpy as np
import numpy.typing as npt
import pandas as pd

SWAPS_AN_EDGE = 10
"""Accepted swaps an edge, on average. On the yeast networks the share of edges kept stands still from 5 on."""

MOST_ROUNDS = 40 * SWAPS_AN_EDGE
"""Rounds after which a graph that allows hardly any swap, such as a star, is left as it is."""

Indices = npt.NDArray[np.int64]


def rewire(edges: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Swap the ends of random pairs of edges, network by network, until the start is forgotten.

    Each swap turns a-b, c-d into a-d, c-b (the switching chain of Maslov and Sneppen 2002,
    doi:10.1126/science.1065103), so every gene keeps its degree in every network (in and out degree where edges are
    directed). No self-loop and no double edge arises. Weights are dealt out with the ends: each network keeps its own.

    Parameters
    ----------
    edges
        `pipeline_lib.artefacts.schemas.EDGES`: one network or several.
    seed
        Equal seeds give equal networks; a network's result does not depend on which others stand beside it.

    Returns
    -------
    DataFrame
        Columns and number of rows of `edges`, sorted by network, source, target.
    """
    parts = [
        _rewire_network(part, np.random.default_rng([seed, zlib.crc32(str(name).encode())]))
        for name, part in edges.groupby("network", sort=True)
    ]
    return pd.concat(parts, ignore_index=True) if parts else edges.copy()


def _rewire_network(edges: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Rewire one network."""
    directed = bool(edges["directed"].any())
    source, target = edges["source"].to_numpy(copy=True), edges["target"].to_numpy(copy=True)
    if len(edges) > 1:
        source, target = switch_ends(source, target, directed=directed, random=random)
    if not directed:
        source, target = np.minimum(source, target), np.maximum(source, target)
    rewired = edges.assign(source=source, target=target)
    return rewired.sort_values(["network", "source", "target"])


def switch_ends(
    source: Indices, target: Indices, *, directed: bool, random: np.random.Generator
) -> tuple[Indices, Indices]:
    """Run the switching chain on one simple graph, many disjoint pairs of edges at a time.

    Parameters
    ----------
    source, target
        Ends of the edges, int64 [E]; no self-loop, no edge twice.
    directed
        Whether a-b and b-a are two edges.
    random
        Source of chance.

    Returns
    -------
    source, target
        New ends, int64 [E]; for undirected edges in either order.
    """
    num_nodes = int(max(source.max(), target.max())) + 1
    half = len(source) // 2
    accepted = 0
    for _ in range(MOST_ROUNDS):
        if accepted >= SWAPS_AN_EDGE * half:
            break
        if not directed:
            # Which end of an edge is swapped is a matter of chance.
            turned = random.random(len(source)) < 0.5
            source, target = np.where(turned, target, source), np.where(turned, source, target)
        order = random.permutation(len(source))
        first, second = order[:half], order[half : 2 * half]
        allowed = _allowed_swaps(source, target, first, second, num_nodes, directed=directed)
        first, second = first[allowed], second[allowed]
        target[first], target[second] = target[second], target[first]
        accepted += len(first)
    return source, target


def _edge_keys(source: Indices, target: Indices, num_nodes: int, *, directed: bool) -> Indices:
    """Return one number an edge; equal numbers are the same edge."""
    if directed:
        return source * num_nodes + target
    return np.minimum(source, target) * num_nodes + np.maximum(source, target)


def _allowed_swaps(
    source: Indices, target: Indices, first: Indices, second: Indices, num_nodes: int, *, directed: bool
) -> npt.NDArray[np.bool_]:
    """Tell which of the proposed swaps may all be made at once, bool [len(first)].

    A new edge must be no self-loop, must not exist already and must not be proposed twice in this round.
    """
    present = np.sort(_edge_keys(source, target, num_nodes, directed=directed))
    proposed = np.stack(
        [
            _edge_keys(source[first], target[second], num_nodes, directed=directed),
            _edge_keys(source[second], target[first], num_nodes, directed=directed),
        ]
    )
    loops = (source[first] == target[second]) | (source[second] == target[first])
    position = np.searchsorted(present, proposed).clip(max=len(present) - 1)
    exists = (present[position] == proposed).any(axis=0)
    _, inverse, counts = np.unique(proposed, return_inverse=True, return_counts=True)
    twice = (counts[inverse].reshape(proposed.shape) > 1).any(axis=0)
    return ~(loops | exists | twice)
