"""Weisfeiler-Lehman features of double deletions: ours around the deletion, GraKeL and networkx on the whole graph."""

import statistics
import warnings
from typing import Any

import networkx as nx
import numpy as np
from grakel import Graph
from grakel.kernels import VertexHistogram, WeisfeilerLehman
from measure import MemoryWatch, timed, write_benchmark
from numpy.typing import NDArray
from yeast_cell import physical_network, yeast_cell

from pipeline_lib.config.models import WeisfeilerLehmanSettings
from pipeline_lib.models.weisfeiler_lehman.model import PerturbationFeatures
from pipeline_lib.models.weisfeiler_lehman.refinement import LabelledGraph

REPEATS = 3
LEVELS = 2
OURS, THEIRS = 8192, 4
"""Genotypes a repeat."""
SETTINGS = WeisfeilerLehmanSettings(network_levels=1, metabolism_levels=LEVELS, max_metabolite_degree=None)


def whole_graphs(graphs: list[LabelledGraph]) -> list[tuple[nx.Graph, int]]:
    """Return each graph as networkx holds it, labelled by the first colours, with its rounds of refinement."""
    found = []
    for graph in graphs:
        whole = nx.Graph()
        whole.add_nodes_from((node, {"label": str(colour)}) for node, colour in enumerate(graph.colour.tolist()))
        whole.add_edges_from(zip(graph.sender.tolist(), graph.receiver.tolist(), strict=True))
        whole.remove_edges_from(list(nx.selfloop_edges(whole)))
        found.append((whole, LEVELS if graph.name.startswith("metabolism") else 1))
    return found


def cut(features: PerturbationFeatures, whole: list[tuple[nx.Graph, int]], pair: NDArray[np.int64]) -> list[nx.Graph]:
    """Return every graph without what a double deletion takes out of it."""
    graphs = []
    for deltas, (graph, _) in zip(features.graphs, whole, strict=True):
        copy = graph.copy()
        copy.remove_nodes_from(deltas.removal.nodes(pair[None, :2]).indices.tolist())
        graphs.append(copy)
    return graphs


def as_grakel(graph: nx.Graph) -> Graph:
    """Return a graph as GraKeL holds it."""
    neighbours = {node: dict.fromkeys(graph[node], 1.0) for node in graph}
    return Graph(neighbours, node_labels=dict(graph.nodes(data="label")))


def main() -> None:
    """Measure all three and write ``results/benchmarks/wl_features.json``; the peer is the faster of the two."""
    warnings.simplefilter("ignore", UserWarning)
    features = PerturbationFeatures(yeast_cell(physical_network()), SETTINGS)
    rng = np.random.default_rng(0)
    num_genes = features.num_genes
    genes = np.full((OURS, 3), -1)
    genes[:, :2] = np.sort(np.stack([rng.choice(num_genes, 2, replace=False) for _ in range(OURS)]), axis=1)
    whole = whole_graphs([deltas.graph for deltas in features.graphs])
    prepared = [cut(features, whole, pair) for pair in genes[:THEIRS]]
    grakel_graphs = [[as_grakel(graph) for graph in graphs] for graphs in prepared]

    def ours() -> None:
        features.matrix(genes)

    def by_networkx() -> None:
        for graphs in prepared:
            for graph, (_, levels) in zip(graphs, whole, strict=True):
                nx.weisfeiler_lehman_subgraph_hashes(graph, iterations=levels, node_attr="label")

    def by_grakel() -> None:
        for column, (_, levels) in enumerate(whole):
            kernel = WeisfeilerLehman(n_iter=levels, base_graph_kernel=VertexHistogram)
            kernel.fit_transform([graphs[column] for graphs in grakel_graphs])

    seconds: dict[str, list[float]] = {"ours": [], "networkx": [], "grakel": []}
    with MemoryWatch() as memory:
        for _ in range(REPEATS):
            seconds["ours"].append(timed(ours) / OURS)
            seconds["networkx"].append(timed(by_networkx) / THEIRS)
            seconds["grakel"].append(timed(by_grakel) / THEIRS)
    medians: dict[str, Any] = {f"{name}_s": statistics.median(own) for name, own in seconds.items()}
    peer = min(("networkx", "grakel"), key=lambda name: medians[f"{name}_s"])
    write_benchmark(
        "wl_features",
        ours_s=seconds["ours"],
        peer_s=seconds[peer],
        work=(
            f"seconds a genotype: colour histograms of random double deletions, metabolism of yeast-GEM ({LEVELS} "
            "rounds) and STRING's physical network (1 round), first colours by place and by kind. Ours: the hashed "
            "difference to the wild type, with its second-order part; peers: every cut graph as a whole, handed to "
            f"them ready made. The peer is {peer}, the faster one; networkx_s and grakel_s are both"
        ),
        per_s=1 / medians["ours_s"],
        networkx_s=medians["networkx_s"],
        grakel_s=medians["grakel_s"],
        peak_mb=memory.peak_mb,
    )


if __name__ == "__main__":
    main()
