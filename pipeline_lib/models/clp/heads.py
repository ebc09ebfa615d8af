"""Heads: latents to values. Fitness is read off the intact latent, interactions and calls off the perturbed one."""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Read(NamedTuple):
    """A head's raw value [n] and logarithmic SD [n], before the assay's own scale and shift."""

    value: Tensor
    log_sd: Tensor


class FitnessHead(nn.Module):
    """Fitness relative to the wild type: raw(S) = G(z_I, z_W) - G(z_W, z_W), so no deletion gives exactly 0.

    Parameters
    ----------
    pooled
        Number of channels of the pool.
    hidden
        Width of the hidden layer.
    dropout
        Dropout of the hidden layer.
    """

    def __init__(self, pooled: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.change = nn.Linear(pooled, hidden, bias=False)
        self.whole = nn.Linear(pooled, hidden)
        self.out = nn.Linear(hidden, 1, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.spread = nn.Linear(hidden, 1)

    def forward(self, change: Tensor, whole: Tensor, parts: int) -> Read:
        """Return the raw fitness effect.

        Parameters
        ----------
        change
            z_I - z_W, [n, d].
        whole
            z_W, [d].
        parts
            Number of genes and reactions in the pool.
        """
        base, moved = self.whole(whole / parts), self.change(change)
        # Both terms have one shape, so that no change gives the same bits twice and their difference is exactly 0.
        difference = nn.functional.elu(base + moved) - nn.functional.elu(base + torch.zeros_like(moved))
        difference = self.dropout(difference)
        return Read(self.out(difference)[:, 0], self.spread(difference.detach())[:, 0])


class InteractionHead(nn.Module):
    """Interaction and call of a set of two or three deletions, from z_P.

    A bilinear term (products of latents, as in a symmetric low-rank factorisation) beside a hidden layer.

    Parameters
    ----------
    latent
        Width of z_P.
    hidden
        Width of the hidden layer.
    dropout
        Dropout of z_P's hidden layer.
    """

    outputs = 2

    def __init__(self, latent: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(latent, self.outputs)
        self.hidden = nn.Linear(latent, hidden)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hidden, self.outputs)
        self.spread = nn.Linear(hidden, 1)

    def forward(self, latent: Tensor, is_call: Tensor) -> Read:
        """Return the raw value of each row's own phenotype (`is_call` bool [n]) from z_P [n, latent]."""
        hidden = self.dropout(nn.functional.gelu(self.hidden(latent)))
        both = self.linear(latent) + self.out(hidden)
        value = torch.where(is_call, both[:, 1], both[:, 0])
        return Read(value, self.spread(hidden.detach())[:, 0])


class AssayScale(nn.Module):
    """A learned gain and shift an assay, and the level of its spread.

    Rows beyond the seen assays (one a phenotype) answer for assays that training never saw: the mean of those alike.

    Parameters
    ----------
    phenotypes
        long [A + P]: the phenotype of each row; the last P rows are the unseen ones.
    unseen
        P.
    """

    def __init__(self, phenotypes: Tensor, unseen: int) -> None:
        super().__init__()
        seen = len(phenotypes) - unseen
        alike = (phenotypes[seen:, None] == phenotypes[None, :seen]).float()
        # Row p averages the assays of phenotype p; a phenotype without any keeps gain 1 and shift 0.
        self.register_buffer("alike", alike / alike.sum(1, keepdim=True).clamp_min(1), persistent=False)
        self.log_gain = nn.Parameter(torch.zeros(seen))
        self.shift = nn.Parameter(torch.zeros(seen))
        self.level = nn.Parameter(torch.zeros(seen))

    def forward(self, read: Read, assay: Tensor, shifted: Tensor) -> tuple[Tensor, Tensor]:
        """Return value and logarithmic SD in units of the assay's SD, float32 [n] each.

        Parameters
        ----------
        read
            The head's output.
        assay
            long [n].
        shifted
            bool [n]: False where there is no deletion, so that the wild type keeps its value.
        """
        log_gain, shift, level = (
            torch.cat([row, self.alike @ row])[assay] for row in (self.log_gain, self.shift, self.level)
        )
        value = log_gain.exp() * read.value + torch.where(shifted, shift, 0.0)
        return value, (read.log_sd + level).clamp(-5.0, 3.0)
