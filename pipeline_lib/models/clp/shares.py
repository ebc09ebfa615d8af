"""Keep as much of the network's correction of each assay as the validation fold confirms."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from pipeline_lib.models.clp.network import ClpNetwork

_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
_FEWEST = 50
"""Validation observations of an assay without which nothing is confirmed."""
_CHUNK = 65_536


@torch.no_grad()
def keep_confirmed(network: ClpNetwork, validation: Mapping[str, Tensor]) -> None:
    """Set the share of every assay, the lower orders first: a fitness is made of the terms of its subsets.

    A correction that does not lower the validation loss by more than its standard error is dropped, so that a network
    that learned nothing leaves the closed form as it is. An assay with too few validation observations takes the mean
    share of the assays of its phenotype; without any, all is kept.
    """
    network.eval()
    device = next(network.parameters()).device
    encoded = network.encode()
    share = network.scale.share
    assay = validation["assay"]
    order = (validation["genes"] >= 0).sum(1)
    judged = torch.zeros(network.scale.seen, dtype=torch.bool)
    share.zero_()
    for level in (1, 2, 3):
        for code in assay[order == level].unique().tolist():
            rows = ((assay == code) & (order == level)).nonzero()[:, 0]
            if code >= network.scale.seen or len(rows) < _FEWEST:
                continue
            columns = {name: column[rows[:_CHUNK]].to(device) for name, column in validation.items()}
            losses = []
            for value in _SHARES:
                share[code] = value
                losses.append(_loss(network.decode(encoded, columns)[0], columns))
            share[code] = _confirmed(torch.stack(losses))
            _calibrate(network, code, *network.decode(encoded, columns), columns)
            judged[code] = True
    phenotype = network.phenotypes[: network.scale.seen]
    for code in range(network.scale.seen):
        if not judged[code]:
            others = judged & (phenotype == phenotype[code]).cpu()
            share[code] = share[others.to(device)].mean() if others.any() else float(not judged.any())


def _loss(value: Tensor, columns: Mapping[str, Tensor]) -> Tensor:
    target = columns["target"]
    logistic = functional.binary_cross_entropy_with_logits(value, target.clamp(0, 1), reduction="none")
    return torch.where(columns["is_call"], logistic, (value - target).square())


def _confirmed(losses: Tensor) -> float:
    """Return the share of the least loss [shares, n], or 0 where it is not clearly below that of none."""
    best = int(losses.mean(1).argmin())
    gain = losses[0] - losses[best]
    error = gain.std() / len(gain) ** 0.5
    return _SHARES[best] if float(gain.mean()) > float(error) else 0.0


def _calibrate(network: ClpNetwork, code: int, value: Tensor, log_sd: Tensor, columns: Mapping[str, Tensor]) -> None:
    """Move the level of the predicted SD of an assay so that errors are as large as predicted; a call has none."""
    if not bool(columns["is_call"].any()):
        squared = ((value - columns["target"]) / log_sd.exp()).square().mean()
        network.scale.level[code] += 0.5 * squared.clamp_min(1e-6).log()
