"""What the network neighbours of a gene were measured to do, network by network."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from pipeline_lib.cell.gene_loss import GeneRuleArrays
from pipeline_lib.models.layers.diffusion import diffused
from pipeline_lib.models.layers.sparse import SparseMatrix, indicator

_PRIOR = 3.0
"""Initial weight of "no interaction" beside neighbours that weigh 1 on average."""
_NEAREST = 60
"""Profiled genes that a gene keeps of its diffusion."""


class Told(NamedTuple):
    """What a gene's neighbours may tell in one step.

    Attributes
    ----------
    profiles
        float32 [K, K, 3]: measured value (0 where there is none), whether there is one, completed value.
    effect
        float32 [K]: what a gene adds to each of its values.
    seen
        float32 [K, 1]: 0 for a gene whose profile is hidden in this step.
    stranger
        float32 [N, 1]: 1 for a gene without a profile, which takes the effects of its neighbours too.
    """

    profiles: Tensor
    effect: Tensor
    seen: Tensor
    stranger: Tensor


class Neighbourhood(nn.Module):
    """Weighted mean profiles of a gene's neighbours, two channels a relation.

    One mean is over what was measured of the neighbours, the other over their completed profiles, which say something
    of every pair. A learned prior a relation shrinks the means of few neighbours towards 0.

    Parameters
    ----------
    relations
        Weights [N, N], row = the gene that asks; they are squared, so that sure edges count for more. The diffusion
        over all of them is one relation more.
    profiled
        int64 [K].
    """

    def __init__(self, relations: Sequence[sparse.sparray], profiled: NDArray[np.int64]) -> None:
        super().__init__()
        weights = [sparse.csr_array(relation)[:, profiled] for relation in relations]
        weights = [_mean_one(weight**2) for weight in (*weights, diffused(relations, profiled, _NEAREST))]
        self.relations = len(weights)
        self.channels = 2 * self.relations
        self.weights = nn.ModuleList(SparseMatrix(weight) for weight in weights)
        entries = [sparse.coo_array(weight) for weight in weights]
        row, column, value = (
            np.concatenate([getattr(part, name) for part in entries]) for name in ("row", "col", "data")
        )
        relation = np.repeat(np.arange(len(entries)), [part.nnz for part in entries])
        by_row = np.argsort(row, kind="stable")
        counts = np.bincount(row, minlength=weights[0].shape[0])
        for name, array, dtype in (
            ("column", column[by_row], np.int64), ("weight", value[by_row], np.float32),
            ("relation", relation[by_row], np.int64), ("counts", counts, np.int64),
            ("first", np.cumsum(counts) - counts, np.int64),
        ):  # fmt: skip
            self.register_buffer(name, torch.from_numpy(array.astype(dtype)), persistent=False)
        self.measured_prior = nn.Parameter(torch.full((self.relations,), _PRIOR))
        self.completed_prior = nn.Parameter(torch.full((self.relations,), _PRIOR))

    def of_pairs(self, told: Told, gene: Tensor, other: Tensor) -> Tensor:
        """Return what the neighbours of genes tell of pairs, float32 [n, channels], at the cost of those pairs alone.

        Parameters
        ----------
        told
            The profiles.
        gene, other
            long [n] each: the gene that asks, and the position of the other one among the profiled genes.
        """
        size = len(told.effect)
        counts = self.counts[gene]
        pair = torch.repeat_interleave(torch.arange(len(gene), device=gene.device), counts)
        entry = torch.arange(len(pair), device=gene.device) - (counts.cumsum(0) - counts)[pair] + self.first[gene][pair]
        column, place = self.column[entry], pair * self.relations + self.relation[entry]
        weight = self.weight[entry] * told.seen[column, 0]
        parts = told.profiles.view(-1, 3)[column * size + other[pair]]
        by_gene = torch.stack([weight, weight * told.effect[column]], 1)
        sums = torch.zeros(len(gene) * self.relations, 5, device=gene.device)
        sums = sums.index_add(0, place, torch.cat([parts * weight[:, None], by_gene], 1))
        value, known, completed, total, effect = sums.view(len(gene), self.relations, 5).unbind(2)
        stranger = told.stranger[gene]
        prior = functional.softplus(self.completed_prior)
        added = stranger * effect / (total + prior)
        measured = value / (known + functional.softplus(self.measured_prior))
        return torch.cat([measured + added, completed / (total + prior) + added], 1)

    def of_all(self, told: Told, table: Tensor) -> None:
        """Write the same of every gene and every profiled one into `table`, float32 [N, K, channels]."""
        size = len(told.effect)
        flat = told.profiles.permute(0, 2, 1).reshape(size, -1)
        columns = torch.cat([flat, torch.ones_like(told.seen), told.effect[:, None]], 1) * told.seen
        for relation, weights in enumerate(self.weights):
            sums = weights(columns)
            value, known, completed, total, effect = sums.split([size, size, size, 1, 1], dim=1)
            prior = functional.softplus(self.completed_prior[relation])
            added = told.stranger * effect / (total + prior)
            measured = value / (known + functional.softplus(self.measured_prior[relation]))
            table[:, :, relation] = measured + added
            table[:, :, self.relations + relation] = completed / (total + prior) + added


def metabolic_relations(rules: GeneRuleArrays, genes: int, reactions: int) -> list[sparse.csr_array]:
    """Return which genes share an enzyme complex and which share a reaction, 0/1 [N, N] each, without a diagonal."""
    gene, complex_index = rules.members
    complexes = indicator(gene, complex_index, (genes, len(rules.owner)))
    catalysed = indicator(gene, rules.owner[complex_index], (genes, reactions))
    relations = []
    for membership in (complexes, catalysed):
        shared = sparse.coo_array(membership @ membership.T)
        apart = shared.row != shared.col
        relations.append(indicator(shared.row[apart], shared.col[apart], (genes, genes)))
    return relations


def _mean_one(weight: sparse.csr_array) -> sparse.csr_array:
    return weight / weight.data.mean() if weight.nnz else weight
