"""A network under check, and what a check found."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pipeline_lib.config.clp import ClpSettings
from pipeline_lib.models.clp.cell_tensors import CellArrays
from pipeline_lib.models.clp.network import ClpNetwork


@dataclass(frozen=True)
class Check:
    """One invariant: what it states, whether it held, and the number that shows it."""

    name: str
    statement: str
    held: bool
    detail: str


@dataclass(frozen=True)
class Subject:
    """A network in evaluation mode, the cell it was built on, and a batch."""

    network: ClpNetwork
    cell: CellArrays
    settings: ClpSettings
    columns: Mapping[str, Tensor]


def with_random_weights(network: ClpNetwork, seed: int = 0) -> ClpNetwork:
    """Return a copy in evaluation mode whose weights of 0 are random: a correction of 0 would keep every invariant."""
    twin = copy.deepcopy(network).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in twin.modules():
            if isinstance(module, nn.Linear) and not module.weight.any():
                drawn = torch.randn(module.weight.shape, generator=generator) * module.in_features**-0.5
                module.weight.copy_(drawn)
    return twin
