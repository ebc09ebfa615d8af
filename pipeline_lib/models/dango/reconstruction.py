"""Rebuild the adjacency rows of a channel from gene vectors: what the encoders are pretrained on."""

import torch
from torch import nn
from torch.nn import functional

from pipeline_lib.models.dango.channels import Channel


class RowDecoder(nn.Module):
    """A hidden layer and one output a column of the channel: d -> d -> n."""

    def __init__(self, width: int, columns: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(width, width)
        self.output = nn.Linear(width, columns)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return rebuilt rows, float [r, n], of gene vectors, float [r, d]."""
        return self.output(functional.silu(self.hidden(vectors)))


def weighted_squared_error(rebuilt: torch.Tensor, rows: torch.Tensor, zero_weight: float) -> torch.Tensor:
    """Mean over rows of the mean squared error on the edges plus `zero_weight` times that on the zeros.

    Parameters
    ----------
    rebuilt, rows
        float [r, n]: rebuilt and true adjacency rows.
    zero_weight
        Weight of the zeros (Zhang et al. 2020: 0.1 where a missing edge says little, else 1).
    """
    edge = rows != 0
    squared = (rebuilt - rows) ** 2
    on_edges = (squared * edge).sum(dim=1) / edge.sum(dim=1).clamp(min=1)
    on_zeros = (squared * ~edge).sum(dim=1) / (~edge).sum(dim=1).clamp(min=1)
    return (on_edges + zero_weight * on_zeros).mean()


def reconstruction_loss(
    decoder: RowDecoder, vectors: torch.Tensor, rows: torch.Tensor, channel: Channel
) -> torch.Tensor:
    """`weighted_squared_error` of the decoder's rows without writing a single row out.

    The sum of squares of a rebuilt row W h + b is the quadratic form of (h, 1) in the Gram matrix of (W, b), so only
    the entries on edges are computed one by one: work n d^2 + r d^2 + E d in place of r n d.

    Parameters
    ----------
    vectors
        float [r, d]: encoded genes.
    rows
        int64 [r]: their rows in `channel`.
    """
    hidden = functional.silu(decoder.hidden(vectors))
    hidden = torch.cat([hidden, hidden.new_ones(len(hidden), 1)], dim=1)
    output = torch.cat([decoder.output.weight, decoder.output.bias[:, None]], dim=1)
    squares = ((hidden @ (output.T @ output)) * hidden).sum(dim=1)

    degree = channel.degree[rows]
    owner = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), degree)
    slot = torch.arange(len(owner), device=rows.device) - torch.repeat_interleave(degree.cumsum(0) - degree, degree)
    entry = channel.start[rows][owner] + slot
    rebuilt = (hidden[owner] * output[channel.neighbour[entry]]).sum(dim=1)
    error = (rebuilt - channel.weight[entry]) ** 2

    zeros = channel.size - degree
    empty = torch.zeros_like(squares)
    on_edges = empty.index_add(0, owner, error) / degree.clamp(min=1)
    on_zeros = (squares - empty.index_add(0, owner, rebuilt**2)).clamp(min=0) / zeros.clamp(min=1)
    return (on_edges + channel.zero_weight * on_zeros).mean()
