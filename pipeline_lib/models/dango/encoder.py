"""A two-layer GraphSAGE a channel, and the meta-embedding that weighs the channels gene by gene."""

import warnings
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from pipeline_lib.models.dango.channels import Channel


class _NeighbourMean(torch.autograd.Function):
    """Mean over the neighbours of a symmetric graph: D^-1 A X, whose gradient is A D^-1 G."""

    @staticmethod
    def forward(ctx: Any, features: torch.Tensor, adjacency: torch.Tensor, degree: torch.Tensor) -> torch.Tensor:  # noqa: ANN401
        ctx.save_for_backward(adjacency, degree)
        return (adjacency @ features) / degree

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:  # noqa: ANN401
        adjacency, degree = ctx.saved_tensors
        return adjacency @ (gradient / degree), None, None


def sample_neighbours(channel: Channel, count: int) -> torch.Tensor:
    """Draw at most `count` neighbours a gene without replacement.

    Returns
    -------
    Tensor [2, E']
        Row of the gene, and of the neighbour, of every drawn edge.
    """
    degree = channel.degree
    owner = torch.repeat_interleave(torch.arange(channel.size, device=degree.device), degree)
    order = torch.argsort(owner + torch.rand(len(owner), device=degree.device, dtype=torch.float64))
    rank = torch.arange(len(owner), device=degree.device) - channel.start[owner]
    drawn = order[rank < count]
    return torch.stack([owner[drawn], channel.neighbour[drawn]])


class ChannelEncoder(nn.Module):
    """GraphSAGE with mean aggregation (Hamilton et al. 2017) over one channel.

    Layer l: h_i = swish(W_l [h_i, mean of h_j over the neighbours j of i] + b_l). The authors draw five neighbours at
    every step; the mean here runs over all of them unless `neighbours` says how many to draw. A gene without an edge
    in the channel receives a mean of zero.
    """

    def __init__(self, channel: Channel, width: int, neighbours: int | None) -> None:
        super().__init__()
        self.channel = channel
        self.neighbours = neighbours
        self.layers = nn.ModuleList(nn.Linear(2 * width, width) for _ in range(2))
        ones = torch.ones(len(channel.neighbour), device=channel.neighbour.device)
        with warnings.catch_warnings():
            # torch warns once a process that this layout is young; products with it are all that is used.
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
            self._adjacency = torch.sparse_csr_tensor(
                channel.start, channel.neighbour, ones, size=(channel.size, channel.size), check_invariants=True
            )
        self._degree = channel.degree[:, None].to(torch.float32)

    def first(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the first layer of the channel's genes and its mean over neighbours, both float [n, d].

        `features`, float [N, d], are the vectors of all genes.
        """
        own = features.index_select(0, self.channel.genes)
        hidden = functional.silu(self.layers[0](torch.cat([own, self._mean(own)], dim=1)))
        return hidden, self._mean(hidden)

    def second(self, first: tuple[torch.Tensor, torch.Tensor], rows: torch.Tensor) -> torch.Tensor:
        """Return the vectors of the channel's genes in `rows` (int64 [r]), float [r, d]."""
        pair = [part.index_select(0, rows) for part in first]
        return functional.silu(self.layers[1](torch.cat(pair, dim=1)))

    def unlinked(self, own: torch.Tensor) -> torch.Tensor:
        """Return the vectors of genes without an edge, float [r, d], from theirs in `features`: the means are zero."""
        for layer in self.layers:
            own = functional.silu(functional.linear(own, layer.weight[:, : own.shape[1]], layer.bias))
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

    def _mean(self, features: torch.Tensor) -> torch.Tensor:
        if self.neighbours is None or not self.training:
            return _NeighbourMean.apply(features, self._adjacency, self._degree)
        gene, neighbour = sample_neighbours(self.channel, self.neighbours)
        total = torch.zeros_like(features).index_add(0, gene, features[neighbour])
        return total / self._degree.clamp(max=self.neighbours)


class MetaEmbedding(nn.Module):
    """Weigh a gene's channel vectors by a softmax of one learned score each (Zhang et al. 2020)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, 1)

    def forward(self, encoded: torch.Tensor) -> torch.Tensor:
        """Merge channel vectors, float [K, r, d], into float [r, d]."""
        weight = torch.softmax(self.score(encoded), dim=0)
        return (weight * encoded).sum(dim=0)
