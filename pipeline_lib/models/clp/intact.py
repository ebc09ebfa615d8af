"""The intact latent z_I: the pool of the cell without S, at the cost of S and its neighbours."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from pipeline_lib.models.layers.scatter import scatter_sum
from pipeline_lib.models.layers.sparse import SparseMatrix


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
        adjacencies: Sequence[sparse.sparray],
        genes: int,
        width: int,
        pooled: int,
        neighbours: int,
        *,
        metabolism: bool,
    ) -> None:
        super().__init__()
        pruned = strongest_receivers(adjacencies, genes, neighbours)
        self.network = SparseMatrix(pruned)
        by_sender = sparse.csc_array(pruned)
        counts = np.diff(by_sender.indptr)
        for name, array, dtype in (
            ("receivers", by_sender.indices, np.int64),
            ("weights", by_sender.data, np.float32),
            ("first", by_sender.indptr[:-1], np.int64),
            ("counts", counts, np.int64),
        ):
            self.register_buffer(name, torch.from_numpy(array.astype(dtype)), persistent=False)
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
        n = len(genes)
        row = torch.arange(n, device=genes.device)[:, None].expand_as(genes)
        present = genes >= 0
        row, gene = row[present], genes[present]
        counts = self.counts[gene]
        entry = torch.arange(int(counts.sum()), device=genes.device)
        entry = entry - (counts.cumsum(0) - counts).repeat_interleave(counts)
        entry = entry + self.first[gene].repeat_interleave(counts)
        silenced = pool.sent[gene.repeat_interleave(counts)] * self.weights[entry][:, None]
        # One entry for each genotype and gene touched: a receiver of two deleted genes loses both messages at once.
        keys = torch.cat([row * self.genes + gene, row.repeat_interleave(counts) * self.genes + self.receivers[entry]])
        touched, slot = torch.unique(keys, return_inverse=True)
        lost = scatter_sum(silenced, slot[len(gene) :], len(touched))
        before = pool.received[touched % self.genes]
        after = torch.tanh(before - lost)
        deleted = torch.zeros(len(touched), 1, dtype=torch.bool, device=genes.device)
        deleted[slot[: len(gene)]] = True
        change = torch.where(deleted, 0.0, after) - torch.tanh(before)
        total = scatter_sum(change, touched // self.genes, n)
        if len(blocked[0]):
            total = total - scatter_sum(pool.reaction[blocked[1]], blocked[0], n)
        return total


def strongest_receivers(adjacencies: Sequence[sparse.sparray], genes: int, neighbours: int) -> sparse.csr_array:
    """Return P [N, N]: the mean of the networks, each scaled to a largest weight of 1, `neighbours` entries a column.

    Kept weights are divided by the square root of their number, so that hubs do not drown the rest.
    """
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
