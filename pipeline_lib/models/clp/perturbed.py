"""The perturbed latent z_P: what is special about the deleted set, whatever its order."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from pipeline_lib.models.layers.scatter import scatter_sum


class SetTables(NamedTuple):
    """States, queries, keys and values of every gene [N, h each], keys and values of every reaction [R, h]."""

    state: Tensor
    query: Tensor
    key: Tensor
    value: Tensor
    reaction_key: Tensor
    reaction_value: Tensor


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
        query, key, value = self.projection(state).chunk(3, dim=1)
        if self.reaction is None:
            return SetTables(state, query, key, value, reactions, reactions)
        reaction_key, reaction_value = self.reaction(reactions).chunk(2, dim=1)
        return SetTables(state, query, key, value, reaction_key, reaction_value)

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
        index = genes.clamp_min(0)
        shown = present[:, :, None]
        state = torch.where(shown, tables.state[index], 0.0)
        attended = self._attend(tables, index, present, blocked)
        total = state.sum(1)
        # Sums over pairs by sums over genes: sum_{i<j} x_i x_j = ((sum x)^2 - sum x^2) / 2.
        products = 0.5 * (total.square() - state.square().sum(1))
        differences = torch.zeros_like(total)
        for i, j in ((0, 1), (0, 2), (1, 2)):
            both = (present[:, i] & present[:, j])[:, None]
            differences = differences + torch.where(both, (state[:, i] - state[:, j]).abs(), 0.0)
        return attended, total, products, differences

    def _attend(self, tables: SetTables, index: Tensor, present: Tensor, blocked: tuple[Tensor, Tensor]) -> Tensor:
        """Return the sum of what the genes attend to, [n, h].

        The attended members are the first axis of all scores: a softmax over three or four neighbours in memory takes
        thirty times as long as one over that axis.
        """
        n, width = len(index), tables.query.shape[1]
        query = tables.query[index] * (width // self.heads) ** -0.5
        keys = [tables.key[gene] for gene in index.unbind(1)]
        values = [tables.value[gene] for gene in index.unbind(1)]
        shown = present
        row, reaction = blocked
        if len(row):
            has = torch.zeros(n, 1, dtype=torch.bool, device=index.device)
            has[row] = True
            # Many blocked reactions must not drown the genes: the sum is damped like its square root.
            damp = scatter_sum(torch.ones(len(row), 1, device=index.device), row, n).clamp_min(1).rsqrt()
            keys.append(scatter_sum(tables.reaction_key[reaction], row, n) * damp)
            values.append(scatter_sum(tables.reaction_value[reaction], row, n) * damp)
            shown = torch.cat([present, has], 1)
        scores = torch.stack([(query * key[:, None]).view(n, 3, self.heads, -1).sum(-1) for key in keys])
        scores = scores.masked_fill(~shown.T[:, :, None, None], -1e9)
        # The set's latent is the sum over its genes, so what each is attended with is summed first.
        weights = (scores.softmax(0) * present[:, :, None]).sum(2)
        heads = [
            value.view(n, self.heads, -1) * weight[:, :, None] for value, weight in zip(values, weights, strict=True)
        ]
        return self.merge(torch.stack(heads).sum(0).reshape(n, width))
