"""A network under check, what a check found, and the check that every parameter gets a gradient."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from pipeline_lib.config.models import ClpSettings
from pipeline_lib.models.clp.assays import FITNESS
from pipeline_lib.models.clp.cell_tensors import CellArrays
from pipeline_lib.models.clp.network import ClpNetwork

_PASSES = 32
"""Most backward passes, each with other units dropped, in which every parameter must get a gradient."""
_BLOCKED_ALONE = ("interactions.perturbed.reaction.",)
"""Parameters that are reached through reactions that a genotype blocks, and in no other way."""


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
                weight = torch.randn(module.weight.shape, generator=generator) * module.in_features**-0.5
                module.weight.copy_(weight)
    return twin


def every_gradient(subject: Subject, loss: Callable[[ClpNetwork, Mapping[str, Tensor]], Tensor]) -> Check:
    """Take backward passes and look for parameters that they leave out; gradients stay in ``.grad``.

    A parameter is looked at where the batch can reach it: see `out_of_reach`.
    """
    network = subject.network
    network.train()
    beyond = out_of_reach(subject)
    left_out = [name for name, _ in network.named_parameters() if not name.startswith(tuple(beyond))]
    looked_at = len(left_out)
    for _ in range(_PASSES):
        network.zero_grad(set_to_none=True)
        loss(network, subject.columns).backward()
        left_out = [
            name
            for name, parameter in network.named_parameters()
            if name in left_out and (parameter.grad is None or not parameter.grad.any())
        ]
        if not left_out:
            break
    network.eval()
    detail = f"left out: {', '.join(left_out)}" if left_out else f"{looked_at} parameters"
    return Check("every_gradient", "Every parameter gets a gradient.", not left_out, detail)


def out_of_reach(subject: Subject) -> dict[str, str]:
    """Return the beginnings of the names of parameters that the batch cannot reach, and what it would need."""
    network, columns = subject.network, subject.columns
    found = {}
    interacting = (columns["genes"] >= 0).sum(1) > 1
    derived = subject.settings.interaction == "derived"
    if not bool((columns["phenotype"] == FITNESS).any()) and not derived:
        found["singles."] = "fitness"
        catalysing = torch.from_numpy(np.unique(subject.cell.rules.members[0])).to(columns["genes"].device)
        if not bool(torch.isin(columns["genes"], catalysing).any()):
            found["metabolism."] = "fitness, or mutants of metabolic genes"
    if not bool(interacting.any()):
        found["interactions."] = "double or triple mutants"
    elif not bool((interacting & ~columns["is_call"]).any()):
        found["interactions.head.spread."] = "measured values of double or triple mutants"
    if bool(columns["is_call"].all()):
        found["scale.level"] = "measured values"
    if not len(network.metabolism.blocked(columns["genes"])[0]):
        found |= dict.fromkeys(_BLOCKED_ALONE, "genotypes that block a reaction")
    return found
