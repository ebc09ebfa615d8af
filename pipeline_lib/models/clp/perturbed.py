"""The perturbed latent z_P: what is special about the deleted set, whatever its order."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from pipeline_lib.models.layers.scatter import scatter_sum


class SetTables(NamedTuple):
    """What sets of genes are read from.

    Attributes
    ----------
    gene
        State, query, key and value of every gene, float32 [N + 1, 4h]; the last row, of no gene, is 0.
    reaction
        Key and value of every reaction, float32 [R, 2h]; R = 0 without metabolism.
    """

    gene: Tensor
    reaction: Tensor

    @property
    def genes(self) -> int:
        """Number of genes, N."""
        return len(self.gene) - 1


class PerturbedSet(nn.Module):
    """Attention over the set of deleted genes and the reactions they block.

    Multi-head attention (Vaswani et al. 2017) without positions, as in the set transformer (Lee et al. 2019). Queries,
    keys and values depend on the gene alone, so they are computed once for all genes, not once a genotype.

    Parameters
    ----------
    width
        h, number of channels.
    heads
        Number of attention heads; divides `width`.
    """

    def __init__(self, width: int, heads: int, *, metabolism: bool) -> None:
        super().__init__()
        self.heads = heads
        self.projection = nn.Linear(width, 3 * width)
        self.reaction = nn.Linear(width, 2 * width) if metabolism else None
        self.merge = nn.Linear(width, width)

    def tables(self, state: Tensor, reactions: Tensor) -> SetTables:
        """Project every gene (state [N, h]) and every reaction ([R, h]; R = 0: no metabolism) once."""
        gene = torch.cat([state, self.projection(state)], 1)
        reaction = reactions if self.reaction is None else self.reaction(reactions)
        return SetTables(torch.cat([gene, gene.new_zeros(1, gene.shape[1])]), reaction)

    def forward(self, tables: SetTables, genes: Tensor, blocked: tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
        """Return z_P in parts, float32 [n, h] each: attended set, sum, products and absolute differences of pairs.

        Parameters
        ----------
        tables
            What `tables` returned.
        genes
            long [n, 3], -1 where there is no gene.
        blocked
            (row, reaction) pairs that the genotypes block.
        """
        present = genes >= 0
        # One look-up of whole rows; its gradient is summed by gene in one pass.
        members = nn.functional.embedding(torch.where(present, genes, tables.genes), tables.gene)
        state, query, key, value = members.chunk(4, dim=2)
        attended = self._attend(tables, (query, key, value), present, blocked)
        total = state.sum(1)
        # Sums over pairs by sums over genes: sum_{i<j} x_i x_j = ((sum x)^2 - sum x^2) / 2.
        products = 0.5 * (total.square() - state.square().sum(1))
        differences = torch.zeros_like(total)
        for i, j in ((0, 1), (0, 2), (1, 2)):
            both = (present[:, i] & present[:, j])[:, None]
            differences = differences + (state[:, i] - state[:, j]).abs() * both
        return attended, total, products, differences

    def _attend(
        self, tables: SetTables, members: tuple[Tensor, ...], present: Tensor, blocked: tuple[Tensor, Tensor]
    ) -> Tensor:
        """Return the sum of what the genes attend to, [n, h].

        The attended members are the first axis of all scores: a softmax over three or four neighbours in memory takes
        thirty times as long as one over that axis.
        """
        query, key, value = members
        n, _, width = query.shape
        query = query * (width // self.heads) ** -0.5
        keys, values = list(key.unbind(1)), list(value.unbind(1))
        attended = present
        row, reaction = blocked
        if len(row):
            has = torch.zeros(n, 1, dtype=torch.bool, device=query.device)
            has[row] = True
            # Many blocked reactions must not drown the genes: the sum is damped like its square root.
            damp = scatter_sum(torch.ones(len(row), 1, device=query.device), row, n).clamp_min(1).rsqrt()
            total = scatter_sum(nn.functional.embedding(reaction, tables.reaction), row, n) * damp
            keys.append(total[:, :width])
            values.append(total[:, width:])
            attended = torch.cat([present, has], 1)
        scores = torch.stack([(query * key[:, None]).view(n, 3, self.heads, -1).sum(-1) for key in keys])
        scores = scores.masked_fill(~attended.T[:, :, None, None], -1e9)
        # The set's latent is the sum over its genes, so what each is attended with is summed first.
        weights = (scores.softmax(0) * present[:, :, None]).sum(2)
        heads = [
            value.view(n, self.heads, -1) * weight[:, :, None] for value, weight in zip(values, weights, strict=True)
        ]
        return self.merge(torch.stack(heads).sum(0).reshape(n, width))
