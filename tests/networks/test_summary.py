"""The summary's numbers are the ones that networkx counts."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from pipeline_lib.networks.cli import SUMMARY, summarise
from pipeline_lib.networks.edges import join_networks
from pipeline_lib.sources.catalogue import Provenance

PROVENANCES = {
    "one": Provenance(("physical", "text_mining"), 2023),
    "two": Provenance(("regulation",), None),
    "three": Provenance(("physical", "genetic"), 2013),
}


def table(name: str, pairs: list[tuple[int, int]], directed: bool = False) -> pd.DataFrame:
    source, target = np.array(pairs).T
    return pd.DataFrame({"network": name, "source": source, "target": target, "weight": 1.0, "directed": directed})


@pytest.fixture
def networks() -> dict[str, pd.DataFrame]:
    graph = nx.gnm_random_graph(30, 90, seed=4)
    return {
        "two": table("two", [(1, 0), (0, 1), (2, 0)], directed=True),
        "one": table("one", sorted(tuple(sorted(edge)) for edge in graph.edges)),
        "three": table("three", [(0, 1), (5, 6)]),
    }


def test_sizes_and_degrees_agree_with_networkx(networks: dict[str, pd.DataFrame]) -> None:
    summary = summarise(networks, PROVENANCES, 50).set_index("network").loc["one"]
    graph = nx.Graph(list(zip(networks["one"]["source"], networks["one"]["target"], strict=True)))
    degrees = [degree for _, degree in graph.degree()]
    assert summary["nodes"] == graph.number_of_nodes()
    assert summary["edges"] == graph.number_of_edges()
    assert summary["density"] == pytest.approx(nx.density(graph))
    assert summary["mean_degree"] == pytest.approx(np.mean(degrees))
    assert summary["median_degree"] == np.median(degrees)
    assert summary["greatest_degree"] == max(degrees)
    assert summary["coverage"] == graph.number_of_nodes() / 50


def test_a_directed_network_counts_neighbours_once_and_possible_edges_twice(
    networks: dict[str, pd.DataFrame],
) -> None:
    summary = summarise(networks, PROVENANCES, 50).set_index("network").loc["two"]
    graph = nx.DiGraph(list(zip(networks["two"]["source"], networks["two"]["target"], strict=True)))
    assert summary["density"] == pytest.approx(nx.density(graph)) == pytest.approx(3 / 6)
    assert (summary["edges"], summary["greatest_degree"]) == (3, 2)


def test_overlap_is_the_share_of_this_networks_pairs_joined_in_the_other(
    networks: dict[str, pd.DataFrame],
) -> None:
    summary = summarise(networks, PROVENANCES, 50).set_index("network")
    assert summary.loc["two", "shared_with_three"] == 1 / 2
    assert summary.loc["three", "shared_with_two"] == 1 / 2
    assert summary.loc["one", "shared_with_one"] == 1
    pairs = [set(zip(networks[name]["source"], networks[name]["target"], strict=True)) for name in ("one", "three")]
    assert summary.loc["one", "shared_with_three"] == len(pairs[0] & pairs[1]) / 90


def test_what_a_network_rests_on_stands_beside_it(networks: dict[str, pd.DataFrame]) -> None:
    summary = summarise(networks, PROVENANCES, 50).set_index("network")
    assert summary["holds_genetic"].to_dict() == {"one": False, "three": True, "two": False}
    assert summary.loc["one", "evidence"] == "physical, text_mining"
    assert summary["year"].to_dict()["one"] == 2023
    assert summary["year"].isna().to_dict()["two"]
    edges = join_networks(networks, PROVENANCES)
    assert edges.groupby("network")["holds_genetic"].first().to_dict() == summary["holds_genetic"].to_dict()


def test_no_network_is_a_table_without_rows_but_with_its_columns() -> None:
    summary = SUMMARY.validate(summarise({}, {}, 137), "summary")
    assert len(summary) == 0
    assert list(summary.columns) == list(SUMMARY.columns)
