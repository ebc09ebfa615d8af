"""DANGO sample by sample: neighbours drawn gene by gene from Python lists, rows rebuilt against a dense adjacency.

What a straightforward implementation of the paper does, with torch for all arithmetic; a step still forwards and
backwards its 96 sets as one batch.
"""

import random

import torch
from torch import nn
from torch.nn import functional

from pipeline_lib.models.dango.encoder import Channel, MetaEmbedding
from pipeline_lib.models.dango.network import HyperSagnn
from pipeline_lib.models.dango.training import log_cosh


class SampledLayer(nn.Module):
    """One GraphSAGE layer that encodes the genes it is asked for, each with neighbours of its own."""

    def __init__(self, below: nn.Module, neighbours: list[list[int]], width: int, drawn: int) -> None:
        super().__init__()
        self.below = below
        self.neighbours = neighbours
        self.drawn = drawn
        self.linear = nn.Linear(2 * width, width)

    def forward(self, genes: torch.Tensor) -> torch.Tensor:
        """Encode `genes`, float [r, d]."""
        samples = [self._sample(gene) for gene in genes.tolist()]
        needed = sorted({neighbour for sample in samples for neighbour in sample} | set(genes.tolist()))
        place = {gene: row for row, gene in enumerate(needed)}
        features = self.below(torch.tensor(needed))
        mask = torch.zeros(len(genes), len(needed))
        for row, sample in enumerate(samples):
            for neighbour in sample:
                mask[row, place[neighbour]] = 1 / len(sample)
        own = features[[place[gene] for gene in genes.tolist()]]
        return functional.silu(self.linear(torch.cat([own, mask @ features], dim=1)))

    def _sample(self, gene: int) -> list[int]:
        linked = self.neighbours[gene]
        return random.sample(linked, self.drawn) if len(linked) > self.drawn else linked


class ReferenceDango(nn.Module):
    """The network of the paper with sampled encoders and written-out rows."""

    def __init__(self, channels: list[Channel], num_genes: int, width: int, drawn: int) -> None:
        super().__init__()
        embedding = nn.Embedding(num_genes, width)
        self.encoders = nn.ModuleList()
        self.decoders = nn.ModuleList()
        self.rows: list[torch.Tensor] = []
        self.zero_weights = [channel.zero_weight for channel in channels]
        for channel in channels:
            linked = _neighbour_lists(channel, num_genes)
            first = SampledLayer(embedding, linked, width, drawn)
            self.encoders.append(SampledLayer(first, linked, width, drawn))
            self.decoders.append(nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, channel.size)))
            self.rows.append(_dense_rows(channel, num_genes))
        self.meta = MetaEmbedding(width)
        self.hypergraph = HyperSagnn(width, heads=8, layers=2, dropout=0.3, assays=1)

    def loss(self, sets: torch.Tensor, value: torch.Tensor, rebuilt: torch.Tensor, weight: float) -> torch.Tensor:
        """Return the joint loss of one batch: sets int64 [n, k], value float [n], rebuilt int64 [q]."""
        flat = sets.reshape(-1)
        vectors = self.meta(torch.stack([encoder(flat) for encoder in self.encoders]))
        slots = torch.arange(len(flat)).reshape(sets.shape)
        score = self.hypergraph(vectors, slots, torch.zeros(len(sets), dtype=torch.int64))
        total = log_cosh(score - value).mean()
        parts = zip(self.encoders, self.decoders, self.rows, self.zero_weights, strict=True)
        for encoder, decoder, rows, zero_weight in parts:
            target = rows[rebuilt]
            squared = (decoder(encoder(rebuilt)) - target) ** 2
            edge = (target != 0).float()
            on_edges = (squared * edge).sum(dim=1) / edge.sum(dim=1).clamp(min=1)
            on_zeros = (squared * (1 - edge)).sum(dim=1) / (1 - edge).sum(dim=1).clamp(min=1)
            total = total + weight * (on_edges + zero_weight * on_zeros).mean()
        return total


def _neighbour_lists(channel: Channel, num_genes: int) -> list[list[int]]:
    lists: list[list[int]] = [[gene] for gene in range(num_genes)]
    genes, ends = channel.genes.tolist(), channel.start.tolist()
    for row, gene in enumerate(genes):
        lists[gene] = channel.genes[channel.neighbour[ends[row] : ends[row + 1]]].tolist()
    return lists


def _dense_rows(channel: Channel, num_genes: int) -> torch.Tensor:
    rows = torch.zeros(num_genes, channel.size)
    owner = torch.repeat_interleave(channel.genes, channel.degree)
    rows[owner, channel.neighbour] = channel.weight
    return rows
