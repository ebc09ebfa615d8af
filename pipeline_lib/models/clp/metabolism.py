"""The metabolism processor: metabolites, reactions, and the enzymes that genes make for them."""

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from pipeline_lib.cell.gene_loss import GeneLoss
from pipeline_lib.config.models import ClpSettings
from pipeline_lib.models.clp.cell_tensors import CellArrays
from pipeline_lib.models.clp.gene_encoder import GeneStates
from pipeline_lib.models.layers.hypergraph_convolution import (
    ACTIVATIONS,
    DirectedHypergraphConvolution,
    UndirectedHypergraphConvolution,
)
from pipeline_lib.models.layers.scatter import scatter_max, scatter_mean
from pipeline_lib.models.layers.sparse import SparseMatrix, indicator, row_normalised


class Metabolism(nn.Module):
    """Encode reactions out of metabolites, enzymes and energies, and let genes know what they catalyse.

    Parameters
    ----------
    cell
        The cell in index form.
    settings
        Section ``models.clp``.
    """

    def __init__(self, cell: CellArrays, settings: ClpSettings) -> None:
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
        return self.rules.blocked_reactions(genes)

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


class NoMetabolism(nn.Module):
    """A cell without reactions."""

    def forward(self, genes: GeneStates) -> tuple[GeneStates, Tensor]:
        """Return the gene states as they are, and no reaction states [0, h]."""
        return genes, genes.measured.new_zeros((0, genes.measured.shape[1]))

    def blocked(self, genes: Tensor) -> tuple[Tensor, Tensor]:
        """Return no (row, reaction) pairs."""
        return genes.new_zeros(0), genes.new_zeros(0)


def metabolism_of(cell: CellArrays, settings: ClpSettings) -> Metabolism | NoMetabolism:
    """Return the branch that the settings name."""
    return NoMetabolism() if settings.hypergraph == "off" else Metabolism(cell, settings)
