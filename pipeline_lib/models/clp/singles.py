"""Single-mutant fitness: the intact latent z_I relative to the wild type's z_W."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pipeline_lib.config.models import ClpSettings
from pipeline_lib.models.clp.cell_tensors import CellArrays
from pipeline_lib.models.clp.gene_encoder import GeneStates
from pipeline_lib.models.clp.heads import SingleHead
from pipeline_lib.models.clp.intact import IntactPool, WholePool

Blocked = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From genotypes [n, 3] to the (row, reaction) pairs that they block."""


class Cells(NamedTuple):
    """States and pooled wild type, of genes as measured and as unseen ones."""

    states: GeneStates
    pools: tuple[WholePool, WholePool]


class IntactFitness(nn.Module):
    """Fitness effect of genotypes from z_I - z_W.

    Parameters
    ----------
    cell
        The cell in index form.
    settings
        Section ``models.clp``.
    blocked
        What genotypes block.
    """

    def __init__(self, cell: CellArrays, settings: ClpSettings, blocked: Blocked) -> None:
        super().__init__()
        width = settings.hidden
        self.pool = IntactPool(
            cell.adjacencies,
            cell.genes,
            width,
            width // 2,
            settings.neighbours,
            metabolism=settings.hypergraph != "off",
        )
        self.head = SingleHead(width // 2, width, width)
        self._blocked = blocked

    def forward(self, state: Tensor, pool: WholePool, genes: Tensor) -> Tensor:
        """Return the raw effect of genotypes, float32 [n]; exactly 0 of no deletion.

        Parameters
        ----------
        state
            States of the genes, float32 [N, h].
        pool
            The wild type, pooled from `state`.
        genes
            long [n, 3], -1 where there is no gene.
        """
        change = self.pool.change(pool, genes, self._blocked(genes))
        present = genes >= 0
        lost = torch.where(present[:, :, None], state[genes.clamp_min(0)], 0.0).sum(1)
        parts = len(pool.received) + len(pool.reaction)
        return torch.as_tensor(self.head(change, lost, pool.whole / parts))

    def cells(self, states: GeneStates, reactions: Tensor) -> Cells:
        """Pool the wild type, of genes as measured and as unseen ones."""
        measured, unseen = (self.pool.whole(state, reactions) for state in states)
        return Cells(states, (measured, unseen))

    def single(self, cells: Cells, genes: Tensor, unseen: Tensor) -> Tensor:
        """Return the raw effect of deleting each gene by itself, of the shape of `genes`; 0 where there is none.

        Genotypes share most of their genes: each is deleted once.

        Parameters
        ----------
        cells
            What `cells` returned.
        genes
            long, -1 where there is no gene.
        unseen
            bool, of the same shape: genes that count as unseen ones.
        """
        effect = torch.zeros(genes.shape, dtype=cells.pools[0].whole.dtype, device=genes.device)
        for state, pool, of_kind in zip(cells.states, cells.pools, (~unseen, unseen), strict=True):
            rows = of_kind & (genes >= 0)
            distinct, place = torch.unique(genes[rows], return_inverse=True)
            if len(distinct):
                alone = torch.full((len(distinct), 3), -1, device=genes.device)
                alone[:, 0] = distinct
                effect = effect.masked_scatter(rows, self(state, pool, alone)[place].to(effect.dtype))
        return effect
