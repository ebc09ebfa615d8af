"""Gene networks as channels, a two-layer GraphSAGE a channel with the decoder that pretrains it, the meta-embedding."""

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch
from torch import nn
from torch.nn import functional

from pipeline_lib.errors import PipelineError
from pipeline_lib.models.layers import on_device


@dataclass(frozen=True)
class Channel:
    """One gene network, cut down to the genes that have an edge in it.

    Attributes
    ----------
    name
        Name of the network.
    zero_weight
        Weight of the zeros of a row in the reconstruction loss.
    position
        int64 [N]: row of each gene of the index among the channel's n genes; -1 for a gene without an edge. It stays
        on the CPU, where it is decided which genes a step touches.
    genes
        int64 [n]: the gene index of each row.
    start, neighbour, weight
        The symmetric adjacency in compressed rows: int64 [n + 1], int64 [E] (positions), float32 [E] (largest 1).
    """

    name: str
    zero_weight: float
    position: torch.Tensor
    genes: torch.Tensor
    start: torch.Tensor
    neighbour: torch.Tensor
    weight: torch.Tensor

    @property
    def size(self) -> int:
        """Number of genes with an edge."""
        return len(self.genes)

    @property
    def degree(self) -> torch.Tensor:
        """Number of neighbours, int64 [n]."""
        return self.start.diff()

    def to(self, device: str) -> "Channel":
        """Return the channel with its tensors but `position` on `device`."""
        tensors = (self.genes, self.start, self.neighbour, self.weight)
        return Channel(self.name, self.zero_weight, self.position, *(tensor.to(device) for tensor in tensors))


def read_channels(
    edges: pd.DataFrame, num_genes: int, names: list[str] | None, zero_weights: dict[str, float]
) -> list[Channel]:
    """Make one channel of every named network.

    Parameters
    ----------
    edges
        `pipeline_lib.artefacts.schemas.EDGES`; the direction of a directed edge is dropped.
    num_genes
        Length N of the gene index.
    names
        Networks to take; None: every network that has an edge.
    zero_weights
        Weight of zeros by network; 1 for a network not named.

    Raises
    ------
    PipelineError
        When a named network has no edges.
    """
    present = sorted(edges["network"].unique())
    wanted = present if names is None else names
    missing = [name for name in (*wanted, *zero_weights) if name not in present] if present else []
    if missing:
        raise PipelineError(
            f"DANGO: the cell has no network '{missing[0]}' (it has {', '.join(present)}); mend models.dango.channels "
            "and models.dango.zero_weights."
        )
    return [
        _channel(name, edges[edges["network"] == name], num_genes, zero_weights.get(name, 1.0))
        for name in wanted
        if name in present
    ]


def _channel(name: str, edges: pd.DataFrame, num_genes: int, zero_weight: float) -> Channel:
    source, target = edges["source"].to_numpy(np.int64), edges["target"].to_numpy(np.int64)
    weight = np.abs(edges["weight"].to_numpy(np.float64))
    kept = (source != target) & (weight > 0)
    source, target, weight = source[kept], target[kept], weight[kept]
    one_way = sp.csr_array((weight, (source, target)), shape=(num_genes, num_genes))
    both = one_way.maximum(one_way.T).tocsr()
    genes = np.flatnonzero(np.diff(both.indptr))
    position = np.full(num_genes, -1, dtype=np.int64)
    position[genes] = np.arange(len(genes))
    own = both[genes][:, genes].tocsr()
    own.sort_indices()
    largest = own.data.max() if own.nnz else 1.0
    return Channel(
        name=name,
        zero_weight=zero_weight,
        position=torch.from_numpy(position),
        genes=torch.from_numpy(genes.astype(np.int64)),
        start=torch.from_numpy(own.indptr.astype(np.int64)),
        neighbour=torch.from_numpy(own.indices.astype(np.int64)),
        weight=torch.from_numpy((own.data / largest).astype(np.float32)),
    )


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
        A module of `pipeline_lib.models.dango.encoder`: which neighbours are averaged.
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
        """Return the vectors of any `genes` (int64 [r], on the CPU), float [r, d].

        `first` is what the method `first` gives for `features`.
        """
        rows = self.channel.position[genes]
        linked, alone = (rows >= 0).nonzero()[:, 0], (rows < 0).nonzero()[:, 0]
        places, found, others, own = (
            on_device(part, features.device) for part in (linked, rows[linked], alone, genes[alone])
        )
        encoded = features.new_zeros(len(genes), features.shape[1])
        encoded = encoded.index_copy(0, places, self.second(first, found))
        return encoded.index_copy(0, others, self.unlinked(features.index_select(0, own)))


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
        self._degree = channel.degree.cpu()

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
            int64 [r], on the CPU: their rows in the channel.
        """
        channel, edges = self.channel, int(self._degree[rows].sum())
        rows = on_device(rows, vectors.device)
        hidden = functional.silu(self.hidden(vectors))
        hidden = torch.cat([hidden, hidden.new_ones(len(hidden), 1)], dim=1)
        output = torch.cat([self.output.weight, self.output.bias[:, None]], dim=1)
        squares = ((hidden @ (output.T @ output)) * hidden).sum(dim=1)

        degree = channel.degree[rows]
        # Unless it is given the size, a GPU is waited for.
        owner = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), degree, output_size=edges)
        before = torch.repeat_interleave(degree.cumsum(0) - degree, degree, output_size=edges)
        slot = torch.arange(edges, device=rows.device) - before
        entry = channel.start[rows][owner] + slot
        rebuilt = (hidden.index_select(0, owner) * output.index_select(0, channel.neighbour[entry])).sum(dim=1)
        error = (rebuilt - channel.weight[entry]) ** 2

        none = torch.zeros_like(squares)
        on_edges = none.index_add(0, owner, error) / degree
        on_zeros = (squares - none.index_add(0, owner, rebuilt**2)).clamp(min=0) / (channel.size - degree)
        return (on_edges + channel.zero_weight * on_zeros).mean()


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
        self._drawn = channel.degree[:, None].clamp(max=count).to(torch.float32)
        places = torch.arange(channel.size, device=channel.start.device)
        self._owner = torch.repeat_interleave(places, channel.degree)
        rank = torch.arange(len(self._owner), device=places.device) - channel.start[self._owner]
        # Of the edges in a random order within each gene, the first ones.
        self._first = (rank < count).nonzero()[:, 0]

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw neighbours without replacement: rows of the genes, and of their neighbours, both int64 [E']."""
        owner = self._owner
        order = torch.argsort(owner + torch.rand(len(owner), device=owner.device, dtype=torch.float64))
        drawn = order[self._first]
        return owner[drawn], self.channel.neighbour[drawn]

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the mean of each gene with an edge, float [n, d], from the vectors of these genes."""
        gene, neighbour = self.draw()
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
