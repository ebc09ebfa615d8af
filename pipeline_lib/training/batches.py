"""Cut a fold, held as tensors on the device, into batches."""

import hashlib
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

Columns = Mapping[str, Tensor]


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
