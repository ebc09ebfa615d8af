"""One optimisation step of a network, and the gradients that the terms of its loss have."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.interface import Network
from pipeline_lib.training.batches import Columns
from pipeline_lib.training.losses import Criterion
from pipeline_lib.training.optimiser import Optimiser
from pipeline_lib.training.processes import Processes
from pipeline_lib.training.weights import WeightAverage


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

    def __init__(self, network: nn.Module, settings: TrainingSettings, total: int, processes: Processes) -> None:
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
