"""What training measured of the pairs within three deleted genes: known before the triple is made, and foretelling."""

import torch
from torch import Tensor, nn

from pipeline_lib.models.clp.profiles import Profiles

_PAIRS = ((0, 1), (0, 2), (1, 2))


class MeasuredPairs(nn.Module):
    """Features of a triple from the digenic values of its three pairs, whatever their order.

    The trigenic score is defined relative to the three digenic ones, so a triple whose pairs interact is not one whose
    pairs do not (Kuzmin et al. 2018, doi 10.1126/science.aao1729). A pair's own value never reaches its own
    prediction: genotypes of fewer than three genes have zeros.
    """

    features = 6

    def __init__(self, profiles: Profiles) -> None:
        super().__init__()
        effect = torch.from_numpy(profiles.effect)
        self.register_buffer("effect", effect, persistent=False)

    def forward(self, value: Tensor, known: Tensor, column: Tensor, genes: Tensor, estimates: Tensor) -> Tensor:
        """Return features of genotypes, float32 [n, 6]: sum, least, greatest, product sum, number measured, triple.

        Parameters
        ----------
        value, known
            float32 [K, K]: profiles as this step may read them.
        column
            long [N]: position of each gene among the profiled ones, -1 where there is none to read.
        genes
            long [n, 3], -1 where there is no gene.
        estimates
            float32 [n, 3]: what stands in for the pairs (0, 1), (0, 2), (1, 2) that nobody measured.
        """
        place = column[genes.clamp_min(0)]
        measured, has = [], []
        for i, j in _PAIRS:
            a, b = place[:, i], place[:, j]
            there = (a >= 0) & (b >= 0)
            a, b = a.clamp_min(0), b.clamp_min(0)
            has.append(there & (known[a, b] > 0))
            measured.append(value[a, b] + self.effect[a] + self.effect[b])
        seen = torch.stack(has, 1)
        pairs = torch.where(seen, torch.stack(measured, 1), estimates)
        total = pairs.sum(1)
        products = 0.5 * (total.square() - pairs.square().sum(1))
        parts = [total, pairs.amin(1), pairs.amax(1), products, seen.sum(1), torch.ones_like(total)]
        return torch.where((genes >= 0).all(1)[:, None], torch.stack(parts, 1), 0.0)
