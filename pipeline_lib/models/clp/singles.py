"""Single-mutant fitness: the intact latent z_I relative to the wild type's z_W, of every gene at once."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from pipeline_lib.config.clp import ClpSettings
from pipeline_lib.models.clp.cell_tensors import CellArrays
from pipeline_lib.models.clp.gene_encoder import GeneStates
from pipeline_lib.models.clp.heads import SingleHead
from pipeline_lib.models.clp.intact import IntactPool, WholePool

Blocked = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From genotypes [n, 3] to the (row, reaction) pairs that they block."""


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

    def every_gene(self, states: GeneStates, reactions: Tensor) -> Tensor:
        """Return the raw effect of every single deletion, float32 [2, N]: genes as measured, and as unseen ones."""
        single = torch.full((len(states.measured), 3), -1, device=states.measured.device)
        single[:, 0] = torch.arange(len(single), device=single.device)
        return torch.stack([self(state, self.pool.whole(state, reactions), single) for state in states])
