"""The whole of DANGO: gene vectors, channel encoders and decoders, meta-embedding, hypergraph attention."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from pipeline_lib.config.models import DangoSettings
from pipeline_lib.models.dango.channels import Channel
from pipeline_lib.models.dango.encoder import ChannelEncoder, MetaEmbedding, RowDecoder
from pipeline_lib.models.dango.hypergraph import HyperSagnn
from pipeline_lib.models.dango.neighbour_means import DrawnMeanWithItself, TrainingDrawnMean, WholeMean
from pipeline_lib.models.dango.released_scorer import ReleasedScorer

RELEASED_NEIGHBOURS = 5
"""Neighbours that the released code draws at every step and, as its evaluation draws too, for every prediction."""


@dataclass(frozen=True)
class Architecture:
    """How the two parts are made.

    Attributes
    ----------
    neighbour_mean
        From a channel and the settings, which neighbours an encoder averages.
    scorer
        From the settings and the number of assays, what scores a set of genes.
    """

    neighbour_mean: Callable[[Channel, DangoSettings], nn.Module]
    scorer: Callable[[DangoSettings, int], nn.Module]


def _mean_of_the_paper(channel: Channel, settings: DangoSettings) -> nn.Module:
    if settings.neighbours is None:
        return WholeMean(channel)
    return TrainingDrawnMean(channel, settings.neighbours)


def _scorer_of_the_paper(settings: DangoSettings, assays: int) -> HyperSagnn:
    return HyperSagnn(settings.width, settings.heads, settings.attention_layers, settings.dropout, assays)


def _released_mean(channel: Channel, _: DangoSettings) -> DrawnMeanWithItself:
    return DrawnMeanWithItself(channel, RELEASED_NEIGHBOURS)


def _released_scorer(settings: DangoSettings, assays: int) -> ReleasedScorer:
    return ReleasedScorer(settings.width, settings.heads, assays)


PAPER = Architecture(_mean_of_the_paper, _scorer_of_the_paper)
RELEASED = Architecture(_released_mean, _released_scorer)


class DangoNetwork(nn.Module):
    """Score sets of genes; without channels the learned gene vectors go straight into the hypergraph part."""

    def __init__(
        self,
        channels: list[Channel],
        num_genes: int,
        assays: int,
        settings: DangoSettings,
        architecture: Architecture = PAPER,
    ) -> None:
        super().__init__()
        width = settings.width
        self.embedding = nn.Embedding(num_genes, width)
        self.encoders = nn.ModuleList(
            ChannelEncoder(channel, width, architecture.neighbour_mean(channel, settings)) for channel in channels
        )
        self.decoders = nn.ModuleList(RowDecoder(channel, width) for channel in channels)
        self.meta = MetaEmbedding(width)
        self.hypergraph = architecture.scorer(settings, assays)

        self._fixed: torch.Tensor | None = None

    def freeze(self) -> None:
        """Stop the training of what pretraining has trained: the gene vectors, the encoders and the decoders."""
        for part in (self.embedding, self.encoders, self.decoders):
            part.requires_grad_(requires_grad=False)
        if len(self.encoders):
            self.eval()
            self._fixed = self._encoded(torch.arange(self.embedding.num_embeddings), self._first())

    def vectors(self, genes: torch.Tensor) -> torch.Tensor:
        """Return the merged vectors of `genes` (int64 [r]), float [r, d]."""
        return self.vectors_and_loss(genes, genes[:0])[0]

    def vectors_and_loss(self, genes: torch.Tensor, rebuilt: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode once, for the sets and for the networks.

        Parameters
        ----------
        genes
            int64 [r]: genes whose merged vectors are wanted.
        rebuilt
            int64 [q]: genes whose rows are rebuilt, in each channel in which they have an edge.

        Returns
        -------
        vectors
            float [r, d].
        loss
            Sum over channels of the reconstruction loss; 0 without channels and once frozen.
        """
        loss = self.embedding.weight.new_zeros(())
        if not len(self.encoders):
            return self.embedding.weight.index_select(0, genes), loss
        if self._fixed is not None:
            return self.meta(self._fixed.index_select(1, genes)), loss
        firsts = self._first()
        for encoder, decoder, first in zip(self.encoders, self.decoders, firsts, strict=True):
            rows = encoder.channel.position[rebuilt]
            rows = rows[rows >= 0]
            if len(rows):
                loss = loss + decoder(encoder.second(first, rows), rows)
        return self.meta(self._encoded(genes, firsts)), loss

    def _first(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        return [encoder.first(self.embedding.weight) for encoder in self.encoders]

    def _encoded(self, genes: torch.Tensor, firsts: list[tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
        """Return the vectors of `genes` in every channel, float [K, r, d]."""
        genes = genes.to(self.embedding.weight.device)
        pairs = zip(self.encoders, firsts, strict=True)
        return torch.stack([encoder(self.embedding.weight, first, genes) for encoder, first in pairs])

    def score(self, vectors: torch.Tensor, slots: torch.Tensor, assay: torch.Tensor) -> torch.Tensor:
        """Score sets, float [n]; `slots` int64 [n, k]: rows of `vectors`, -1 where a slot is empty."""
        score: torch.Tensor = self.hypergraph(vectors, slots, assay)
        return score
