"""Interactions without a branch of their own: epsilon and tau by definition, out of the fitness of all subsets."""

import torch
from torch import Tensor, nn

from pipeline_lib.models.clp import decomposition
from pipeline_lib.models.clp.heads import Correction
from pipeline_lib.models.clp.intact import WholePool
from pipeline_lib.models.clp.singles import Cells, IntactFitness

FITNESS_UNIT = 0.1
"""Fitness lost by a raw effect of 1."""
_SUBSETS = ((0,), (1,), (2,), *decomposition.PAIRS, (0, 1, 2))


class DerivedInteractions(nn.Module):
    """Corrections of epsilon, tau and calls from the intact latents of all subsets of a genotype.

    The ablation of the perturbed latent: what two genes do together shows in the pool of the cell without both.

    Parameters
    ----------
    fitness
        Fitness from the intact latent.
    """

    def __init__(self, fitness: IntactFitness) -> None:
        super().__init__()
        self.fitness = fitness

    def spread_parameters(self) -> list[nn.Parameter]:
        """Return no parameter: the SD is that of the closed form, by its assay."""
        return []

    def tables(self, cells: Cells, reactions: Tensor) -> Cells:  # noqa: ARG002 - the pools hold the reactions
        """Return the cells as they are."""
        return cells

    def forward(self, tables: Cells, genes: Tensor, unseen: Tensor, evidence: Tensor, is_call: Tensor) -> Correction:
        """Return the correction of sets of genes; see `PerturbedInteractions.forward`.

        Epsilon and tau are in units of `FITNESS_UNIT`; a call rises with a negative one.
        """
        hidden = (unseen & (genes >= 0)).any(1)
        value = torch.zeros_like(evidence[:, 0])
        for rows, state, pool in (
            ((~hidden).nonzero()[:, 0], tables.states.measured, tables.pools[0]),
            (hidden.nonzero()[:, 0], tables.states.unseen, tables.pools[1]),
        ):
            if len(rows):
                value = value.index_put((rows,), self._interaction(state, pool, genes[rows]).to(value.dtype))
        return Correction(torch.where(is_call, -value, value), torch.zeros_like(value))

    def _interaction(self, state: Tensor, pool: WholePool, genes: Tensor) -> Tensor:
        n = len(genes)
        # Genes first, blanks behind, whatever order the genotype was named in.
        genes = genes.sort(dim=1, descending=True).values
        subsets = torch.full((len(_SUBSETS), n, 3), -1, device=genes.device)
        for position, slots in enumerate(_SUBSETS):
            subsets[position, :, : len(slots)] = genes[:, slots]
        subsets = subsets.view(-1, 3).sort(dim=1, descending=True).values
        # Genotypes of a batch share most of their singles and many of their pairs: each is predicted once.
        distinct, place = torch.unique(subsets, dim=0, return_inverse=True)
        effects = self.fitness(state, pool, distinct)[place].view(len(_SUBSETS), n)
        fitness = 1 + FITNESS_UNIT * effects
        single, double, triple = fitness[:3].T, fitness[3:6].T, fitness[6]
        tau = decomposition.tau(triple, single, double)
        epsilon = decomposition.epsilon(double[:, 0], single[:, 0], single[:, 1])
        return torch.where((genes >= 0).sum(1) > 2, tau, epsilon) / FITNESS_UNIT
