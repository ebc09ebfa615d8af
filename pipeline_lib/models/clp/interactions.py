"""Interactions: the perturbed latent z_P and the closed-form evidence, read by one head for every set of genes."""

import torch
from torch import Tensor, nn

from pipeline_lib.config.models import ClpSettings
from pipeline_lib.models.clp.heads import Correction, InteractionHead
from pipeline_lib.models.clp.perturbed import PerturbedSet, SetTables
from pipeline_lib.models.clp.singles import Blocked, Cells
from pipeline_lib.models.clp.terms import EVIDENCE


class PerturbedInteractions(nn.Module):
    """Corrections of epsilon, tau and calls.

    Parameters
    ----------
    settings
        Section ``models.clp``.
    blocked
        What genotypes block.
    """

    def __init__(self, settings: ClpSettings, blocked: Blocked) -> None:
        super().__init__()
        width = settings.hidden
        self.perturbed = PerturbedSet(width, settings.attention_heads, metabolism=settings.hypergraph != "off")
        self.head = InteractionHead(4 * width + len(EVIDENCE) + 1, 2 * width, settings.dropout)
        self._blocked = blocked

    def spread_parameters(self) -> list[nn.Parameter]:
        """Return the parameters of the predicted SD."""
        return list(self.head.spread.parameters())

    def tables(self, cells: Cells, reactions: Tensor) -> SetTables:
        """Project every gene once, as measured [N] and as an unseen one [N], one after the other."""
        return self.perturbed.tables(torch.cat(list(cells.states)), reactions)

    def forward(
        self, tables: SetTables, genes: Tensor, unseen: Tensor, evidence: Tensor, is_call: Tensor
    ) -> Correction:
        """Return the correction of sets of genes.

        Parameters
        ----------
        tables
            What `tables` returned.
        genes
            long [n, 3], -1 where there is no gene.
        unseen
            bool [n, 3]: genes that the evidence did without.
        evidence
            float32 [n, k]: `pipeline_lib.models.clp.terms.EVIDENCE`.
        is_call
            bool [n].
        """
        count = tables.genes // 2
        rows = torch.where(genes >= 0, genes + count * unseen, genes)
        latent = self.perturbed(tables, rows, self._blocked(genes))
        triple = (genes >= 0).all(1, keepdim=True).to(evidence.dtype)
        correction: Correction = self.head(torch.cat([*latent, evidence, triple], 1), is_call)
        return correction
