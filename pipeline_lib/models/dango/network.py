"""The whole of DANGO: gene vectors, channel encoders, meta-embedding, hypergraph attention of the paper or as released.

The released code compares its flag for the diagonal mask, a truth value, with the text 'True', so that neither the mask
nor the squared difference of dynamic and static vectors, which hang on it, is ever used (github.com/ma-compbio/DANGO at
eb76e7f, Code/Modules.py). What is left is one layer of attention in which a gene also looks at itself, and a sum.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from pipeline_lib.config.models import DangoSettings
from pipeline_lib.models.dango.encoder import (
    Channel,
    ChannelEncoder,
    DrawnMeanWithItself,
    MetaEmbedding,
    RowDecoder,
    TrainingDrawnMean,
    WholeMean,
)
from pipeline_lib.models.layers import on_device


class SetAttention(nn.Module):
    """Multi-head attention of every gene to the other genes of its set, never to itself, and a feed-forward layer.

    ReZero (Bachlechner et al. 2021): both enter as x + a f(x) with one scale a that starts at zero. A gene alone in
    its set has nobody to look at: its attention is zero.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.value = nn.Linear(width, width, bias=False)
        self.query_key = nn.Linear(width, 2 * width, bias=False)
        self.merge = nn.Linear(width, width, bias=False)
        self.position_wise = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.dropout = nn.Dropout(dropout)
        self.scale = nn.Parameter(torch.zeros(()))

    def project(self, genes: torch.Tensor, largest: int) -> torch.Tensor:
        """Return the values, then, for sets of more than two genes, the queries and keys of gene vectors float [.., d].

        In a pair the softmax over the one other gene is 1 whatever its key, so that none is computed.
        """
        value = self.value(genes)
        return value if largest <= 2 else torch.cat([value, self.query_key(genes)], dim=-1)

    def forward(self, genes: torch.Tensor, projected: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        """Let the genes of each set look at each other.

        Parameters
        ----------
        genes
            float [n, k, d].
        projected
            float [n, k, d or 3 d]: `project` of them.
        others
            bool [n, k, k]: who may look at whom.

        Returns
        -------
        float [n, k, d]
        """
        genes = genes + self.scale * self.merge(self._attend(genes.shape[-1], projected, others))
        return genes + self.scale * self.position_wise(genes)

    def _attend(self, width: int, projected: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        n, k, columns = projected.shape
        parts = projected.view(n, k, columns // width, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        looks = others[:, None].to(projected.dtype).expand(n, self.heads, k, k)
        if len(parts) == 1:
            weight = looks
        else:
            logits = parts[1] @ parts[2].transpose(2, 3) / (width // self.heads) ** 0.5
            logits = logits.masked_fill(looks == 0, torch.finfo(logits.dtype).min)
            # A row without others is uniform after the softmax; the product makes it zero.
            weight = torch.softmax(logits, dim=-1) * looks
        return (self.dropout(weight) @ parts[0]).transpose(1, 2).reshape(n, k, width)


class HyperSagnn(nn.Module):
    """Score gene sets (Zhang, Zou and Ma 2020): the mean over the set of w . (dynamic - static)^2 + b.

    static: a position-wise linear map of the gene's vector, the same in every set. dynamic: the gene's vector after
    self-attention over the set. Each assay has its own w and b.
    """

    def __init__(self, width: int, heads: int, layers: int, dropout: float, assays: int) -> None:
        super().__init__()
        self.static = nn.Linear(width, width)
        self.attention = nn.ModuleList(SetAttention(width, heads, dropout) for _ in range(layers))
        self.dropout = nn.Dropout(dropout)
        self.readout = nn.Linear(width, assays)

    def forward(self, vectors: torch.Tensor, slots: torch.Tensor, assay: torch.Tensor) -> torch.Tensor:
        """Score n sets, the smaller ones apart from the triples, which alone need queries and keys.

        Parameters
        ----------
        vectors
            float [r, d]: gene vectors.
        slots
            int64 [n, k], on the CPU: the genes of each set as rows of `vectors`, first the genes, then -1 where a slot
            is empty.
        assay
            int64 [n], on the CPU: whose weights read the score out.

        Returns
        -------
        float [n]
        """
        if slots.shape[1] <= 2:
            return self._score(vectors, slots, assay)
        score = vectors.new_zeros(len(slots))
        for rows, columns in (((slots[:, 2] < 0).nonzero()[:, 0], 2), ((slots[:, 2] >= 0).nonzero()[:, 0], 3)):
            if len(rows):
                part = self._score(vectors, slots[rows, :columns], assay[rows])
                score = score.index_copy(0, on_device(rows, score.device), part)
        return score

    def _score(self, vectors: torch.Tensor, slots: torch.Tensor, assay: torch.Tensor) -> torch.Tensor:
        """Score sets; what depends on a gene alone (static vector, first projections) is computed once a gene."""
        slots, assay = (on_device(part, vectors.device) for part in (slots, assay))
        present, rows = slots >= 0, slots.clamp(min=0)
        others = present[:, None, :] & ~torch.eye(slots.shape[1], dtype=torch.bool, device=slots.device)
        first, width, largest = self.attention[0], vectors.shape[1], slots.shape[1]
        of_genes = torch.cat([vectors, self.static(vectors), first.project(vectors, largest)], dim=1)
        gathered = functional.embedding(rows, of_genes)
        genes, static, projected = gathered.split([width, width, gathered.shape[-1] - 2 * width], dim=-1)
        dynamic = first(genes, projected, others)
        for layer in self.attention[1:]:
            dynamic = layer(dynamic, layer.project(dynamic, largest), others)
        moved = ((dynamic - static) ** 2 * present[:, :, None]).sum(dim=1) / present.sum(dim=1, keepdim=True)
        weight = functional.embedding(assay, self.readout.weight)
        return (weight * self.dropout(moved)).sum(dim=1) + self.readout.bias[assay]


ATTENTION_DROPOUT, POSITION_WISE_DROPOUT, READOUT_DROPOUT = 0.3, 0.4, 0.25
"""Shares of values put out while training, as the code fixes them."""


class WholeSetAttention(nn.Module):
    """Multi-head attention of every gene to all genes of its set, itself too, without a residual.

    Queries, keys and values are of normalised vectors, each with a layer norm of its own, and each head is as wide as
    a gene's vector.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.projections = nn.ModuleList(nn.Linear(width, heads * width, bias=False) for _ in range(3))
        for projection in self.projections:
            nn.init.normal_(projection.weight, std=width**-0.5)
        self.merge = nn.Linear(heads * width, width, bias=False)
        self.dropout = nn.Dropout(ATTENTION_DROPOUT)

    def project(self, genes: torch.Tensor) -> torch.Tensor:
        """Return queries, keys and values of gene vectors float [r, d]: float [r, 3 heads d]."""
        pairs = zip(self.projections, self.norms, strict=True)
        return torch.cat([projection(norm(genes)) for projection, norm in pairs], dim=-1)

    def forward(self, projected: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        """Let the genes of each set look at each other and at themselves.

        Parameters
        ----------
        projected
            float [n, k, 3 heads d]: `project` of the genes of each set.
        present
            bool [n, k]: which slots hold a gene; the others are not looked at.

        Returns
        -------
        float [n, k, d]
        """
        n, k, columns = projected.shape
        parts = projected.view(n, k, 3, self.heads, columns // (3 * self.heads)).permute(2, 0, 3, 1, 4)
        query, key, value = parts.unbind()
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=present[:, None, None, :])
        merged: torch.Tensor = self.dropout(self.merge(attended.transpose(1, 2).reshape(n, k, -1)))
        return merged


class ReleasedScorer(nn.Module):
    """Score gene sets by the sum over the set of w . norm(dynamic) + b; each assay has its own w and b.

    dynamic: the gene's vector after attention over the whole set and a feed-forward layer that enters as x + a f(x)
    with a scale a that starts at zero. An empty slot of a smaller set is not looked at; the released code, which was
    made for triples alone, would look at it.
    """

    def __init__(self, width: int, heads: int, assays: int) -> None:
        super().__init__()
        self.attention = WholeSetAttention(width, heads)
        self.position_wise = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Dropout(POSITION_WISE_DROPOUT),
            nn.Linear(width, width),
        )
        self.scale = nn.Parameter(torch.zeros(()))
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(READOUT_DROPOUT)
        self.readout = nn.Linear(width, assays)

    def forward(self, vectors: torch.Tensor, slots: torch.Tensor, assay: torch.Tensor) -> torch.Tensor:
        """Score n sets.

        Parameters
        ----------
        vectors
            float [r, d]: gene vectors.
        slots
            int64 [n, k], on the CPU: the genes of each set as rows of `vectors`, -1 where a slot is empty.
        assay
            int64 [n], on the CPU: whose weights read the score out.

        Returns
        -------
        float [n]
        """
        # A gene stands in many sets: its query, key and value are computed once.
        wanted, rows = slots.clamp(min=0).unique(return_inverse=True)
        wanted, rows, present, assay = (on_device(part, vectors.device) for part in (wanted, rows, slots >= 0, assay))
        projected = self.attention.project(vectors.index_select(0, wanted))
        dynamic = self.attention(functional.embedding(rows, projected), present)
        dynamic = self.norm(dynamic + self.scale * self.position_wise(dynamic))
        weight = functional.embedding(assay, self.readout.weight)[:, None, :]
        score = (weight * self.dropout(dynamic)).sum(dim=-1) + self.readout.bias[assay][:, None]
        return (score * present).sum(dim=1)


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
        """Return the merged vectors of `genes` (int64 [r], on the CPU), float [r, d]."""
        return self.vectors_and_loss(genes, genes[:0])[0]

    def vectors_and_loss(self, genes: torch.Tensor, rebuilt: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode once, for the sets and for the networks.

        Parameters
        ----------
        genes
            int64 [r], on the CPU: genes whose merged vectors are wanted.
        rebuilt
            int64 [q], on the CPU: genes whose rows are rebuilt, in each channel in which they have an edge.

        Returns
        -------
        vectors
            float [r, d].
        loss
            Sum over channels of the reconstruction loss; 0 without channels and once frozen.
        """
        device, loss = self.embedding.weight.device, self.embedding.weight.new_zeros(())
        if not len(self.encoders):
            return self.embedding.weight.index_select(0, on_device(genes, device)), loss
        if self._fixed is not None:
            return self.meta(self._fixed.index_select(1, on_device(genes, device))), loss
        firsts = self._first()
        for encoder, decoder, first in zip(self.encoders, self.decoders, firsts, strict=True):
            rows = encoder.channel.position[rebuilt]
            rows = rows[rows >= 0]
            if len(rows):
                loss = loss + decoder(encoder.second(first, on_device(rows, device)), rows)
        return self.meta(self._encoded(genes, firsts)), loss

    def _first(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        return [encoder.first(self.embedding.weight) for encoder in self.encoders]

    def _encoded(self, genes: torch.Tensor, firsts: list[tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
        """Return the vectors of `genes` in every channel, float [K, r, d]."""
        pairs = zip(self.encoders, firsts, strict=True)
        return torch.stack([encoder(self.embedding.weight, first, genes) for encoder, first in pairs])

    def score(self, vectors: torch.Tensor, slots: torch.Tensor, assay: torch.Tensor) -> torch.Tensor:
        """Score sets, float [n]; `slots` int64 [n, k], on the CPU: rows of `vectors`, -1 where a slot is empty."""
        score: torch.Tensor = self.hypergraph(vectors, slots, assay)
        return score
