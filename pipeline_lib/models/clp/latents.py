"""The intact latent z_I (the cell without S) and the perturbed latent z_P (what is special about S)."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pipeline_lib.models.layers import SparseMatrix, on_device, scatter_sum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scipy import sparse


class WholePool(NamedTuple):
    """The wild type, pooled, and the parts that a deletion takes out of it.

    Attributes
    ----------
    whole
        z_W, float32 [d].
    received
        What each gene receives before its activation, [N, d].
    sent
        What each gene sends to its neighbours, [N, d].
    reaction
        What each reaction adds to the pool, [R, d]; R = 0 without metabolism.
    """

    whole: Tensor
    received: Tensor
    sent: Tensor
    reaction: Tensor


class IntactPool(nn.Module):
    """Pool of the cell: sum_n tanh(a_n + sum_g P_ng b_g) over genes, and sum_r tanh(c_r) over reactions.

    P keeps the strongest receivers of every gene, so that a deletion disturbs a bounded number of them, and the pool
    without S differs from the whole in S, its receivers and the reactions it blocks alone: what is computed here is
    equal to pooling the cell without S from the start.

    Parameters
    ----------
    adjacencies
        Gene networks [N, N], row = receiver.
    genes
        N.
    width
        Number of channels of a gene's state.
    pooled
        d, number of channels of the pool.
    neighbours
        Receivers kept for each gene.
    metabolism
        Pool reactions as well.
    """

    def __init__(
        self,
        adjacencies: "Sequence[sparse.sparray]",
        genes: int,
        width: int,
        pooled: int,
        neighbours: int,
        *,
        metabolism: bool,
    ) -> None:
        from scipy import sparse

        super().__init__()
        pruned = strongest_receivers(adjacencies, genes, neighbours)
        self.network = SparseMatrix(pruned)
        by_sender = sparse.csc_array(pruned)
        counts = np.diff(by_sender.indptr)
        self.register_buffer("weights", torch.from_numpy(by_sender.data.astype(np.float32)), persistent=False)
        # What a deletion disturbs is looked up on the CPU, where its size is known without waiting for the device.
        self.receivers, self.first, self.counts = (
            torch.from_numpy(array.astype(np.int64)) for array in (by_sender.indices, by_sender.indptr[:-1], counts)
        )
        self.genes = genes
        self.own = nn.Linear(width, pooled)
        self.sends = nn.Linear(width, pooled, bias=False) if pruned.nnz else None
        self.reaction = nn.Linear(width, pooled) if metabolism else None

    def whole(self, state: Tensor, reactions: Tensor) -> WholePool:
        """Pool the wild type; `state` is [N, h], `reactions` [R, h] (R = 0: no metabolism)."""
        own = self.own(state)
        sent = self.sends(state) if self.sends is not None else torch.zeros_like(own)
        received = own + self.network(sent)
        reaction = own.new_zeros((0, own.shape[1]))
        if self.reaction is not None:
            reaction = torch.tanh(self.reaction(reactions))
        return WholePool(torch.tanh(received).sum(0) + reaction.sum(0), received, sent, reaction)

    def change(self, pool: WholePool, genes: Tensor, blocked: tuple[Tensor, Tensor]) -> Tensor:
        """Return z_I - z_W, float32 [n, d].

        Parameters
        ----------
        pool
            What `whole` returned.
        genes
            long [n, 3], -1 where there is no gene.
        blocked
            (row, reaction) pairs that the genotypes block.
        """
        n, device, genes = len(genes), pool.received.device, genes.cpu()
        row = torch.arange(n)[:, None].expand_as(genes)
        present = genes >= 0
        row, gene = row[present], genes[present]
        counts = self.counts[gene]
        entry = torch.arange(int(counts.sum()))
        entry = entry - (counts.cumsum(0) - counts).repeat_interleave(counts)
        entry = entry + self.first[gene].repeat_interleave(counts)
        # One entry for each genotype and gene touched: a receiver of two deleted genes loses both messages at once.
        keys = torch.cat([row * self.genes + gene, row.repeat_interleave(counts) * self.genes + self.receivers[entry]])
        touched, slot = torch.unique(keys, return_inverse=True)
        deleted = torch.zeros(len(touched), 1, dtype=torch.bool)
        deleted[slot[: len(gene)]] = True
        sender, entry, heard, place, row, deleted = (
            on_device(part, device)
            for part in (
                gene.repeat_interleave(counts),
                entry,
                slot[len(gene) :],
                touched % self.genes,
                touched // self.genes,
                deleted,
            )
        )
        lost = scatter_sum(pool.sent[sender] * self.weights[entry][:, None], heard, len(touched))
        before = pool.received[place]
        after = torch.tanh(before - lost)
        change = torch.where(deleted, 0.0, after) - torch.tanh(before)
        total = scatter_sum(change, row, n)
        if len(blocked[0]):
            rows, reactions = (on_device(part, device) for part in blocked)
            total = total - scatter_sum(pool.reaction[reactions], rows, n)
        return total


def strongest_receivers(adjacencies: "Sequence[sparse.sparray]", genes: int, neighbours: int) -> "sparse.csr_array":
    """Return P [N, N]: the mean of the networks, each scaled to a largest weight of 1, `neighbours` entries a column.

    Kept weights are divided by the square root of their number, so that hubs do not drown the rest.
    """
    from scipy import sparse

    if not adjacencies or neighbours == 0:
        return sparse.csr_array((genes, genes))
    total = sparse.csr_array((genes, genes))
    for adjacency in adjacencies:
        largest = adjacency.data.max(initial=0.0)
        if largest > 0:
            total = total + sparse.csr_array(adjacency) / (largest * len(adjacencies))
    entries = sparse.coo_array(total)
    keep = entries.row != entries.col
    row, column, value = entries.row[keep], entries.col[keep], entries.data[keep]
    order = np.lexsort((row, -value, column))
    row, column, value = row[order], column[order], value[order]
    rank = np.arange(len(column)) - _starts(column, genes)[column]
    kept = rank < neighbours
    return sparse.csr_array((value[kept] * neighbours**-0.5, (row[kept], column[kept])), shape=(genes, genes))


def _starts(sorted_column: NDArray[np.int64], genes: int) -> NDArray[np.int64]:
    counts = np.bincount(sorted_column, minlength=genes)
    return np.asarray(np.cumsum(counts) - counts, dtype=np.int64)


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
        row, reaction = (on_device(part, tables.gene.device) for part in blocked)
        genes = on_device(genes, tables.gene.device)
        present = genes >= 0
        # One look-up of whole rows; its gradient is summed by gene in one pass.
        members = nn.functional.embedding(torch.where(present, genes, tables.genes), tables.gene)
        state, query, key, value = members.chunk(4, dim=2)
        attended = self._attend(tables, (query, key, value), present, (row, reaction))
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
