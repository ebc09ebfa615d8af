"""Route every observation to the part of the cell that its phenotype measures.

Deleting a set of genes divides the cell in two: what is gone (the genes, the complexes that miss a subunit, the
reactions without any enzyme left) and what stays. Fitness is a property of what stays, an interaction or a call one of
what is gone (the "label split"). Both parts are indices into one cell graph: no genotype has a copy of it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.gene_loss import GeneLoss, GeneRuleArrays

_FITNESS = PHENOTYPES.index("fitness")


class Part(NamedTuple):
    """A part of the cell for each of n genotypes: members of one node type as (row, index), long [k] each."""

    row: Tensor
    index: Tensor


class Perturbed(NamedTuple):
    """What genotypes lose: deleted genes, complexes with a deleted subunit, reactions without an enzyme."""

    gene: Part
    complex: Part
    reaction: Part


class Intact(NamedTuple):
    """What genotypes keep, as masks over the nodes of the cell graph: bool [n, N], [n, C] and [n, R]."""

    gene: Tensor
    complex: Tensor
    reaction: Tensor


class Labels(NamedTuple):
    """Labels of one latent: float32 [n], and bool [n], which of them there are; the others are 0 and never scored."""

    value: Tensor
    known: Tensor


class Batch(NamedTuple):
    """Observations as a model reads them: genes long [n, 3] (-1: none), what they lose, and labels by latent."""

    genes: Tensor
    perturbed: Perturbed
    intact_label: Labels
    perturbed_label: Labels


def measures_intact(phenotype: Tensor) -> Tensor:
    """Tell, bool [n], which phenotypes (long [n], positions in ``PHENOTYPES``) are read off the intact latent."""
    return phenotype == _FITNESS


class PhenotypeProcessor:
    """Divides the cell for any number of genotypes at once and routes their labels.

    Parameters
    ----------
    loss
        The gene rules.
    genes
        N, the size of the gene index.
    """

    def __init__(self, loss: GeneLoss, genes: int) -> None:
        self.loss, self.genes = loss, genes

    @classmethod
    def of(cls, stoichiometry: Mapping[str, Any]) -> Self:
        """Return the processor for the cell of ``metabolism/stoichiometry.pt``."""
        genes, reactions = int(stoichiometry["num_genes"]), int(stoichiometry["num_reactions"])
        return cls(GeneLoss(GeneRuleArrays.of(stoichiometry), genes, reactions), genes)

    def process(self, genes: Tensor, phenotype: Tensor, value: Tensor) -> Batch:
        """Return a batch of n observations.

        Parameters
        ----------
        genes
            long [n, 3], -1 where there is no gene.
        phenotype
            long [n]: positions in ``PHENOTYPES``.
        value
            float [n]; NaN where a measurement is missing: such a label is masked, whatever its phenotype.
        """
        known, intact = ~value.isnan(), measures_intact(phenotype)
        labels = (Labels(torch.where(here, value, 0.0).float(), here) for here in (known & intact, known & ~intact))
        return Batch(genes, self.perturbed(genes), *labels)

    def perturbed(self, genes: Tensor) -> Perturbed:
        """Return what genotypes (long [n, 3]) lose, each member once a row."""
        row, slot = (genes >= 0).nonzero().unbind(1)
        complexes = self.loss.lost_complexes(genes)
        return Perturbed(Part(row, genes[row, slot]), Part(*complexes), Part(*self.loss.without_enzyme(*complexes)))

    def intact(self, perturbed: Perturbed, n: int) -> Intact:
        """Return what n genotypes keep: the complement of what they lose."""
        masks = []
        for part, size in zip(perturbed, (self.genes, self.loss.num_complexes, self.loss.num_reactions), strict=True):
            mask = torch.ones(n, size, dtype=torch.bool, device=part.row.device)
            mask[part.row, part.index] = False
            masks.append(mask)
        return Intact(*masks)
