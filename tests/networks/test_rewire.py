"""Rewiring keeps every degree and forgets everything else."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_lib.networks.edges import rewire


def table(pairs: list[tuple[int, int]], name: str = "n", directed: bool = False) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "network": name,
            "source": pd.array([pair[0] for pair in pairs], dtype="int64"),
            "target": pd.array([pair[1] for pair in pairs], dtype="int64"),
            "weight": np.linspace(0.1, 1.0, len(pairs)),
            "directed": directed,
        }
    )


def pairs_of(edges: pd.DataFrame) -> set[tuple[int, int]]:
    return set(zip(edges["source"], edges["target"], strict=True))


def degrees(edges: pd.DataFrame, *columns: str) -> list[int]:
    return np.bincount(np.concatenate([edges[column] for column in columns]), minlength=60).tolist()


graphs = st.builds(
    lambda n, m, seed: sorted(tuple(sorted(edge)) for edge in nx.gnm_random_graph(n, m, seed=seed).edges),
    st.integers(2, 30),
    st.integers(1, 120),
    st.integers(0, 10**6),
)


@settings(deadline=None)
@given(pairs=graphs, seed=st.integers(0, 2**31))
def test_an_undirected_network_stays_simple_and_keeps_every_degree(pairs: list, seed: int) -> None:
    edges = table(pairs)
    rewired = rewire(edges, seed)
    assert len(pairs_of(rewired)) == len(edges)
    assert (rewired["source"] < rewired["target"]).all()
    assert degrees(rewired, "source", "target") == degrees(edges, "source", "target")
    assert sorted(rewired["weight"]) == sorted(edges["weight"])
    assert list(rewired.columns) == list(edges.columns)


@settings(deadline=None)
@given(pairs=graphs, seed=st.integers(0, 2**31))
def test_a_directed_network_keeps_every_in_and_out_degree(pairs: list, seed: int) -> None:
    edges = table(pairs + [(b, a) for a, b in pairs[::2]], directed=True)
    rewired = rewire(edges, seed)
    assert len(pairs_of(rewired)) == len(edges)
    assert (rewired["source"] != rewired["target"]).all()
    assert degrees(rewired, "source") == degrees(edges, "source")
    assert degrees(rewired, "target") == degrees(edges, "target")


def test_equal_seeds_give_equal_networks_and_others_do_not() -> None:
    edges = table(sorted(tuple(sorted(edge)) for edge in nx.gnm_random_graph(40, 200, seed=1).edges))
    pd.testing.assert_frame_equal(rewire(edges, 7), rewire(edges, 7))
    assert pairs_of(rewire(edges, 7)) != pairs_of(rewire(edges, 8))


def test_a_network_is_rewired_the_same_way_whatever_stands_beside_it() -> None:
    one = table(sorted(tuple(sorted(edge)) for edge in nx.gnm_random_graph(40, 200, seed=1).edges), "one")
    two = table(sorted(tuple(sorted(edge)) for edge in nx.gnm_random_graph(40, 150, seed=2).edges), "two")
    both = rewire(pd.concat([two, one], ignore_index=True), 3)
    alone = rewire(one, 3)
    assert pairs_of(both[both["network"] == "one"]) == pairs_of(alone)


def test_every_arrangement_of_the_smallest_graph_is_equally_likely() -> None:
    # Two edges on four nodes of degree 1 have exactly three arrangements.
    counts = pd.Series([tuple(sorted(pairs_of(rewire(table([(0, 1), (2, 3)]), seed)))) for seed in range(600)])
    shares = counts.value_counts(normalize=True)
    assert len(shares) == 3
    # Binomial SD of a third out of 600 draws: 0.019.
    assert shares.between(1 / 3 - 4 * 0.019, 1 / 3 + 4 * 0.019).all()


def test_what_is_left_of_a_network_is_what_chance_would_leave() -> None:
    ring = table([(i, i + 1) for i in range(999)] + [(0, 999)])
    left = [len(pairs_of(rewire(ring, seed)) & pairs_of(ring)) for seed in range(20)]
    # 2-regular on 1000 nodes: each of the 1000 edges comes back with probability about 2/999, so about 2 do.
    assert 0.5 < np.mean(left) < 4


@pytest.mark.parametrize("pairs", [[], [(0, 1)], [(0, 1), (0, 2), (0, 3)], [(0, 1), (0, 2), (1, 2)]])
def test_a_network_that_allows_no_swap_stays_as_it_is(pairs: list[tuple[int, int]]) -> None:
    assert pairs_of(rewire(table(pairs), 0)) == set(pairs)


def test_a_cluster_is_dissolved() -> None:
    caves = nx.connected_caveman_graph(20, 6)
    edges = table(sorted(tuple(sorted(edge)) for edge in caves.edges))
    rewired = nx.Graph(list(pairs_of(rewire(edges, 0))))
    assert nx.transitivity(caves) > 0.6
    assert nx.transitivity(rewired) < 0.15
