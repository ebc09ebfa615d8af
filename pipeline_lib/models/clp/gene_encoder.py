"""From networks, features and a gene's own vector to its latent vector, once with the own vector and once without."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from pipeline_lib.config.models import ClpSettings
from pipeline_lib.models.clp.cell_tensors import CellArrays
from pipeline_lib.models.layers.graph_convolution import relational_convolution


class GeneStates(NamedTuple):
    """Latent vectors of all genes.

    Attributes
    ----------
    measured
        float32 [N, h]: with the own vector of genes that the training fold holds.
    unseen
        float32 [N, h]: as if training had not measured the gene; its neighbours keep their own vectors.
    """

    measured: Tensor
    unseen: Tensor


class GeneEncoder(nn.Module):
    """Relational message passing over the gene networks.

    Only genes with measurements have an own vector. What a gene is without it comes from its neighbours and features;
    that is trained on the estimates that did without the gene's profile. What a gene sends to its neighbours is a
    function of its state: a second free vector a gene was fitted to training values and did not carry over to unseen
    genes (Pearson 0.40 instead of 0.41 on validation, collins2007, one gene unseen).

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
            # Every gene has its vector, measured or not: there is nothing to learn.
            self.register_buffer("own", own)
        else:
            self.own = nn.Parameter(own)
        self.register_buffer("features", torch.from_numpy(cell.features), persistent=False)
        self.from_features = nn.ModuleList()
        if cell.features.shape[1]:
            self.from_features.append(nn.Linear(cell.features.shape[1], width))
        self.dropout = nn.Dropout(settings.dropout)
        self.convolutions, self.messages, self.norms = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        if cell.adjacencies:
            # Without features there is nothing to spread before the own vectors.
            for _ in range(settings.graph_layers if cell.features.shape[1] else 1):
                self.convolutions.append(
                    relational_convolution(settings.convolution, cell.adjacencies, settings.message_width, width)
                )
                self.messages.append(nn.Linear(width, settings.message_width, bias=False))
                self.norms.append(nn.LayerNorm(width))

    def forward(self) -> GeneStates:
        """Return the states of all genes."""
        visible = torch.ones_like(self.own[:, :1]) if self.fixed else self.measured.float()[:, None]
        own = self.dropout(self.own) * visible
        state = torch.zeros_like(own)
        for project in self.from_features:
            state = state + self.dropout(project(self.features))
        layers = list(zip(self.convolutions, self.messages, self.norms, strict=True))
        for position, (convolution, message, norm) in enumerate(layers):
            # Own vectors are sent in the last layer alone: sent before, a gene's own one would come back to it.
            sent = state + own if position == len(layers) - 1 else state
            gathered = norm(convolution(message(sent), message(state)))
            state = state + self.dropout(nn.functional.gelu(gathered))
        return GeneStates(state + own, state + own if self.fixed else state)
