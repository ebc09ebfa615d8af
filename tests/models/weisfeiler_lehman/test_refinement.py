"""Colour refinement equals networkx's partitions, and its update after deletions equals a refinement from scratch."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_lib.models.weisfeiler_lehman.refinement import (
    LabelledGraph,
    delete,
    hashed_slots,
    labelled_graph,
    mix,
    refine,
)


def undirected(num_nodes, pairs, labels="kind"):
    ends = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    sender, receiver = np.concatenate([ends[:, 0], ends[:, 1]]), np.concatenate([ends[:, 1], ends[:, 0]])
    return labelled_graph("toy", np.ones(num_nodes, np.int64), sender, receiver, np.full(len(sender), 2), labels)


def without(graph, nodes):
    """Cut nodes out of a graph physically; the others keep their first colours."""
    stays = ~np.isin(np.arange(len(graph)), nodes)
    place = np.cumsum(stays) - 1
    edges = stays[graph.sender] & stays[graph.receiver]
    sender, receiver = place[graph.sender[edges]], place[graph.receiver[edges]]
    counts = np.bincount(sender, minlength=stays.sum())
    arrivals = np.bincount(receiver, minlength=stays.sum())
    return LabelledGraph(
        name=graph.name,
        colour=graph.colour[stays],
        start=np.concatenate([[0], np.cumsum(counts)]),
        receiver=receiver,
        label=graph.label[edges],
        arrival=np.argsort(receiver, kind="stable"),
        arrival_start=np.concatenate([[0], np.cumsum(arrivals)[:-1]]),
    )


def partition(colours):
    return {frozenset(np.flatnonzero(colours == colour)) for colour in np.unique(colours)}


@st.composite
def graphs(draw, most=9):
    num_nodes = draw(st.integers(2, most))
    every = [(a, b) for a in range(num_nodes) for b in range(a + 1, num_nodes)]
    pairs = draw(st.sets(st.sampled_from(every)))
    return num_nodes, pairs


@given(graphs(), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_the_partition_of_every_level_is_that_of_networkx(drawn, levels):
    num_nodes, pairs = drawn
    colours = refine(undirected(num_nodes, pairs), levels).colour
    graph = nx.Graph(sorted(pairs))
    graph.add_nodes_from(range(num_nodes))
    theirs = nx.weisfeiler_lehman_subgraph_hashes(graph, iterations=levels, include_initial_labels=False)
    for level in range(1, levels + 1):
        names = np.array([theirs[node][level - 1] for node in range(num_nodes)])
        assert partition(colours[level]) == partition(names)


def test_a_path_of_five_is_coloured_by_the_distance_from_its_ends():
    colours = refine(undirected(5, {(0, 1), (1, 2), (2, 3), (3, 4)}), 2).colour
    assert partition(colours[1]) == {frozenset({0, 4}), frozenset({1, 2, 3})}
    assert partition(colours[2]) == {frozenset({0, 4}), frozenset({1, 3}), frozenset({2})}


def test_two_triangles_and_a_hexagon_have_equal_features_as_the_method_is_known_to_be_blind_to_them():
    triangles = refine(undirected(6, {(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5)}), 3).colour
    hexagon = refine(undirected(6, {(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (0, 5)}), 3).colour
    assert np.array_equal(np.sort(triangles, axis=1), np.sort(hexagon, axis=1))


def test_the_direction_of_an_edge_is_seen():
    ends = np.array([0, 1]), np.array([1, 0])
    there = labelled_graph("toy", np.ones(2, np.int64), *ends, np.array([3, 4]), "kind")
    link = labelled_graph("toy", np.ones(2, np.int64), *ends, np.array([2, 2]), "kind")
    assert len(np.unique(refine(there, 1).colour[1])) == 2
    assert len(np.unique(refine(link, 1).colour[1])) == 1


@given(graphs(), st.integers(1, 3), st.sampled_from(["kind", "identity"]), st.data())
@settings(max_examples=120, deadline=None)
def test_an_update_after_deletions_equals_a_refinement_of_the_graph_without_the_nodes(drawn, levels, labels, data):
    num_nodes, pairs = drawn
    graph = undirected(num_nodes, pairs, labels)
    wild = refine(graph, levels)
    deletions = [
        sorted(data.draw(st.sets(st.integers(0, num_nodes - 1), min_size=1, max_size=num_nodes - 1))) for _ in range(3)
    ]
    row = np.concatenate([np.full(len(nodes), index) for index, nodes in enumerate(deletions)])
    found = delete(graph, wild, row, np.concatenate(deletions).astype(np.int64))
    for index, nodes in enumerate(deletions):
        expected = refine(without(graph, nodes), levels).colour
        stays = np.setdiff1d(np.arange(num_nodes), nodes)
        for level, state in enumerate(found):
            colours = wild.colour[level].copy()
            own = state.key // num_nodes == index
            colours[state.key[own] % num_nodes] = state.colour[own]
            assert np.array_equal(colours[stays], expected[level])
            assert np.all(colours[nodes] == 0)


def test_only_nodes_within_the_hops_of_the_deletion_are_visited():
    path = undirected(10, {(node, node + 1) for node in range(9)})
    levels = delete(path, refine(path, 3), np.array([0]), np.array([5]))
    assert [state.key.tolist() for state in levels] == [[5], [4, 5, 6], [3, 4, 5, 6, 7], [2, 3, 4, 5, 6, 7, 8]]


def test_mixing_is_one_to_one_on_a_sample_and_never_zero():
    mixed = mix(np.arange(100_000, dtype=np.uint64))
    assert len(np.unique(mixed)) == 100_000
    assert mixed.min() > 0


def test_hashed_slots_are_even_and_their_signs_balanced_so_that_collisions_cancel_on_average():
    slot, sign = hashed_slots(mix(np.arange(1, 200_001, dtype=np.uint64)), salt=3, width=100)
    assert np.bincount(slot, minlength=100) == pytest.approx(np.full(100, 2000), rel=0.15)
    assert abs(sign.mean()) < 0.01


def test_a_deleted_node_has_no_slot():
    assert hashed_slots(np.array([0], dtype=np.uint64), salt=0, width=8)[1].tolist() == [0.0]
