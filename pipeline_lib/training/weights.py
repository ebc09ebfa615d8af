"""The weights that a training keeps: their running average, which predicts better than the last, and its best."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

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


class BestWeights:
    """Keeps the averaged weights of the epoch with the best score, and ends a training whose score no longer rises.

    Parameters
    ----------
    weights
        Those at the start.
    patience
        Epochs without a better score after which a training ends.
    """

    def __init__(self, weights: list[Tensor], patience: int) -> None:
        self._weights = [value.clone() for value in weights]
        self._patience = patience
        self._score, self._epoch = -math.inf, 0

    def offer(self, score: float, epoch: int, weights: list[Tensor]) -> None:
        """Keep the weights where no epoch before had as good a score."""
        if score > self._score:
            self._score, self._epoch = score, epoch
            self._weights = [value.clone() for value in weights]

    def is_stale(self, epoch: int) -> bool:
        """Return whether the score has not risen for as many epochs as the patience."""
        return epoch - self._epoch >= self._patience

    def write(self, network: nn.Module) -> None:
        """Leave the best weights in the network."""
        write(list(network.parameters()), self._weights)

    def state(self) -> dict[str, Any]:
        """Return all that `load` needs, as tensors and plain values."""
        return {"best": self._weights, "best_score": self._score, "best_epoch": self._epoch}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go back to what `state` returned."""
        self._weights = list(state["best"])
        self._score, self._epoch = state["best_score"], state["best_epoch"]
