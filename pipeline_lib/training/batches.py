"""Cut a fold, held as tensors on the device, into batches."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from pipeline_lib.models.interface import HOST_COLUMNS
from pipeline_lib.models.layers import on_device
from pipeline_lib.training.processes import Processes

if TYPE_CHECKING:
    from pipeline_lib.config.training import TrainingSettings

Columns = Mapping[str, Tensor]


@dataclass(frozen=True, eq=False)
class Batch:
    """One batch: the part of it that is computed by this process.

    Attributes
    ----------
    columns
        The observations of the part.
    size
        Observations of the whole batch.
    share
        Size of the part over the mean size of the parts.
    """

    columns: Columns
    size: int
    share: float

    def __len__(self) -> int:
        return len(self.columns["target"])


class EpochSampler:
    """Cuts the training fold into the batches of one epoch after another.

    Parameters
    ----------
    train
        Columns on the CPU: ``target`` and ``weight`` float32, ``assay`` long, ``is_call`` bool, and what the network
        reads.
    device
        That of the network, to which all columns but `HOST_COLUMNS` go.
    settings
        Greatest batch, fewest steps of an epoch and, where there is one, the cap on the rows of an assay.
    seed
        Of the order of the rows.
    processes
        Those that share a batch.

    Attributes
    ----------
    steps
        Number of batches of an epoch.
    """

    def __init__(
        self, train: Columns, device: torch.device, settings: "TrainingSettings", seed: int, processes: Processes
    ) -> None:
        self._assay = train["assay"]
        # Calls that were made are few beside the background: a cap never leaves them out.
        self._rare = train["is_call"] & (train["target"] > 0)
        self._device, self._cap = device, settings.max_per_assay_epoch
        self._seed, self._processes = seed, processes
        sampled = sampling_weight(self._assay, self._rare, self._cap)
        weighted = dict(train) | {"weight": train["weight"] * sampled}
        self._host = {name: column for name, column in weighted.items() if name in HOST_COLUMNS}
        self._moved = {name: column.to(device) for name, column in weighted.items() if name not in HOST_COLUMNS}
        visited = epoch_size(self._assay, self._cap)
        self._batch_size = batch_size(visited, settings.batch_size, settings.minimum_steps)
        self.steps = batch_count(visited, self._batch_size)

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of epoch `epoch` (from 1)."""
        order = epoch_order(self._assay, self._rare, self._cap, self._seed, epoch)
        count = self._processes.count
        for rows, whole in batches(order, self._batch_size, self._processes.rank, count):
            columns = take(self._host, rows) | take(self._moved, on_device(rows, self._device))
            yield Batch(columns, whole, share=len(rows) * count / whole)


def take(columns: Columns, rows: Tensor | slice) -> dict[str, Tensor]:
    """Return the same columns at `rows`; a slice copies nothing."""
    return {name: column[rows] for name, column in columns.items()}


def to_device(columns: Columns, device: torch.device) -> dict[str, Tensor]:
    """Return the same columns on `device`."""
    return {name: column.to(device) for name, column in columns.items()}


def fingerprint(columns: Columns) -> str:
    """Return a hash of the names and values of columns."""
    digest = hashlib.sha256()
    for name in sorted(columns):
        digest.update(name.encode() + columns[name].cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def epoch_size(assay: Tensor, cap: int | None) -> int:
    """Return how many observations an epoch visits: all, or at most `cap` of each assay."""
    counts = torch.bincount(assay)
    return int(counts.clamp(max=cap).sum()) if cap is not None else len(assay)


def epoch_order(assay: Tensor, rare: Tensor, cap: int | None, seed: int, epoch: int) -> Tensor:
    """Return the rows of one epoch in random order, at most `cap` of each assay.

    The order depends on `seed` and `epoch` alone, so that a resumed fit has the same batches.

    Parameters
    ----------
    assay
        long [n], on the CPU.
    rare
        bool [n], on the CPU: rows that a cap takes before it samples the others (the called interactions).
    cap
        None: every row.
    """
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    order = torch.randperm(len(assay), generator=generator)
    if cap is None or int(torch.bincount(assay).max()) <= cap:
        return order
    # Rank within the assay, rare rows first, then along the random order: stable sorts keep it inside each.
    by_rarity = torch.sort(~rare[order], stable=True).indices
    shuffled = assay[order][by_rarity]
    by_assay = by_rarity[torch.sort(shuffled, stable=True).indices]
    counts = torch.bincount(assay)
    rank = torch.empty_like(order)
    rank[by_assay] = torch.arange(len(order)) - (counts.cumsum(0) - counts)[assay[order][by_assay]]
    return order[rank < cap]


def sampling_weight(assay: Tensor, rare: Tensor, cap: int | None) -> Tensor:
    """Return the weight [n] that makes up for what `epoch_order` leaves out of assays with rare rows.

    Where rare rows are always taken, the others count for those of their kind that an epoch does not visit, so that
    predicted probabilities keep the true share of calls. An assay without rare rows is thinned evenly: weight 1.
    """
    weight = torch.ones(len(assay))
    if cap is None:
        return weight
    counts, rares = torch.bincount(assay), torch.bincount(assay, rare.long()).long()
    others = counts - rares
    visited = (counts.clamp(max=cap) - rares).clamp_min(1)
    factor = torch.where((rares > 0) & (counts > cap), others / visited, 1.0)
    return torch.where(rare, weight, factor[assay])


def batches(order: Tensor, size: int, rank: int = 0, count: int = 1) -> Iterator[tuple[Tensor, int]]:
    """Yield this process's rows of each batch, and how many observations the whole batch has.

    The batches are of one size or one less, and of `size` at most: a rest of a few rows would make a whole step by
    itself. Processes take every `count`-th row, so that together they see what one process would.
    """
    for whole in order.tensor_split(batch_count(len(order), size)):
        yield whole[rank::count], len(whole)


def batch_size(observations: int, largest: int, steps: int) -> int:
    """Return the size of the batches that make at least `steps` of an epoch's observations."""
    return max(1, min(largest, -(-observations // steps)))


def batch_count(observations: int, size: int) -> int:
    """Return the number of batches of an epoch."""
    return -(-observations // size)
