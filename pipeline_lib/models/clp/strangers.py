"""Pairs of two genes without a profile: what the neighbours of the one were measured to do with those of the other."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline_lib.models.layers.sparse import SparseMatrix

_PRIOR = 3.0
"""Initial weight of "no interaction" beside neighbours that weigh 1 on average."""


class Around(NamedTuple):
    """What stands around genes without a profile, one row each.

    Attributes
    ----------
    row
        long [N]: row of each gene, -1 for one with a profile.
    weight
        float32 [U, K]: how near the profiled genes are; 0 for those that are hidden.
    told
        float32 [U, K]: their completed profiles, summed with those weights.
    prior
        float32 [U]: weight of the neighbours plus that of "no interaction".
    effect
        float32 [U]: mean effect of the neighbours.
    """

    row: Tensor
    weight: Tensor
    told: Tensor
    prior: Tensor
    effect: Tensor


class Strangers(nn.Module):
    """Bilateral smoothing: sum_ij w_ai Y_ij w_bj / ((sum_i w_ai + p) (sum_j w_bj + p)) beside both mean effects.

    Kernel regression on pairs, with the product of two gene kernels as the kernel of a pair (Ben-Hur and Noble 2005,
    doi 10.1093/bioinformatics/bti1016); w is the diffusion over all networks, Y the completed profiles.

    Parameters
    ----------
    nearness
        w, [N, K].
    """

    features = 2

    def __init__(self, nearness: SparseMatrix) -> None:
        super().__init__()
        self.register_buffer("nearness", nearness.dense(), persistent=False)
        self.prior = nn.Parameter(torch.tensor(_PRIOR))

    def around(self, completed: Tensor, effect: Tensor, visible: Tensor, column: Tensor, asked: Tensor) -> Around:
        """Gather what stands around the genes among `asked` that have no profile in this step.

        Parameters
        ----------
        completed
            float32 [K, K].
        effect
            float32 [K].
        visible
            float32 [K, 1]: 0 for a profile that is hidden in this step.
        column
            long [N]: -1 for a gene whose profile is hidden or that has none.
        asked
            long [Q]: genes that may be asked for.
        """
        genes = asked[column[asked] < 0]
        row = torch.full_like(column, -1).index_copy(0, genes, torch.arange(len(genes), device=genes.device))
        weight = self.nearness[genes] * visible.T
        total = weight.sum(1) + functional.softplus(self.prior)
        told = weight @ (0.5 * (completed + completed.T))
        return Around(row, weight, told, total, weight @ effect / total)

    def forward(self, around: Around, first: Tensor, second: Tensor) -> Tensor:
        """Return both effects and the smoothed value of pairs of genes (long [n] each, -1: no gene), float32 [n, 2].

        They are 0 where one of the genes is missing or has a profile.
        """
        a, b = around.row[first], around.row[second]
        rows = ((first >= 0) & (second >= 0) & (a >= 0) & (b >= 0)).nonzero()[:, 0]
        if not len(rows):
            return around.effect.new_zeros((len(first), self.features))
        a, b = a[rows], b[rows]
        smoothed = (around.told[a] * around.weight[b]).sum(1) / (around.prior[a] * around.prior[b])
        said = torch.stack([around.effect[a] + around.effect[b], smoothed], 1)
        return said.new_zeros((len(first), self.features)).index_copy(0, rows, said)
