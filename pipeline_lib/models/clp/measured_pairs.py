"""What training measured of the pairs within three deleted genes: known before the triple is made, and foretelling."""

import torch
from torch import Tensor, nn

from pipeline_lib.models.clp.profiles import Profiles

PAIRS = ([0, 0, 1], [1, 2, 2])
"""Slots of the first and of the second gene of a triple's three pairs."""


class MeasuredPairs(nn.Module):
    """Features of a triple from the digenic values of its three pairs, whatever their order.

    The trigenic score is defined relative to the three digenic ones, so a triple whose pairs interact is not one whose
    pairs do not (Kuzmin et al. 2018, doi 10.1126/science.aao1729). A pair's own value never reaches its own
    prediction: genotypes of fewer than three genes have zeros.
    """

    features = 6

    def __init__(self, profiles: Profiles) -> None:
        super().__init__()
        self.register_buffer("effect", torch.from_numpy(profiles.effect), persistent=False)

    def whole(self, value: Tensor, known: Tensor) -> Tensor:
        """Return the value of every pair with both effects, float32 [K, K]; NaN where it was not measured.

        Parameters
        ----------
        value, known
            float32 [K, K]: profiles as this step may read them.
        """
        both = value + self.effect[:, None] + self.effect[None, :]
        return torch.where(known > 0, both, torch.nan)

    def forward(self, whole: Tensor, column: Tensor, genes: Tensor, estimates: Tensor) -> Tensor:
        """Return features of genotypes, float32 [n, 6]: sum, least, greatest, product sum, number measured, triple.

        Parameters
        ----------
        whole
            What `whole` returned.
        column
            long [N]: position of each gene among the profiled ones, -1 where there is none to read.
        genes
            long [n, 3], -1 where there is no gene.
        estimates
            float32 [n, 3]: what stands in for the pairs (0, 1), (0, 2), (1, 2) that nobody measured.
        """
        features = estimates.new_zeros((len(genes), self.features))
        rows = (genes >= 0).all(1).nonzero()[:, 0]
        if not len(rows):
            return features
        place = column[genes[rows]]
        first, second = (place[:, slots] for slots in PAIRS)
        there = (first >= 0) & (second >= 0)
        measured = whole.view(-1)[first.clamp_min(0) * len(whole) + second.clamp_min(0)]
        seen = there & ~measured.isnan()
        pairs = torch.where(seen, measured, estimates[rows])
        total = pairs.sum(1)
        products = 0.5 * (total.square() - pairs.square().sum(1))
        parts = [total, pairs.amin(1), pairs.amax(1), products, seen.sum(1), torch.ones_like(total)]
        return features.index_copy(0, rows, torch.stack(parts, 1))
