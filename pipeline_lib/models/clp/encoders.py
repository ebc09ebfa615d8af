"""From networks, features and metabolism to a latent vector of each gene."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pipeline_lib.cell.genotypes import GeneLoss, GeneRuleArrays
from pipeline_lib.models.interface import Cell
from pipeline_lib.models.layers import (
    ACTIVATIONS,
    DirectedHypergraphConvolution,
    SparseMatrix,
    UndirectedHypergraphConvolution,
    indicator,
    relational_convolution,
    row_normalised,
    scatter_max,
    scatter_mean,
)

if TYPE_CHECKING:
    from scipy import sparse

    from pipeline_lib.config.models import ClpSettings

# The arrays of a cell are made where the project is installed; their network is also measured where it is not.


@dataclass(frozen=True)
class CellArrays:
    """The cell in index form.

    Attributes
    ----------
    genes
        N, the size of the gene index.
    adjacencies
        One matrix [N, N] a relation (row = receiver); a directed network is two relations, along and against.
    split
        float64 [M, R']: signed coefficients, a column a direction of a reaction.
    split_reaction, split_direction
        int64 [R'].
    energy
        float32 [R', 2]: standard Gibbs energy of the column (squashed, 0 where unknown) and whether it is known.
    rules
        Gene rules over all N genes.
    reactions
        R.
    features
        float32 [N, columns]: principal components of the feature tables side by side.
    """

    genes: int
    adjacencies: "list[sparse.csr_array]"
    split: "sparse.csr_array"
    split_reaction: NDArray[np.int64]
    split_direction: NDArray[np.int64]
    energy: NDArray[np.float32]
    rules: GeneRuleArrays
    reactions: int
    features: NDArray[np.float32]


_ENERGY_SCALE = 50.0
"""In the unit of the source (yeast-GEM publishes kcal/mol); energies are squashed by asinh of this unit."""


def cell_arrays(cell: Cell, settings: "ClpSettings") -> CellArrays:
    """Return the cell in index form."""
    from scipy import sparse

    from pipeline_lib.features.matrices import components_of_tables

    tensors = cell.stoichiometry
    reaction = tensors["split_reaction"].numpy()
    direction = tensors["split_direction"].numpy()
    metabolite, column = tensors["split_incidence"].numpy()
    split = sparse.csr_array(
        (tensors["split_coefficient"].numpy().astype(np.float64), (metabolite, column)),
        shape=(int(tensors["num_metabolites"]), len(reaction)),
    )
    energy = np.arcsinh(tensors["delta_g"].numpy()[reaction] * direction / _ENERGY_SCALE)
    if settings.hypergraph == "undirected":
        energy = np.abs(energy)
    known = tensors["delta_g_known"].numpy()[reaction]
    rules = GeneRuleArrays.of(tensors)
    return CellArrays(
        genes=len(cell.genes),
        adjacencies=adjacencies(cell.edges, len(cell.genes)),
        split=split,
        split_reaction=reaction,
        split_direction=direction,
        energy=np.stack([np.where(known, energy, 0.0), known], axis=1).astype(np.float32),
        rules=rules if settings.gene_rules else without_logic(rules),
        reactions=int(tensors["num_reactions"]),
        features=components_of_tables(cell.features, len(cell.genes)),
    )


def without_logic(rules: GeneRuleArrays) -> GeneRuleArrays:
    """Return rules in which every reaction has one complex of all its genes: any loss blocks it."""
    gene, reaction = np.unique(np.stack([rules.members[0], rules.owner[rules.members[1]]]), axis=1)
    owner, complex_index = np.unique(reaction, return_inverse=True)
    return GeneRuleArrays(np.stack([gene, complex_index]).astype(np.int64), owner)


def seen_by(cell: Cell, settings: "ClpSettings", seed: int) -> Cell:
    """Return the cell as an ablation sees it; `seed` is that of rewired networks and of random features."""
    edges, features = cell.edges, cell.features
    if settings.networks == "none":
        edges = edges.iloc[:0]
    elif settings.networks == "rewired":
        from pipeline_lib.networks.edges import rewire

        edges = rewire(edges, seed)
    if settings.input_features == "random":
        from pipeline_lib.features.matrices import random_features

        features = {name: random_features(values, seed) for name, values in features.items()}
    return replace(cell, edges=edges, features=features)


def adjacencies(edges: pd.DataFrame, genes: int) -> "list[sparse.csr_array]":
    """Return one matrix [N, N] a relation, row = receiver.

    An undirected network sends both ways; a directed one is two relations, so that a regulator and its target have
    weights of their own.
    """
    from scipy import sparse

    matrices = []
    for _, network in edges.groupby("network", sort=True):
        source, target = network["source"].to_numpy(), network["target"].to_numpy()
        weight = network["weight"].to_numpy(np.float64)
        along = sparse.csr_array((weight, (target, source)), shape=(genes, genes))
        directed = network["directed"].to_numpy(bool).all()
        matrices += [along, sparse.csr_array(along.T)] if directed else [sparse.csr_array(along + along.T)]
    return matrices


class GeneStates(NamedTuple):
    """Latent vectors of all genes.

    Attributes
    ----------
    measured
        float32 [N, h]: with the own vector of genes that the training fold holds.
    unseen
        float32 [N, h]: as if training had not measured the gene; its neighbours keep their own vectors.
    """

    measured: Tensor
    unseen: Tensor


class GeneEncoder(nn.Module):
    """Relational message passing over the gene networks.

    Only genes with measurements have an own vector. What a gene is without it comes from its neighbours and features;
    that is trained on the estimates that did without the gene's profile. What a gene sends to its neighbours is a
    function of its state: a second free vector a gene was fitted to training values and did not carry over to unseen
    genes (Pearson 0.40 instead of 0.41 on validation, collins2007, one gene unseen).

    Parameters
    ----------
    cell
        The cell in index form.
    settings
        Section ``models.clp``.
    measured
        bool [N]: genes that the training fold holds.
    """

    def __init__(self, cell: "CellArrays", settings: "ClpSettings", measured: Tensor) -> None:
        super().__init__()
        width = settings.hidden
        self.register_buffer("measured", measured, persistent=False)
        own = torch.randn(cell.genes, width) * width**-0.5
        self.fixed = settings.genes == "random"
        if self.fixed:
            # Every gene has its vector, measured or not: there is nothing to learn.
            self.register_buffer("own", own)
        else:
            self.own = nn.Parameter(own)
        self.register_buffer("features", torch.from_numpy(cell.features), persistent=False)
        self.from_features = nn.ModuleList()
        if cell.features.shape[1]:
            self.from_features.append(nn.Linear(cell.features.shape[1], width))
        self.dropout = nn.Dropout(settings.dropout)
        self.convolutions, self.messages, self.norms = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        if cell.adjacencies:
            # Without features there is nothing to spread before the own vectors.
            for _ in range(settings.graph_layers if cell.features.shape[1] else 1):
                self.convolutions.append(
                    relational_convolution(settings.convolution, cell.adjacencies, settings.message_width, width)
                )
                self.messages.append(nn.Linear(width, settings.message_width, bias=False))
                self.norms.append(nn.LayerNorm(width))

    def forward(self) -> GeneStates:
        """Return the states of all genes."""
        visible = torch.ones_like(self.own[:, :1]) if self.fixed else self.measured.float()[:, None]
        own = self.dropout(self.own) * visible
        state = torch.zeros_like(own)
        for project in self.from_features:
            state = state + self.dropout(project(self.features))
        layers = list(zip(self.convolutions, self.messages, self.norms, strict=True))
        for position, (convolution, message, norm) in enumerate(layers):
            # Own vectors are sent in the last layer alone: sent before, a gene's own one would come back to it.
            sent = state + own if position == len(layers) - 1 else state
            gathered = norm(convolution(message(sent), message(state)))
            state = state + self.dropout(nn.functional.gelu(gathered))
        return GeneStates(state + own, state + own if self.fixed else state)


class Metabolism(nn.Module):
    """Encode reactions out of metabolites, enzymes and energies, and let genes know what they catalyse.

    Parameters
    ----------
    cell
        The cell in index form.
    settings
        Section ``models.clp``.
    """

    def __init__(self, cell: "CellArrays", settings: "ClpSettings") -> None:
        from scipy import sparse

        super().__init__()
        width = settings.hidden
        self.metabolites = nn.Parameter(torch.randn(cell.split.shape[0], width) * width**-0.5)
        self.reactions = cell.reactions
        rules = cell.rules
        complexes = indicator(rules.members[1], rules.members[0], (len(rules.owner), cell.genes))
        self.complex_of_genes = SparseMatrix(row_normalised(complexes))
        catalysed = sparse.csr_array(
            complexes.T @ indicator(np.arange(len(rules.owner)), rules.owner, (len(rules.owner), cell.reactions))
        )
        catalysed.data[:] = 1.0
        self.gene_of_reactions = SparseMatrix(row_normalised(catalysed))
        for name, array in (("owner", rules.owner), ("split_reaction", cell.split_reaction)):
            self.register_buffer(name, torch.from_numpy(array.astype(np.int64)), persistent=False)
        self.register_buffer("energy", torch.from_numpy(cell.energy), persistent=False)
        self.enzyme_weight = nn.Linear(width, width)
        # Without any known energy the weight would never get a gradient.
        self.energy_weight = nn.Linear(2, width, bias=False) if cell.energy[:, 1].any() else None
        kind = {"directed": DirectedHypergraphConvolution, "undirected": UndirectedHypergraphConvolution}
        self.layers = nn.ModuleList(
            kind[settings.hypergraph](cell.split, width, settings.activation) for _ in range(settings.metabolism_layers)
        )
        self.activation = ACTIVATIONS[settings.activation]
        self.gene_weight = nn.Linear(width, width, bias=False)
        self.rules = GeneLoss(cell.rules, cell.genes, cell.reactions)

    def enzymes(self, genes: Tensor) -> Tensor:
        """Return the enzyme state of every reaction [R, h] from gene states [N, h].

        A complex is the mean of its subunits (AND), a reaction the channel-wise maximum of its complexes (OR);
        zero where no rule is known.
        """
        complexes = self.enzyme_weight(self.complex_of_genes(genes))
        return scatter_max(complexes, self.owner, self.reactions)

    def forward(self, genes: GeneStates) -> tuple[GeneStates, Tensor]:
        """Return the gene states with what their reactions add to them, and reaction states [R, h].

        Enzymes are encoded from genes as measured: which reactions run is a fact of the wild type.
        """
        reactions, added = self.encode(genes.measured)
        return GeneStates(genes.measured + added, genes.unseen + added), reactions

    def blocked(self, genes: Tensor) -> tuple[Tensor, Tensor]:
        """Return the (row, reaction) pairs that genotypes [n, 3] block."""
        return self.rules(genes)

    def encode(self, genes: Tensor) -> tuple[Tensor, Tensor]:
        """Return reaction states [R, h] and what each gene's reactions add to it [N, h], from gene states [N, h]."""
        extra = self.enzymes(genes)[self.split_reaction]
        if self.energy_weight is not None:
            extra = extra + self.energy_weight(self.energy)
        metabolites, columns = self.metabolites, self.activation(extra)
        for layer in self.layers:
            metabolites, columns = layer(metabolites, columns, extra)
        reactions = scatter_mean(columns, self.split_reaction, self.reactions)
        return reactions, self.gene_weight(self.gene_of_reactions(reactions))


class NoRules:
    """Gene rules of a cell without reactions."""

    def __call__(self, genes: Tensor) -> tuple[Tensor, Tensor]:
        """Return no (row, reaction) pairs."""
        return genes.new_zeros(0), genes.new_zeros(0)


class NoMetabolism(nn.Module):
    """A cell without reactions."""

    def __init__(self) -> None:
        super().__init__()
        self.rules = NoRules()

    def forward(self, genes: GeneStates) -> tuple[GeneStates, Tensor]:
        """Return the gene states as they are, and no reaction states [0, h]."""
        return genes, genes.measured.new_zeros((0, genes.measured.shape[1]))

    def blocked(self, genes: Tensor) -> tuple[Tensor, Tensor]:
        """Return no (row, reaction) pairs."""
        return self.rules(genes)


def metabolism_of(cell: "CellArrays", settings: "ClpSettings") -> Metabolism | NoMetabolism:
    """Return the branch that the settings name."""
    return NoMetabolism() if settings.hypergraph == "off" else Metabolism(cell, settings)
