"""Rebuild the adjacency rows of a channel from gene vectors: what the encoders are pretrained on."""

import torch
from torch import nn
from torch.nn import functional

from pipeline_lib.models.dango.channels import Channel


class RowDecoder(nn.Module):
    """Rebuild rows by a hidden layer and one output a column: W swish(U h + c) + b, with W float [n, d]."""

    def __init__(self, channel: Channel, width: int) -> None:
        super().__init__()
        self.channel = channel
        self.hidden = nn.Linear(width, width)
        self.output = nn.Linear(width, channel.size)

    def forward(self, vectors: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """Return the weighted squared error of rebuilt rows (Zhang et al. 2020).

        Of each row, the mean over its edges plus the channel's `zero_weight` times the mean over its zeros; then the
        mean over rows. No row is written out: the sum of squares of a rebuilt row W h + b is the quadratic form of
        (h, 1) in the Gram matrix of (W, b), so that only the entries on edges are computed one by one. The work is
        n d^2 + r d^2 + E d in place of r n d.

        Parameters
        ----------
        vectors
            float [r, d]: encoded genes.
        rows
            int64 [r]: their rows in the channel.
        """
        channel = self.channel
        hidden = functional.silu(self.hidden(vectors))
        hidden = torch.cat([hidden, hidden.new_ones(len(hidden), 1)], dim=1)
        output = torch.cat([self.output.weight, self.output.bias[:, None]], dim=1)
        squares = ((hidden @ (output.T @ output)) * hidden).sum(dim=1)

        degree = channel.degree[rows]
        owner = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), degree)
        slot = torch.arange(len(owner), device=rows.device) - torch.repeat_interleave(degree.cumsum(0) - degree, degree)
        entry = channel.start[rows][owner] + slot
        rebuilt = (hidden.index_select(0, owner) * output.index_select(0, channel.neighbour[entry])).sum(dim=1)
        error = (rebuilt - channel.weight[entry]) ** 2

        none = torch.zeros_like(squares)
        on_edges = none.index_add(0, owner, error) / degree
        on_zeros = (squares - none.index_add(0, owner, rebuilt**2)).clamp(min=0) / (channel.size - degree)
        return (on_edges + channel.zero_weight * on_zeros).mean()
