"""The whole of DANGO: gene vectors, channel encoders and decoders, meta-embedding, hypergraph attention."""

import torch
from torch import nn

from pipeline_lib.config.dango import DangoSettings
from pipeline_lib.models.dango.channels import Channel
from pipeline_lib.models.dango.encoder import ChannelEncoder, MetaEmbedding
from pipeline_lib.models.dango.hypergraph import HyperSagnn
from pipeline_lib.models.dango.reconstruction import RowDecoder, reconstruction_loss


class DangoNetwork(nn.Module):
    """Score sets of genes; without channels the learned gene vectors go straight into the hypergraph part."""

    def __init__(self, channels: list[Channel], num_genes: int, assays: int, settings: DangoSettings) -> None:
        super().__init__()
        width = settings.width
        self.embedding = nn.Embedding(num_genes, width)
        self.encoders = nn.ModuleList(ChannelEncoder(channel, width, settings.neighbours) for channel in channels)
        self.decoders = nn.ModuleList(RowDecoder(width, channel.size) for channel in channels)
        self.meta = MetaEmbedding(width)
        self.hypergraph = HyperSagnn(width, settings.heads, settings.attention_layers, settings.dropout, assays)

    def freeze(self) -> None:
        """Stop the training of what pretraining has trained: the gene vectors, the encoders and the decoders."""
        for part in (self.embedding, self.encoders, self.decoders):
            part.requires_grad_(requires_grad=False)

    def encode(self, genes: torch.Tensor) -> torch.Tensor:
        """Return the vectors of distinct `genes` (int64 [r]) in every channel, float [K, r, d]."""
        return torch.stack([encoder(self.embedding.weight, genes) for encoder in self.encoders])

    def vectors(self, genes: torch.Tensor, encoded: torch.Tensor | None = None) -> torch.Tensor:
        """Return the merged vectors of distinct `genes`, float [r, d]; `encoded` as `encode` gives it, if at hand."""
        if not len(self.encoders):
            return self.embedding(genes)
        return self.meta(self.encode(genes) if encoded is None else encoded)

    def reconstruction(self, genes: torch.Tensor, encoded: torch.Tensor) -> torch.Tensor:
        """Return the sum over channels of the loss of rebuilding the rows of `genes` that have an edge there."""
        total = encoded.new_zeros(())
        for encoder, decoder, vectors in zip(self.encoders, self.decoders, encoded, strict=True):
            rows = encoder.channel.position[genes]
            linked = rows >= 0
            if bool(linked.any()):
                total = total + reconstruction_loss(decoder, vectors[linked], rows[linked], encoder.channel)
        return total

    def score(self, vectors: torch.Tensor, slots: torch.Tensor, assay: torch.Tensor) -> torch.Tensor:
        """Score sets, float [n]; `slots` int64 [n, k]: rows of `vectors`, -1 where a slot is empty."""
        present = slots >= 0
        return self.hypergraph(vectors[slots.clamp(min=0)], present, assay)
