"""The peer of ``train_throughput`` and ``gpu``: a copy of the cell graph in every sample, batched by torch-geometric.

The layout of the reference implementation: each genotype is a `HeteroData` of its own with all genes, networks,
metabolites and reactions; `Batch` joins the copies, and graph convolutions run over all of them.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, HeteroData
from torch_geometric.nn import GCNConv, HeteroConv, HypergraphConv, global_add_pool


def cell_graph(genes: int, networks: Mapping[str, Tensor], incidence: Tensor) -> HeteroData:
    """Return the graph that every sample carries: gene networks and the stoichiometric hypergraph.

    Parameters
    ----------
    genes
        N.
    networks
        Edges of each gene network, long [2, edges]; messages go both ways.
    incidence
        (metabolite, reaction) of the stoichiometric matrix, long [2, entries].
    """
    graph = HeteroData()
    graph["gene"].node_id = torch.arange(genes)
    for name, edges in networks.items():
        graph["gene", name, "gene"].edge_index = torch.cat([edges, edges.flip(0)], 1)
    metabolites, reactions = (incidence.amax(1) + 1).tolist()
    graph["metabolite"].node_id = torch.arange(metabolites)
    graph["reaction"].node_id = torch.arange(reactions)
    graph["metabolite", "takes_part", "reaction"].edge_index = incidence
    return graph


class CopiedCell(nn.Module):
    """Graph convolutions over every sample's own copy; the deleted genes' vectors are set to zero."""

    def __init__(self, graph: HeteroData, width: int) -> None:
        super().__init__()
        self.genes = nn.Embedding(graph["gene"].num_nodes, width)
        self.metabolites = nn.Embedding(graph["metabolite"].num_nodes, width)
        networks = [kind for kind in graph.edge_types if kind[0] == "gene"]
        self.networks = HeteroConv({kind: GCNConv(width, width, add_self_loops=False) for kind in networks}, aggr="sum")
        self.metabolism = HypergraphConv(width, width)
        self.head = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, 1))

    def forward(self, batch: Batch) -> Tensor:
        """Return one value a sample, [B]."""
        genes = self.genes(batch["gene"].node_id) * batch["gene"].present[:, None]
        networks = {kind: batch[kind].edge_index for kind in batch.edge_types if kind[0] == "gene"}
        genes = genes + self.networks({"gene": genes}, networks)["gene"].relu()
        metabolites = self.metabolites(batch["metabolite"].node_id)
        incidence = batch["metabolite", "takes_part", "reaction"].edge_index
        metabolites = metabolites + self.metabolism(metabolites, incidence).tanh()
        pooled = [
            global_add_pool(genes, batch["gene"].batch),
            global_add_pool(metabolites, batch["metabolite"].batch),
        ]
        value: Tensor = self.head(torch.cat(pooled, 1))[:, 0]
        return value


def samples(graph: HeteroData, genes: Tensor) -> Batch:
    """Return genotypes [B, 3] as one batch, each with its own copy of `graph`."""
    copies = []
    for row in genes:
        copy = graph.clone()
        present = torch.ones(graph["gene"].num_nodes)
        present[row[row >= 0]] = 0.0
        copy["gene"].present = present
        copies.append(copy)
    return Batch.from_data_list(copies)
