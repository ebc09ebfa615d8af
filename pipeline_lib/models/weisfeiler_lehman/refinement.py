"""Labelled graphs, their colour refinement, and its exact update after a genotype's nodes are deleted.

A sum of mixed numbers modulo 2^64 does not depend on the order of its terms, as a multiset does not, and a term can be
taken out again: that is what makes an update after a deletion as cheap as the deletion is small. Two different
multisets share a sum with a probability of about 2^-64.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.metabolism.model.gene_rules import GeneRules


def mix(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64-bit numbers one to one (the finaliser of splitmix64, Steele et al. 2014); zero never comes out."""
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return np.asarray(np.maximum(mixed, np.uint64(1)))


def message(colour: NDArray[np.uint64], label: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return what a node of `colour` sends along an edge of `label`; a deleted node (colour 0) sends 0."""
    sent = mix(colour + label)
    sent[colour == 0] = 0
    return sent


def hashed_slots(colour: NDArray[np.uint64], salt: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Hash colours to slots with signs (feature hashing, Weinberger et al. 2009); a deleted node weighs 0.

    Parameters
    ----------
    colour
        uint64 [m].
    salt
        Distinguishes graphs and levels.
    width
        Number of slots.

    Returns
    -------
    slot, sign
        int64 [m] in 0..width-1; float64 [m], one of -1, 0, 1.
    """
    hashed = mix(colour ^ mix(np.full(1, salt, dtype=np.uint64)))
    sign = np.where(hashed >> np.uint64(63), 1.0, -1.0)
    sign[colour == 0] = 0.0
    return (hashed % np.uint64(width)).astype(np.int64), sign


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


class Removal(Protocol):
    """The nodes that genotypes delete, and whether a genotype deletes more than its genes do one by one."""

    def nodes(self, sets: NDArray[np.int64]) -> sparse.csr_array:
        """Return the deleted nodes of each genotype (int64 [s, k], distinct genes), csr bool [s, n]."""
        ...

    def joint(self, sets: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Find which genotypes, or subsets of them, delete a node that none of their genes deletes alone."""
        ...


class GeneRemoval:
    """In a gene network a genotype deletes the nodes of its genes and no other."""

    def __init__(self, num_genes: int) -> None:
        self.num_genes = num_genes

    def nodes(self, sets: NDArray[np.int64]) -> sparse.csr_array:
        """Return the genes themselves."""
        return members(sets, self.num_genes)

    def joint(self, sets: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return False for every genotype."""
        return np.zeros(len(sets), dtype=bool)


class ReactionRemoval:
    """In the metabolic graph a genotype deletes the reactions that its gene rules block.

    Two isozymes block a reaction together that neither blocks alone.
    """

    def __init__(self, rules: GeneRules, num_nodes: int) -> None:
        self.rules = rules
        self.num_nodes = num_nodes
        self._enzymes = np.diff(rules.gene_to_complex.indptr) > 0

    def nodes(self, sets: NDArray[np.int64]) -> sparse.csr_array:
        """Return the blocked reactions; the metabolites, which follow them, all stay."""
        blocked = self.rules.blocked_reactions(members(sets, len(self.rules.genes)))
        return sparse.csr_array((blocked.data, blocked.indices, blocked.indptr), shape=(len(sets), self.num_nodes))

    def joint(self, sets: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Compare what each subset blocks with what its genes block one by one."""
        found = np.zeros(len(sets), dtype=bool)
        several = np.flatnonzero(self._enzymes[sets].sum(axis=1) > 1)
        alone = [self.nodes(sets[several, column : column + 1]) for column in range(sets.shape[1])]
        for size in range(2, sets.shape[1] + 1):
            for columns in combinations(range(sets.shape[1]), size):
                apart = sum(alone[column].astype(np.int8) for column in columns).astype(bool)
                together = self.nodes(sets[several][:, columns])
                found[several] |= np.diff(together.indptr) > np.diff(apart.indptr)
        return found


def members(sets: NDArray[np.int64], num_genes: int) -> sparse.csr_array:
    """Return which genes each genotype (int64 [s, k]) lacks, csr bool [s, num_genes]."""
    s, k = sets.shape
    return sparse.csr_array(
        (np.ones(s * k, dtype=bool), np.sort(sets, axis=1).ravel(), np.arange(s + 1) * k), shape=(s, num_genes)
    )
