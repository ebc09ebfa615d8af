"""Labelled graphs: one a gene network, and the bipartite graph of metabolites and reactions."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.models.weisfeiler_lehman.colours import mix

Labels = Literal["identity", "kind"]

_ITSELF, _LINK, _OUTWARD, _INWARD, _SUBSTRATE, _PRODUCT = range(1, 7)
_GENE, _METABOLITE, _REACTION, _REVERSIBLE = range(1, 5)


@dataclass(frozen=True)
class LabelledGraph:
    """A graph whose nodes send messages along labelled edges; every node also sends one to itself.

    Attributes
    ----------
    name
        For messages and for the salt of its hashed colours.
    colour
        uint64 [n]: initial colours, none zero.
    start
        int64 [n + 1]: where the edges of each sending node start.
    receiver
        int64 [E]: receiving node of each edge.
    label
        uint64 [E]: label of each edge.
    arrival, arrival_start
        int64 [E] and [n]: the edges ordered by receiving node, and where each receiver starts.
    """

    name: str
    colour: NDArray[np.uint64]
    start: NDArray[np.int64]
    receiver: NDArray[np.int64]
    label: NDArray[np.uint64]
    arrival: NDArray[np.int64]
    arrival_start: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.colour)

    @property
    def sender(self) -> NDArray[np.int64]:
        """Sending node of each edge, int64 [E]."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))


def labelled_graph(
    name: str,
    kinds: NDArray[np.int64],
    sender: NDArray[np.int64],
    receiver: NDArray[np.int64],
    label: NDArray[np.int64],
    labels: Labels,
) -> LabelledGraph:
    """Put a graph together.

    Parameters
    ----------
    name
        Name of the graph.
    kinds
        int64 [n]: kind of each node.
    sender, receiver, label
        int64 [E]: each direction of an edge by itself; edges of a node to itself are added.
    labels
        'identity': every node starts with a colour of its own; 'kind': with the colour of its kind.
    """
    nodes = np.arange(len(kinds))
    sender = np.concatenate([nodes, sender])
    receiver = np.concatenate([nodes, receiver])
    label = np.concatenate([np.full(len(nodes), _ITSELF), label])
    order = np.lexsort((receiver, sender))
    sender, receiver, label = sender[order], receiver[order], label[order]
    initial = nodes + 1 if labels == "identity" else -kinds
    return LabelledGraph(
        name=name,
        colour=mix(initial.astype(np.uint64)),
        start=np.concatenate([[0], np.cumsum(np.bincount(sender, minlength=len(nodes)))]).astype(np.int64),
        receiver=receiver,
        label=mix(label.astype(np.uint64)),
        arrival=np.argsort(receiver, kind="stable"),
        arrival_start=np.concatenate([[0], np.cumsum(np.bincount(receiver, minlength=len(nodes)))[:-1]]),
    )


def gene_graphs(edges: pd.DataFrame, num_genes: int, networks: list[str] | None, labels: Labels) -> list[LabelledGraph]:
    """Return one graph a network of `edges` (`pipeline_lib.artefacts.schemas.EDGES`); its nodes are all N genes."""
    present = sorted(edges["network"].unique())
    kinds = np.full(num_genes, _GENE)
    graphs = []
    for network in present if networks is None else networks:
        own = edges[(edges["network"] == network) & (edges["source"] != edges["target"])]
        source, target = own["source"].to_numpy(np.int64), own["target"].to_numpy(np.int64)
        directed = own["directed"].to_numpy(bool)
        graphs.append(
            labelled_graph(
                f"{network} ({labels})",
                kinds,
                np.concatenate([source, target]),
                np.concatenate([target, source]),
                np.concatenate([np.where(directed, _OUTWARD, _LINK), np.where(directed, _INWARD, _LINK)]),
                labels,
            )
        )
    return graphs


def metabolic_graph(stoichiometry: dict[str, Any], max_degree: int | None, labels: Labels) -> LabelledGraph:
    """Return the bipartite graph of reactions (nodes 0..R-1) and metabolites (nodes R..R+M-1).

    Parameters
    ----------
    stoichiometry
        Content of ``metabolism/stoichiometry.pt``.
    max_degree
        Metabolites in more reactions than that (water, ATP, protons) stay without edges; None: all keep theirs.
    labels
        'identity', or 'kind': metabolite, one-way reaction, reversible reaction.
    """
    metabolite, reaction = (row.numpy().astype(np.int64) for row in stoichiometry["incidence"])
    substrate = stoichiometry["is_substrate"].numpy()
    reversible = stoichiometry["reversible"].numpy()
    num_reactions, num_metabolites = len(reversible), int(stoichiometry["num_metabolites"])
    degree = np.bincount(metabolite, minlength=num_metabolites)
    kept = degree[metabolite] <= (max_degree if max_degree is not None else len(reversible))
    metabolite, reaction, substrate = metabolite[kept] + num_reactions, reaction[kept], substrate[kept]
    role = np.where(reversible[reaction], _LINK, np.where(substrate, _SUBSTRATE, _PRODUCT))
    kinds = np.concatenate([np.where(reversible, _REVERSIBLE, _REACTION), np.full(num_metabolites, _METABOLITE)])
    return labelled_graph(
        f"metabolism ({labels})",
        kinds,
        np.concatenate([metabolite, reaction]),
        np.concatenate([reaction, metabolite]),
        np.concatenate([role, role]),
        labels,
    )
