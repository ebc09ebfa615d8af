"""How good a network is on the validation fold."""

from collections.abc import Mapping

import torch
from torch import Tensor

from pipeline_lib.models.interface import Network
from pipeline_lib.training.batches import Columns, take


@torch.no_grad()
def predict_columns(network: Network, columns: Columns, size: int = 65_536) -> tuple[Tensor, Tensor]:
    """Return prediction and logarithmic SD, float32 [n] each; the wild type is encoded once."""
    encoded = network.encode()
    n = len(next(iter(columns.values())))
    rows = torch.arange(n, device=next(iter(columns.values())).device)
    parts = [network.decode(encoded, take(columns, part)) for part in rows.split(size)]
    return torch.cat([mean.float() for mean, _ in parts]), torch.cat([log_sd.float() for _, log_sd in parts])


def pearson(a: Tensor, b: Tensor) -> float:
    """Return the correlation of two vectors; 0 where one of them is constant."""
    a, b = a.double() - a.double().mean(), b.double() - b.double().mean()
    norm = float(a.norm() * b.norm())
    return float(a @ b) / norm if norm > 0 else 0.0


def score(prediction: Tensor, columns: Mapping[str, Tensor]) -> float:
    """Return the Pearson correlation within each assay, averaged by the assays' sizes.

    Between assays nothing is comparable: a pooled correlation would reward knowing which screen a value is from.
    """
    target, assay = columns["target"], columns["assay"]
    total = 0.0
    for code in assay.unique().tolist():
        rows = assay == code
        total += int(rows.sum()) * pearson(prediction[rows], target[rows])
    return total / len(target) if len(target) else float("nan")
