"""A running average of the weights, which predicts better than the last weights do."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """Exponential moving average of a network's parameters (Polyak and Juditsky 1992, with exponential forgetting).

    Parameters
    ----------
    network
        Whose parameters are averaged.
    decay
        Share of the old average that a step keeps; less during the first steps, so that the initial weights leave.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._parameters = list(network.parameters())
        self._decay = decay
        self.weights = [parameter.detach().clone() for parameter in self._parameters]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after optimisation step `step` (from 1)."""
        keep = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.weights, self._parameters, 1 - keep)

    @torch.no_grad()
    def load(self, weights: list[Tensor]) -> None:
        """Set the average to `weights`."""
        for own, value in zip(self.weights, weights, strict=True):
            own.copy_(value)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Put the average into the network, and the network's own weights back at the end."""
        own = [parameter.detach().clone() for parameter in self._parameters]
        write(self._parameters, self.weights)
        try:
            yield
        finally:
            write(self._parameters, own)


@torch.no_grad()
def write(parameters: list[nn.Parameter], values: list[Tensor]) -> None:
    """Copy `values` into `parameters`."""
    for parameter, value in zip(parameters, values, strict=True):
        parameter.copy_(value)
