"""The cell as one heterogeneous graph, and a description of it that hides nothing."""

from typing import TYPE_CHECKING, Any

import pandas as pd
import torch
from torch_geometric.data import HeteroData

from pipeline_lib.config.cell import CellSettings
from pipeline_lib.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterator


class CellGraph(HeteroData):
    """A `HeteroData` whose ``print`` lists every node and edge type with counts, shapes, dtypes and memory."""

    def __repr__(self) -> str:
        return describe(self)


def build_cell_graph(
    genes: pd.DataFrame, edges: pd.DataFrame, stoichiometry: dict[str, Any], settings: CellSettings
) -> CellGraph:
    """Join genes, networks, complexes, reactions and metabolites into one graph.

    Parameters
    ----------
    genes, edges
        `pipeline_lib.artefacts.schemas` GENES and EDGES.
    stoichiometry
        The dictionary of ``metabolism/stoichiometry.pt``.
    settings
        Which networks to include.

    Returns
    -------
    CellGraph
        Node types gene, complex, reaction, metabolite. Edge types (gene, <network>, gene): both directions of an
        undirected edge, weight float32 [E, 1]; (gene, subunit_of, complex); (complex, catalyses, reaction);
        (metabolite, substrate_of, reaction) and (reaction, produces, metabolite) with the absolute coefficient.

    Raises
    ------
    PipelineError
        When a configured network is not in the table, or the tensors were built for another gene index.
    """
    if int(stoichiometry["num_genes"]) != len(genes):
        raise PipelineError(
            f"stoichiometry.pt was built for {int(stoichiometry['num_genes'])} genes and genes.parquet has "
            f"{len(genes)}; make it anew."
        )
    graph = CellGraph()
    graph["gene"].num_nodes = len(genes)
    graph["gene"].in_gem = torch.from_numpy(genes["in_gem"].to_numpy(bool).copy())
    graph["complex"].num_nodes = int(stoichiometry["num_complexes"])
    reaction = graph["reaction"]
    reaction.num_nodes = int(stoichiometry["num_reactions"])
    for name in ("reversible", "has_rule", "delta_g", "delta_g_known", "lower_bound", "upper_bound"):
        reaction[name] = stoichiometry[name]
    metabolite = graph["metabolite"]
    metabolite.num_nodes = int(stoichiometry["num_metabolites"])
    metabolite.delta_g = stoichiometry["metabolite_delta_g"]
    metabolite.delta_g_known = stoichiometry["metabolite_delta_g_known"]
    graph["gene", "subunit_of", "complex"].edge_index = stoichiometry["gene_to_complex"]
    graph["complex", "catalyses", "reaction"].edge_index = stoichiometry["complex_to_reaction"]
    incidence, coefficient = stoichiometry["incidence"], stoichiometry["coefficient"]
    consumed = stoichiometry["is_substrate"]
    substrates = graph["metabolite", "substrate_of", "reaction"]
    substrates.edge_index, substrates.coefficient = incidence[:, consumed], coefficient[consumed].abs()
    products = graph["reaction", "produces", "metabolite"]
    products.edge_index, products.coefficient = incidence[:, ~consumed].flip(0), coefficient[~consumed]
    for network, part in _chosen_networks(edges, settings):
        store = graph["gene", network, "gene"]
        store.edge_index, store.weight = _both_directions(part)
    return graph


def _chosen_networks(edges: pd.DataFrame, settings: CellSettings) -> "Iterator[tuple[str, pd.DataFrame]]":
    present = sorted(edges["network"].unique())
    unknown = sorted(set(settings.networks or ()) - set(present))
    if unknown:
        raise PipelineError(f"cell.networks: no network '{unknown[0]}'; there are {', '.join(present) or 'none'}.")
    for network in settings.networks if settings.networks is not None else present:
        yield network, edges[edges["network"] == network]


def _both_directions(part: pd.DataFrame) -> tuple[torch.Tensor, torch.Tensor]:
    """Return edge_index int64 [2, E] and weight float32 [E, 1]; undirected edges are listed in both directions."""
    forward = torch.from_numpy(part[["source", "target"]].to_numpy("int64").T.copy())
    weight = torch.from_numpy(part["weight"].to_numpy("float32").copy())
    back = torch.from_numpy(~part["directed"].to_numpy(bool))
    index = torch.cat([forward, forward[:, back].flip(0)], dim=1)
    return index, torch.cat([weight, weight[back]])[:, None]


def describe(graph: HeteroData) -> str:
    """Return an aligned table of every tensor of the graph: where, count, shape, dtype, memory."""
    rows = [("node or edge type", "count", "tensor", "shape", "dtype", "memory")]
    total = 0
    for store in (*graph.node_stores, *graph.edge_stores):
        edge = isinstance(store._key, tuple)  # noqa: SLF001 - the only access that HeteroData gives to a store's type
        label = " -> ".join(store._key) if edge else str(store._key)  # noqa: SLF001
        count = f"{store.num_edges if edge else store.num_nodes:,}"
        tensors = [(name, value) for name, value in store.items() if isinstance(value, torch.Tensor)]
        for name, value in tensors or [("", None)]:
            if value is None:
                rows.append((label, count, "", "", "", ""))
                continue
            size = value.element_size() * value.nelement()
            total += size
            shape = " x ".join(f"{length:,}" for length in value.shape)
            rows.append((label, count, name, shape, str(value.dtype).removeprefix("torch."), _memory(size)))
            label, count = "", ""
    rows.append(("in all", "", "", "", "", _memory(total)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    right = {1, 3, 5}
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _memory(size: int) -> str:
    return f"{size / 1024:,.1f} KiB" if size < 1024**2 else f"{size / 1024**2:,.1f} MiB"
