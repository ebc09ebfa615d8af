"""Heads: latents to terms. Single-mutant fitness is read off the intact latent, interactions off the perturbed one."""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class SingleHead(nn.Module):
    """Single-mutant fitness relative to the wild type: G(z_I, z_W) - G(z_W, z_W), so no deletion gives exactly 0.

    Nothing is dropped at random in it: the same gene has the same fitness in every genotype of a step, and differences
    between genotypes are no noise.

    Parameters
    ----------
    pooled
        Number of channels of the pool.
    state
        Number of channels of a gene's state.
    hidden
        Width of the hidden layer.
    """

    def __init__(self, pooled: int, state: int, hidden: int) -> None:
        super().__init__()
        self.change = nn.Linear(pooled, hidden, bias=False)
        self.lost = nn.Linear(state, hidden, bias=False)
        self.whole = nn.Linear(pooled, hidden)
        self.out = nn.Linear(hidden, 1, bias=False)
        nn.init.zeros_(self.out.weight)

    def forward(self, change: Tensor, lost: Tensor, whole: Tensor) -> Tensor:
        """Return the raw effect, float32 [n].

        Parameters
        ----------
        change
            z_I - z_W, [n, d].
        lost
            Sum of the states of the lost genes, [n, h].
        whole
            z_W over the number of its parts, [d].
        """
        base, moved = self.whole(whole), self.change(change) + self.lost(lost)
        # Both terms have one shape, so that no change gives the same bits twice and their difference is exactly 0.
        difference = nn.functional.elu(base + moved) - nn.functional.elu(base + torch.zeros_like(moved))
        return torch.as_tensor(self.out(difference)[:, 0])


class Correction(NamedTuple):
    """What the network adds to closed-form terms: value [n] and logarithmic SD [n], in units of the terms' SD."""

    value: Tensor
    log_sd: Tensor


class InteractionHead(nn.Module):
    """Correction of the interaction or of the log odds of a call, from z_P and the closed-form evidence.

    Parameters
    ----------
    latent
        Width of z_P with the evidence.
    hidden
        Width of the hidden layer.
    dropout
        Dropout of the hidden layer.
    """

    outputs = 2

    def __init__(self, latent: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.hidden = nn.Linear(latent, hidden)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hidden, self.outputs)
        # The network starts at the closed form.
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.spread = nn.Linear(hidden, 1)
        nn.init.zeros_(self.spread.weight)
        nn.init.zeros_(self.spread.bias)

    def forward(self, latent: Tensor, is_call: Tensor) -> Correction:
        """Return the correction of each row's own phenotype (`is_call` bool [n]) from [n, latent]."""
        hidden = self.dropout(nn.functional.gelu(self.hidden(latent)))
        both = self.out(hidden)
        return Correction(torch.where(is_call, both[:, 1], both[:, 0]), self.spread(hidden.detach())[:, 0])


class AssayScale(nn.Module):
    """The gain of each assay on what the network adds, the level of its spread, and the share that is kept.

    Rows beyond the seen assays (one a phenotype) answer for assays that training never saw: the mean of those of their
    phenotype.

    Parameters
    ----------
    phenotypes
        long [A + P]: the phenotype of each row; the last P rows are the unseen ones.
    unseen
        P.
    """

    def __init__(self, phenotypes: Tensor, unseen: int) -> None:
        super().__init__()
        self.seen = len(phenotypes) - unseen
        of_phenotype = (phenotypes[self.seen :, None] == phenotypes[None, : self.seen]).float()
        # Row p averages the assays of phenotype p; a phenotype without any keeps gain 1.
        mean = of_phenotype / of_phenotype.sum(1, keepdim=True).clamp_min(1)
        self.register_buffer("mean_of_phenotype", mean, persistent=False)
        self.register_buffer("share", torch.ones(self.seen))
        self.log_gain = nn.Parameter(torch.zeros(self.seen))
        self.level = nn.Parameter(torch.zeros(self.seen))

    def gain(self, assay: Tensor) -> Tensor:
        """Return what multiplies the correction of each row, of the shape of `assay` (long, positions of assays)."""
        gain, share = self._with_unseen(self.log_gain).exp(), self._with_unseen(self.share)
        return gain[assay] * share[assay]

    def spread(self, assay: Tensor) -> Tensor:
        """Return the level of the logarithmic SD of each row."""
        return self._with_unseen(self.level)[assay]

    def _with_unseen(self, row: Tensor) -> Tensor:
        return torch.cat([row, self.mean_of_phenotype @ row])
