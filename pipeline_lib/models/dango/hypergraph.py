"""Hyper-SAGNN: score a set of genes by how far its context moves each of them."""

import torch
from torch import nn
from torch.nn import functional


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
            int64 [n, k]: the genes of each set as rows of `vectors`, first the genes, then -1 where a slot is empty.
        assay
            int64 [n]: whose weights read the score out.

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
                score = score.index_copy(0, rows, part)
        return score

    def _score(self, vectors: torch.Tensor, slots: torch.Tensor, assay: torch.Tensor) -> torch.Tensor:
        """Score sets; what depends on a gene alone (static vector, first projections) is computed once a gene."""
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
