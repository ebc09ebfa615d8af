"""The scorer of DANGO's released code, which differs from that of its paper.

The code compares its flag for the diagonal mask, a truth value, with the text 'True', so that neither the mask nor the
squared difference of dynamic and static vectors, which hang on it, is ever used (github.com/ma-compbio/DANGO at
eb76e7f, Code/Modules.py). What is left is one layer of attention in which a gene also looks at itself, and a sum.
"""

import torch
from torch import nn
from torch.nn import functional

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
            int64 [n, k]: the genes of each set as rows of `vectors`, -1 where a slot is empty.
        assay
            int64 [n]: whose weights read the score out.

        Returns
        -------
        float [n]
        """
        present = slots >= 0
        # A gene stands in many sets: its query, key and value are computed once.
        wanted, rows = slots.clamp(min=0).unique(return_inverse=True)
        projected = self.attention.project(vectors.index_select(0, wanted))
        dynamic = self.attention(functional.embedding(rows, projected), present)
        dynamic = self.norm(dynamic + self.scale * self.position_wise(dynamic))
        weight = functional.embedding(assay, self.readout.weight)[:, None, :]
        score = (weight * self.dropout(dynamic)).sum(dim=-1) + self.readout.bias[assay][:, None]
        return (score * present).sum(dim=1)
