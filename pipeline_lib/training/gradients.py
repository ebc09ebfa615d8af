"""How hard each term of a loss, and each group of parameters, is pulled."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from pipeline_lib.models.interface import Network
from pipeline_lib.training.losses import Criterion


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
