"""From networks, reactions and a gene's own vector to its latent vector."""

import torch
from torch import Tensor, nn

from pipeline_lib.config.clp import ClpSettings
from pipeline_lib.models.clp.cell_tensors import CellArrays
from pipeline_lib.models.layers.graph_convolution import relational_convolution


class GeneEncoder(nn.Module):
    """Relational message passing over the gene networks.

    Only genes with measurements have an own vector, and in training it is hidden at random, so that the latent of a
    gene that no screen holds, which comes from its neighbours and reactions alone, has been trained too. What a gene
    says to its neighbours is a function of its state: a second free vector a gene was learned by heart and told
    nothing of unseen genes (Pearson 0.40 instead of 0.41 on validation, collins2007, one gene unseen).

    Parameters
    ----------
    cell
        The cell in index form.
    settings
        Section ``models.clp``.
    measured
        bool [N]: genes that the training fold holds.
    """

    def __init__(self, cell: CellArrays, settings: ClpSettings, measured: Tensor) -> None:
        super().__init__()
        width = settings.hidden
        self.register_buffer("measured", measured, persistent=False)
        own = torch.randn(cell.genes, width) * width**-0.5
        self.fixed = settings.genes == "random"
        if self.fixed:
            # Every gene has its vector, measured or not: there is nothing to learn and nothing to hide.
            self.register_buffer("own", own)
        else:
            self.own = nn.Parameter(own)
        self.mask_share = settings.gene_mask
        self.dropout = nn.Dropout(settings.dropout)
        self.convolutions = nn.ModuleList()
        if cell.adjacencies:
            for layer in range(settings.graph_layers):
                self.convolutions.append(
                    relational_convolution(settings.convolution, cell.adjacencies, settings.message_width, width)
                )
                self.add_module(f"message_{layer}", nn.Linear(width, settings.message_width, bias=False))
                self.add_module(f"norm_{layer}", nn.LayerNorm(width))

    def visible(self) -> Tensor:
        """Return which genes may speak for themselves in this step, float32 [N, 1]."""
        if self.fixed:
            return torch.ones_like(self.measured, dtype=torch.float32)[:, None]
        seen = self.measured.float()
        if self.training and self.mask_share > 0:
            seen = seen * (torch.rand_like(seen) >= self.mask_share)
        return seen[:, None]

    def forward(self, visible: Tensor, profile: Tensor | None) -> Tensor:
        """Return gene states [N, h].

        Parameters
        ----------
        visible
            float32 [N, 1] out of `visible`.
        profile
            What a gene's measured profile says of it [N, h], or None.
        """
        own = self.own if profile is None else self.own + profile
        state = self.dropout(own) * visible
        for layer, convolution in enumerate(self.convolutions):
            message = getattr(self, f"message_{layer}")(state)
            gathered = getattr(self, f"norm_{layer}")(convolution(message))
            state = state + self.dropout(nn.functional.gelu(gathered))
        return state
