"""The mean over a gene's neighbours in a channel: over all of them, or over a few drawn anew at every step."""

import warnings
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from pipeline_lib.models.dango.channels import Channel


class _SparseMean(torch.autograd.Function):
    """Mean over the neighbours of a symmetric graph: D^-1 A X, whose gradient is A D^-1 G."""

    @staticmethod
    def forward(ctx: Any, features: torch.Tensor, adjacency: torch.Tensor, degree: torch.Tensor) -> torch.Tensor:  # noqa: ANN401
        ctx.save_for_backward(adjacency, degree)
        return (adjacency @ features) / degree

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:  # noqa: ANN401
        adjacency, degree = ctx.saved_tensors
        return adjacency @ (gradient / degree), None, None


class WholeMean(nn.Module):
    """Average all neighbours, by a sparse product; a gene without an edge has a mean of zero."""

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        ones = torch.ones(len(channel.neighbour), device=channel.neighbour.device)
        with warnings.catch_warnings():
            # torch warns once a process that this layout is young; products with it are all that is used.
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
            self.adjacency = torch.sparse_csr_tensor(
                channel.start, channel.neighbour, ones, size=(channel.size, channel.size), check_invariants=True
            )
        self.degree = channel.degree[:, None].to(torch.float32)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the mean of each gene with an edge, float [n, d], from the vectors of these genes."""
        return _SparseMean.apply(features, self.adjacency, self.degree)

    def unlinked(self, features: torch.Tensor) -> torch.Tensor:
        """Return the mean of genes without an edge, float [r, d], from their own vectors."""
        return torch.zeros_like(features)


class DrawnMean(nn.Module):
    """Average at most `count` neighbours a gene, drawn anew at every call, in training and in evaluation."""

    def __init__(self, channel: Channel, count: int) -> None:
        super().__init__()
        self.channel = channel
        self.count = count
        self._drawn = channel.degree[:, None].clamp(max=count).to(torch.float32)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the mean of each gene with an edge, float [n, d], from the vectors of these genes."""
        gene, neighbour = sample_neighbours(self.channel, self.count)
        return torch.zeros_like(features).index_add(0, gene, features[neighbour]) / self._drawn

    def unlinked(self, features: torch.Tensor) -> torch.Tensor:
        """Return the mean of genes without an edge, float [r, d], from their own vectors."""
        return torch.zeros_like(features)


class TrainingDrawnMean(nn.Module):
    """Average at most `count` neighbours a gene while training, and all of them afterwards."""

    def __init__(self, channel: Channel, count: int) -> None:
        super().__init__()
        self.drawn = DrawnMean(channel, count)
        self.whole = WholeMean(channel)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the mean of each gene with an edge, float [n, d], from the vectors of these genes."""
        mean: torch.Tensor = self.drawn(features) if self.training else self.whole(features)
        return mean

    def unlinked(self, features: torch.Tensor) -> torch.Tensor:
        """Return the mean of genes without an edge, float [r, d], from their own vectors."""
        return self.whole.unlinked(features)


class DrawnMeanWithItself(DrawnMean):
    """Average at most `count` of a gene's neighbours and the gene itself, which is as likely drawn as any of them."""

    def __init__(self, channel: Channel, count: int) -> None:
        super().__init__(_with_own_edges(channel), count)

    def unlinked(self, features: torch.Tensor) -> torch.Tensor:
        """Return the mean of genes without an edge, float [r, d]: their own vectors."""
        return features


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


def _with_own_edges(channel: Channel) -> Channel:
    """Return the channel with an edge of weight 1 from every gene to itself, behind its other edges."""
    own = torch.arange(channel.size, device=channel.start.device)
    ends = channel.start[1:] + own
    old = torch.ones(len(channel.neighbour) + channel.size, dtype=torch.bool, device=own.device)
    old[ends] = False
    neighbour = torch.empty_like(old, dtype=torch.int64)
    weight = torch.ones_like(old, dtype=torch.float32)
    neighbour[old], neighbour[ends], weight[old] = channel.neighbour, own, channel.weight
    start = channel.start + torch.arange(channel.size + 1, device=own.device)
    return replace(channel, start=start, neighbour=neighbour, weight=weight)
