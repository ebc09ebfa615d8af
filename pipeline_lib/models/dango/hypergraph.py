"""Hyper-SAGNN: score a set of genes by how far its context moves each of them."""

import torch
from torch import nn
from torch.nn import functional


class SetAttention(nn.Module):
    """One ReZero layer in which every gene looks at the other genes of its set and never at itself.

    x + a f(x), with a single scale a that starts at zero (Bachlechner et al. 2021), for multi-head attention and then
    for a feed-forward layer. A gene alone in its set has nobody to look at: its attention is zero.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.merge = nn.Linear(width, width, bias=False)
        self.forward_layers = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.dropout = nn.Dropout(dropout)
        self.scale = nn.Parameter(torch.zeros(()))

    def forward(self, genes: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        """Return float [n, k, d] from gene vectors float [n, k, d]; `others` bool [n, k, k]: who may look at whom."""
        genes = genes + self.scale * self.dropout(self._attend(genes, others))
        return genes + self.scale * self.dropout(self.forward_layers(genes))

    def _attend(self, genes: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        n, k, width = genes.shape
        query, key, value = (
            layer(genes).view(n, k, self.heads, width // self.heads).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        logits = query @ key.transpose(2, 3) / (width // self.heads) ** 0.5
        logits = logits.masked_fill(~others[:, None], torch.finfo(logits.dtype).min)
        # A row without others is uniform after the softmax; the mask then makes it zero.
        weight = torch.softmax(logits, dim=-1) * others[:, None]
        return self.merge((weight @ value).transpose(1, 2).reshape(n, k, width))


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

    def forward(self, genes: torch.Tensor, present: torch.Tensor, assay: torch.Tensor) -> torch.Tensor:
        """Score n sets.

        Parameters
        ----------
        genes
            float [n, k, d]: vectors of the genes of each set, anything where a slot is empty.
        present
            bool [n, k]: which slots hold a gene.
        assay
            int64 [n]: whose weights read the score out.

        Returns
        -------
        float [n]
        """
        itself = torch.eye(genes.shape[1], dtype=torch.bool, device=genes.device)
        others = present[:, None, :] & ~itself
        dynamic = genes
        for layer in self.attention:
            dynamic = layer(dynamic, others)
        moved = (dynamic - self.static(genes)) ** 2 * present[:, :, None]
        moved = moved.sum(dim=1) / present.sum(dim=1, keepdim=True)
        return (
            functional.embedding(assay, self.readout.weight).mul(self.dropout(moved)).sum(dim=1)
            + (self.readout.bias[assay])
        )
