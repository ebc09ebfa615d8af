"""What the loss of genes takes with it: exact evaluation of the gene rules on the deleted set alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


@dataclass(frozen=True)
class GeneRuleArrays:
    """Gene rules in disjunctive normal form.

    Attributes
    ----------
    members
        int64 [2, K]: (gene, complex).
    owner
        int64 [C]: the reaction of each complex.
    """

    members: NDArray[np.int64]
    owner: NDArray[np.int64]

    @classmethod
    def of(cls, stoichiometry: Mapping[str, Any]) -> Self:
        """Return the rules of ``metabolism/stoichiometry.pt``."""
        complexes, reactions = stoichiometry["complex_to_reaction"].numpy()
        owner = np.empty(len(complexes), dtype=np.int64)
        owner[complexes] = reactions
        return cls(stoichiometry["gene_to_complex"].numpy(), owner)


class GeneLoss(nn.Module):
    """Gene rules in disjunctive normal form, evaluated on S in time proportional to S's own complexes.

    A complex is lost with any of its genes; a reaction is blocked when all its complexes are lost.

    Parameters
    ----------
    rules
        The rules over N genes.
    genes, reactions
        N and R.
    """

    def __init__(self, rules: GeneRuleArrays, genes: int, reactions: int) -> None:
        super().__init__()
        order = np.argsort(rules.members[0], kind="stable")
        counts = np.bincount(rules.members[0], minlength=genes)
        isozymes = np.bincount(rules.owner, minlength=reactions)
        for name, array in {
            "complexes": rules.members[1][order],
            "first": np.cumsum(counts) - counts,
            "counts": counts,
            "owner": rules.owner,
            "isozymes": isozymes,
        }.items():
            self.register_buffer(name, torch.from_numpy(array.astype(np.int64)), persistent=False)
        self.num_complexes, self.num_reactions = len(rules.owner), reactions

    def lost_complexes(self, genes: Tensor) -> tuple[Tensor, Tensor]:
        """Return (row, complex) of every complex that a genotype loses, each once.

        Parameters
        ----------
        genes
            long [n, 3], -1 where there is no gene.
        """
        row = torch.arange(len(genes), device=genes.device)[:, None].expand_as(genes)
        present = genes >= 0
        row, gene = row[present], genes[present]
        counts = self.counts[gene]
        start = self.first[gene].repeat_interleave(counts)
        step = torch.arange(len(start), device=genes.device) - (counts.cumsum(0) - counts).repeat_interleave(counts)
        complexes = self.complexes[start + step]
        # Two deleted genes of one complex lose it once.
        keys = torch.unique(row.repeat_interleave(counts) * self.num_complexes + complexes)
        return keys // max(self.num_complexes, 1), keys % max(self.num_complexes, 1)

    def blocked_reactions(self, genes: Tensor) -> tuple[Tensor, Tensor]:
        """Return (row, reaction) of every reaction that a genotype blocks, each once; see `lost_complexes`."""
        return self.without_enzyme(*self.lost_complexes(genes))

    def without_enzyme(self, row: Tensor, complexes: Tensor) -> tuple[Tensor, Tensor]:
        """Return (row, reaction) of the reactions all of whose complexes are among the lost ones (long [k] each)."""
        keys, lost = torch.unique(row * self.num_reactions + self.owner[complexes], return_counts=True)
        row, reaction = keys // self.num_reactions, keys % self.num_reactions
        blocked = lost == self.isozymes[reaction]
        return row[blocked], reaction[blocked]
