"""One optimisation step of a network: its gradients, AdamW over value and SD apart, and the weights that are kept."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from pipeline_lib.errors import PipelineError
from pipeline_lib.models.interface import LearnsSpread, Network
from pipeline_lib.training.batches import Columns
from pipeline_lib.training.losses import Criterion
from pipeline_lib.training.processes import Processes

if TYPE_CHECKING:
    from pipeline_lib.config.training import TrainingSettings


class Optimiser:
    """Steps of AdamW (Loshchilov and Hutter 2019) with a warm-up and a cosine.

    A score of the predicted SD can have a gradient that is orders of magnitude above that of the squared error. Clipped
    together, the value would hardly move; so each group has its own norm, and both the same greatest one.

    Parameters
    ----------
    network
        A network that follows `LearnsSpread` names the parameters of its SD; all others are those of the value.
    settings
        Step size, decay and greatest norm.
    total
        Number of steps of the whole training.
    """

    def __init__(self, network: nn.Module, settings: "TrainingSettings", total: int) -> None:
        spread = set(map(id, network.spread_parameters())) if isinstance(network, LearnsSpread) else set()
        trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self._groups = {
            "gradient_norm": [parameter for parameter in trainable if id(parameter) not in spread],
            "spread_gradient_norm": [parameter for parameter in trainable if id(parameter) in spread],
        }
        self._settings, self._total = settings, total
        self._adamw = torch.optim.AdamW(
            [{"params": group} for group in self._groups.values()],
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            foreach=True,
        )
        self.trains = bool(trainable)
        """Whether any parameter can be trained."""
        self.figures: dict[str, float] = {}
        """Of the last step: ``learning_rate``, and the norm of each group's gradient before it was clipped,
        ``gradient_norm`` and, where there are parameters of the SD, ``spread_gradient_norm``."""

    def step(self, loss: Tensor, number: int) -> None:
        """Follow the gradient of `loss` by step `number` (from 1).

        Raises
        ------
        PipelineError
            When the norm of a gradient is not finite.
        """
        rate = learning_rate(self._settings, number, self._total)
        self.figures = {"learning_rate": rate}
        self._adamw.zero_grad(set_to_none=True)
        loss.backward()
        norms = {}
        for group, (name, parameters) in zip(self._adamw.param_groups, self._groups.items(), strict=True):
            group["lr"] = rate
            if parameters:
                norms[name] = nn.utils.clip_grad_norm_(parameters, self._settings.gradient_clip, foreach=True)
        # The one time in a step that the CPU waits for a GPU.
        for name, norm in zip(norms, torch.stack(list(norms.values())).tolist(), strict=True):
            if not math.isfinite(norm):
                raise PipelineError(f"The gradient is {norm} at step {number}; lower training.learning_rate.")
            self.figures[name] = norm
        self._adamw.step()

    def state(self) -> dict[str, Any]:
        """Return all that `load` needs, as tensors and plain values."""
        state: dict[str, Any] = self._adamw.state_dict()
        return state

    def load(self, state: dict[str, Any]) -> None:
        """Go back to what `state` returned."""
        self._adamw.load_state_dict(state)


def learning_rate(settings: "TrainingSettings", step: int, total: int) -> float:
    """Return the step size of step `step` (from 1) of `total`: linear over the first tenth, then a cosine to 0."""
    warm = max(1, total // 10)
    if step <= warm:
        return settings.learning_rate * step / warm
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))


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


class OptimisationStep:
    """Follows the gradient of a batch's loss and keeps the running average of the weights.

    Parameters
    ----------
    network
        A module that follows `pipeline_lib.models.interface.Network`.
    settings
        Loss, optimiser and average.
    total
        Number of steps of the whole training.
    processes
        Those that share a batch.

    Attributes
    ----------
    average
        The running average of the weights.
    optimiser
        AdamW over the network's parameters.
    """

    def __init__(self, network: nn.Module, settings: "TrainingSettings", total: int, processes: Processes) -> None:
        self._network, self._processes = network, processes
        self._criterion = Criterion(settings.loss)
        self.average = WeightAverage(network, settings.average)
        call: nn.Module = _EncodeAndDecode(network)
        self._call = processes.share(torch.compile(call) if settings.compile else call)
        self.optimiser = Optimiser(network, settings, total)

    def take(self, columns: Columns, number: int, share: float) -> dict[str, Tensor]:
        """Take step `number` (from 1) and return the terms of the loss.

        Parameters
        ----------
        columns
            This process's part of the batch.
        number
            Number of the step in the whole training.
        share
            Size of that part over the mean size of the parts: the gradients of several processes are averaged, and
            parts of unequal length must count by their length.
        """
        with self._processes.half_precision():
            mean, log_sd = self._call(columns)
        observed = (columns[name] for name in ("target", "weight", "is_call"))
        terms = self._criterion(mean.float(), log_sd.float(), *observed)
        self.optimiser.step(share * torch.stack(list(terms.values())).sum(), number)
        self.average.update(number)
        return {name: term.detach() for name, term in terms.items()}

    def term_norms(self, columns: Columns) -> dict[str, float]:
        """Return the norm of the gradient of each term of the loss by itself."""
        return term_gradient_norms(self._network, self._criterion, columns)


class _EncodeAndDecode(nn.Module):
    """Encode and decode as one call, which is what DDP and ``torch.compile`` wrap."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, columns: Columns) -> tuple[Tensor, Tensor]:
        """Return prediction and logarithmic SD, [n] each."""
        outputs: tuple[Tensor, Tensor] = self.network.decode(self.network.encode(), columns)
        return outputs


def evaluate_terms(network: Network, criterion: Criterion, columns: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the terms of the loss on `columns`."""
    mean, log_sd = network.decode(network.encode(), columns)
    return criterion(mean, log_sd, columns["target"], columns["weight"], columns["is_call"])


def term_gradient_norms(network: nn.Module, criterion: Criterion, columns: Mapping[str, Tensor]) -> dict[str, float]:
    """Return the norm of the gradient of each term by itself; the random state and ``.grad`` stay untouched.

    A term that no trainable parameter moves, as that of a spread which is not learned, has norm 0.
    """
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    devices = [columns["target"].device] if columns["target"].is_cuda else []
    norms = {}
    with torch.random.fork_rng(devices):
        terms = evaluate_terms(network, criterion, columns)
        for name, term in terms.items():
            if not term.requires_grad:
                norms[name] = 0.0
                continue
            gradients = torch.autograd.grad(term, parameters, retain_graph=True, allow_unused=True)
            squares = [gradient.double().square().sum() for gradient in gradients if gradient is not None]
            norms[name] = float(torch.stack(squares).sum().sqrt()) if squares else 0.0
    return norms


def group_gradient_norms(network: nn.Module) -> dict[str, float]:
    """Return the norm of ``.grad`` of each group of parameters: the children of `network`, by name."""
    squares: dict[str, float] = {}
    for name, parameter in network.named_parameters():
        group = name.split(".")[0]
        norm = float(parameter.grad.double().square().sum()) if parameter.grad is not None else 0.0
        squares[group] = squares.get(group, 0.0) + norm
    return {group: value**0.5 for group, value in squares.items()}
