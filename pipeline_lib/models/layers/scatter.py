"""Reduce rows that share an index: torch-scatter where it is installed, torch's own reductions where it is not.

Both give equal values and equal gradients; this is the only module that knows about torch-scatter.
"""

import importlib.util

import torch
from torch import Tensor

HAS_TORCH_SCATTER = importlib.util.find_spec("torch_scatter") is not None


def scatter_sum(source: Tensor, index: Tensor, size: int) -> Tensor:
    """Return the sum of the rows of `source` [n, d] by `index` [n]: [size, d], zero where there is no row."""
    if HAS_TORCH_SCATTER:
        from torch_scatter import scatter

        summed: Tensor = scatter(source, index, dim=0, dim_size=size, reduce="sum")
        return summed
    return source.new_zeros((size, *source.shape[1:])).index_add(0, index, source)


def scatter_mean(source: Tensor, index: Tensor, size: int) -> Tensor:
    """Return the mean of the rows of `source` [n, d] by `index` [n]: [size, d], zero where there is no row."""
    if HAS_TORCH_SCATTER:
        from torch_scatter import scatter

        mean: Tensor = scatter(source, index, dim=0, dim_size=size, reduce="mean")
        return mean
    count = torch.bincount(index, minlength=size).clamp_min(1).to(source.dtype)
    return scatter_sum(source, index, size) / count.view(-1, *[1] * (source.dim() - 1))


def scatter_max(source: Tensor, index: Tensor, size: int) -> Tensor:
    """Return the maximum of the rows of `source` [n, d] by `index` [n]: [size, d], zero where there is no row.

    Where several rows tie, the gradient goes to the first of them, as torch-scatter sends it (torch's own reduction
    would share it out).
    """
    if HAS_TORCH_SCATTER:
        from torch_scatter import scatter

        highest: Tensor = scatter(source, index, dim=0, dim_size=size, reduce="max")
        return highest
    n, width = source.shape
    spread = index[:, None].expand(n, width)
    with torch.no_grad():
        top = source.new_full((size, width), -torch.inf).scatter_reduce(0, spread, source, "amax")
        rows = torch.arange(n, device=source.device)[:, None].expand(n, width)
        # Rows below the maximum stand behind every row, so that the smallest position left is the first maximum.
        candidates = torch.where(source == top[index], rows, n)
        first = rows.new_full((size, width), n).scatter_reduce(0, spread, candidates, "amin")
    padded = torch.cat([source, source.new_zeros((1, width))])
    return padded.gather(0, first)
