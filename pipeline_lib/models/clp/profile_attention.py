"""Genes alike: predict a pair's value by the measured values of genes that resemble one of its two.

The idea of nearest-profile and network-neighbour imputation, with the resemblance learned: attention (Vaswani et al.
2017) of every gene over the profiled ones, by their latents and by the edges between them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from pipeline_lib.config.clp import ClpSettings
from pipeline_lib.models.clp.profiles import Profiles
from pipeline_lib.models.layers.graph_convolution import symmetric_normalised

_KEY_WIDTH = 32


class Attended(NamedTuple):
    """What attention says of every pair (asked gene, profiled gene).

    Attributes
    ----------
    table
        float32 [Q, K].
    row
        long [N]: position of each gene among the asked ones, -1 where it was not asked.
    column
        long [N]: position of each gene among the profiled ones, -1 where its profile is hidden or there is none.
    """

    table: Tensor
    row: Tensor
    column: Tensor


class ProfileAttention(nn.Module):
    """Learned resemblance over measured profiles, and the profiles' own contribution to a gene's vector.

    A pair's own value never reaches its prediction: gene a attends to genes other than a, so column b of row a is
    not read (the matrix is symmetric, and b does not attend to itself either).

    Parameters
    ----------
    profiles
        Training profiles of K genes.
    adjacencies
        Gene networks [N, N].
    genes
        N.
    settings
        Section ``models.clp``.
    """

    def __init__(
        self, profiles: Profiles, adjacencies: Sequence[sparse.sparray], genes: int, settings: ClpSettings
    ) -> None:
        super().__init__()
        size, width = len(profiles.genes), settings.hidden
        position = np.full(genes, -1, dtype=np.int64)
        position[profiles.genes] = np.arange(size)
        for name, array in {
            "genes": profiles.genes, "value": profiles.value, "known": profiles.known, "position": position,
        }.items():  # fmt: skip
            self.register_buffer(name, torch.from_numpy(array), persistent=False)
        self.entry_dropout = settings.profile_dropout
        self.profile_weight = nn.Parameter(torch.randn(size, width) * 0.4 * max(size, 1) ** -0.5)
        self.norm = nn.LayerNorm(width)
        self.query = nn.Linear(width, _KEY_WIDTH)
        self.key = nn.Linear(width, _KEY_WIDTH)
        self.prior = nn.Parameter(torch.tensor(-3.0))
        self.gain = nn.Parameter(torch.tensor([0.5, 0.5]))
        self.edge_weight = nn.Parameter(torch.full((len(adjacencies),), 1.5)) if adjacencies else None
        rows, columns, values, relations = [], [], [], []
        for relation, adjacency in enumerate(adjacencies):
            edges = sparse.coo_array(symmetric_normalised(adjacency)[:, profiles.genes])
            rows.append(edges.row)
            columns.append(edges.col)
            values.append(edges.data)
            relations.append(np.full(edges.nnz, relation))
        for name, parts, dtype in (
            ("edge_row", rows, np.int64), ("edge_column", columns, np.int64),
            ("edge_value", values, np.float32), ("edge_relation", relations, np.int64),
        ):  # fmt: skip
            joined = np.concatenate(parts).astype(dtype) if parts else np.zeros(0, dtype)
            self.register_buffer(name, torch.from_numpy(joined), persistent=False)
        inside = self.position[self.edge_row] >= 0
        self.register_buffer("edge_inside", inside.nonzero()[:, 0], persistent=False)

    def contribution(self, count: int) -> Tensor:
        """Return what each gene's own profile says of it, [N, h]; in training some entries are hidden."""
        value = functional.dropout(self.value, self.entry_dropout, self.training)
        own = value @ self.profile_weight
        return own.new_zeros((count, own.shape[1])).index_copy(0, self.genes, own)

    def attend(self, state: Tensor, visible: Tensor) -> Attended:
        """Let genes attend to the profiled genes that `visible` shows.

        Parameters
        ----------
        state
            Gene states [N, h].
        visible
            float32 [N, 1]: 0 for a gene whose profile is hidden in this step.

        Returns
        -------
        Attended
            In training only the profiled genes ask; otherwise every gene does.
        """
        normal = self.norm(state)
        if self.training:
            asked, edges = self.genes, self.edge_inside
            row = self.position
            edge_row = row[self.edge_row[edges]]
        else:
            asked, edges = torch.arange(len(state), device=state.device), slice(None)
            row, edge_row = asked, self.edge_row
        logits = self.query(normal[asked]) @ self.key(normal[self.genes]).T * _KEY_WIDTH**-0.5
        if self.edge_weight is not None:
            strength = self.edge_weight[self.edge_relation[edges]] * self.edge_value[edges]
            logits = logits.index_put((edge_row, self.edge_column[edges]), strength.to(logits.dtype), accumulate=True)
        logits = logits.masked_fill(asked[:, None] == self.genes[None, :], -torch.inf)
        shown = visible[self.genes]
        weight = functional.softmax(logits.float(), dim=1) * shown.T
        # The prior is the weight of "nothing like it was measured": the mean, which is 0.
        table = (weight @ self.value) / (weight @ self.known + functional.softplus(self.prior))
        column = torch.where(visible[:, 0] > 0, self.position, -1)
        return Attended(table, row, column)

    def forward(self, attended: Attended, first: Tensor, second: Tensor) -> Tensor:
        """Return the estimate of pairs of genes (long [n] each), float32 [n], the same for either order."""
        total, sides = attended.table.new_zeros(len(first)), attended.table.new_zeros(len(first))
        for asked, other in ((first, second), (second, first)):
            row, position = attended.row[asked], attended.column[other]
            has = (row >= 0) & (position >= 0)
            total = total + torch.where(has, attended.table[row.clamp_min(0), position.clamp_min(0)], 0.0)
            sides = sides + has
        return total * torch.where(sides == 2, self.gain[1], self.gain[0])
