"""What the network neighbours of a gene were measured to do, network by network."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from pipeline_lib.models.clp.cell_tensors import GeneRuleArrays
from pipeline_lib.models.layers.diffusion import diffused
from pipeline_lib.models.layers.sparse import SparseMatrix, indicator

_PRIOR = 3.0
"""Initial weight of "no interaction" beside neighbours that weigh 1 on average."""
_NEAREST = 60
"""Profiled genes that a gene keeps of its diffusion."""


class Neighbourhood(nn.Module):
    """Weighted means of the profiles of a gene's neighbours, twice for each relation.

    One mean is over what was measured of the neighbours; the other over their completed profiles, which say something
    of every pair. A learned prior a relation shrinks the means of few neighbours towards 0.

    Parameters
    ----------
    relations
        Weights [N, N], row = the gene that asks; they are squared, so that sure edges count for more. The diffusion
        over all of them is one relation more.
    profiled
        int64 [K].
    """

    def __init__(self, relations: Sequence[sparse.sparray], profiled: NDArray[np.int64]) -> None:
        super().__init__()
        weights = [sparse.csr_array(relation)[:, profiled] for relation in relations]
        weights = [_mean_one(weight**2) for weight in (*weights, diffused(relations, profiled, _NEAREST))]
        self.relations = len(weights)
        self.heads = 2 * self.relations
        self.everywhere = SparseMatrix(sparse.vstack(weights))
        self.inside = SparseMatrix(sparse.vstack([weight[profiled] for weight in weights]))
        self.measured_prior = nn.Parameter(torch.full((self.relations, 1, 1), _PRIOR))
        self.completed_prior = nn.Parameter(torch.full((self.relations, 1, 1), _PRIOR))

    def forward(self, profiles: Sequence[Tensor], effect: Tensor, seen: Tensor, stranger: Tensor) -> Tensor:
        """Return the means, float32 [2 relations, Q, K]; in training Q = K (the profiled genes ask), else Q = N.

        Parameters
        ----------
        profiles
            Measured values (0 where there is none), whether there is one, and completed values: float32 [K, K] each.
        effect
            float32 [K]: what a gene adds to each of its values.
        seen
            float32 [K, 1]: 0 for a gene whose profile is hidden in this step.
        stranger
            float32 [Q, 1]: 1 for a gene without a profile, which takes the effects of its neighbours too.
        """
        weights = self.inside if self.training else self.everywhere
        told = weights(torch.cat([*profiles, effect[:, None], torch.ones_like(seen)], 1) * seen)
        told = told.view(self.relations, -1, told.shape[1])
        sizes = [profile.shape[1] for profile in profiles]
        value, known, completed, added, total = told.split([*sizes, 1, 1], dim=2)
        added = stranger * added / (total + functional.softplus(self.completed_prior))
        value = value / (known + functional.softplus(self.measured_prior))
        completed = completed / (total + functional.softplus(self.completed_prior))
        return torch.cat([value + added, completed + added])


def metabolic_relations(rules: GeneRuleArrays, genes: int, reactions: int) -> list[sparse.csr_array]:
    """Return which genes share an enzyme complex and which share a reaction, 0/1 [N, N] each, without a diagonal."""
    gene, complex_index = rules.members
    complexes = indicator(gene, complex_index, (genes, len(rules.owner)))
    catalysed = indicator(gene, rules.owner[complex_index], (genes, reactions))
    relations = []
    for membership in (complexes, catalysed):
        shared = sparse.coo_array(membership @ membership.T)
        apart = shared.row != shared.col
        relations.append(indicator(shared.row[apart], shared.col[apart], (genes, genes)))
    return relations


def _mean_one(weight: sparse.csr_array) -> sparse.csr_array:
    return weight / weight.data.mean() if weight.nnz else weight
