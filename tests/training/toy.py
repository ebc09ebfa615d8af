"""A network of two lines, for tests of the loop: what it does is known in closed form."""

import torch
from torch import nn

from pipeline_lib.artefacts.schemas import PHENOTYPES


class Linear(nn.Module):
    """Predict w x + b; the spread is one learned number."""

    def __init__(self, features=4, seed=0):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.weight = nn.Parameter(torch.randn(features, generator=generator) * 0.1)
        self.bias = nn.Parameter(torch.zeros(1))
        self.log_sd = nn.Parameter(torch.zeros(1))
        self.dropout = nn.Dropout(0.1)
        self.encodings = 0

    def encode(self):
        self.encodings += 1
        return self.weight

    def decode(self, encoded, columns):
        mean = self.dropout(columns["x"]) @ encoded + self.bias
        return mean, self.log_sd.expand_as(mean)

    def spread_parameters(self):
        return [self.log_sd]


def columns(n=200, features=4, seed=0, calls=False):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, features, generator=generator)
    truth = torch.arange(1.0, features + 1)
    target = x @ truth + 0.1 * torch.randn(n, generator=generator)
    return {
        "x": x,
        "target": (target > 0).float() if calls else target,
        "weight": torch.ones(n),
        "assay": torch.arange(n) % 2,
        "phenotype": torch.full((n,), PHENOTYPES.index("call" if calls else "interaction")),
        "is_call": torch.full((n,), calls),
    }
