"""A two-layer GraphSAGE a channel with the decoder that pretrains it, and the meta-embedding of the channels."""

import torch
from torch import nn
from torch.nn import functional

from pipeline_lib.models.dango.channels import Channel


class ChannelEncoder(nn.Module):
    """GraphSAGE with mean aggregation (Hamilton et al. 2017) over one channel.

    Layer l: h_i = swish(W_l [h_i, mean of h_j over the neighbours j of i] + b_l).

    Parameters
    ----------
    channel
        The network.
    width
        Length d of a gene's vector.
    mean
        A module of `pipeline_lib.models.dango.neighbour_means`: which neighbours are averaged.
    """

    def __init__(self, channel: Channel, width: int, mean: nn.Module) -> None:
        super().__init__()
        self.channel = channel
        self.mean = mean
        self.layers = nn.ModuleList(nn.Linear(2 * width, width) for _ in range(2))

    def first(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the first layer of the channel's genes and its mean over neighbours, both float [n, d].

        `features`, float [N, d], are the vectors of all genes.
        """
        own = features.index_select(0, self.channel.genes)
        hidden = functional.silu(self.layers[0](torch.cat([own, self.mean(own)], dim=1)))
        return hidden, self.mean(hidden)

    def second(self, first: tuple[torch.Tensor, torch.Tensor], rows: torch.Tensor) -> torch.Tensor:
        """Return the vectors of the channel's genes in `rows` (int64 [r]), float [r, d]."""
        pair = [part.index_select(0, rows) for part in first]
        return functional.silu(self.layers[1](torch.cat(pair, dim=1)))

    def unlinked(self, own: torch.Tensor) -> torch.Tensor:
        """Return the vectors of genes without an edge, float [r, d], from theirs in `features`."""
        for layer in self.layers:
            own = functional.silu(layer(torch.cat([own, self.mean.unlinked(own)], dim=1)))
        return own

    def forward(
        self, features: torch.Tensor, first: tuple[torch.Tensor, torch.Tensor], genes: torch.Tensor
    ) -> torch.Tensor:
        """Return the vectors of any `genes` (int64 [r]), float [r, d]; `first` as `first` gives it for `features`."""
        rows = self.channel.position[genes]
        linked, alone = (rows >= 0).nonzero()[:, 0], (rows < 0).nonzero()[:, 0]
        encoded = features.new_zeros(len(genes), features.shape[1])
        encoded = encoded.index_copy(0, linked, self.second(first, rows[linked]))
        return encoded.index_copy(0, alone, self.unlinked(features.index_select(0, genes[alone])))


class MetaEmbedding(nn.Module):
    """Weigh a gene's channel vectors by a softmax of one learned score each (Zhang et al. 2020)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, 1)

    def forward(self, encoded: torch.Tensor) -> torch.Tensor:
        """Merge channel vectors, float [K, r, d], into float [r, d]."""
        weight = torch.softmax(self.score(encoded), dim=0)
        return (weight * encoded).sum(dim=0)


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
