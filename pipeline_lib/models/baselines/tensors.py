"""Arrays to tensors and back: a fitted model is stored as tensors and plain values only."""

from typing import Any

import numpy as np
import torch


def to_tensors(value: Any) -> Any:  # noqa: ANN401 - a tree of arrays and plain values
    """Replace every array of a nested dictionary or list by a tensor of the same bytes."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.array(value))
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {key: to_tensors(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [to_tensors(part) for part in value]
    return value


def to_arrays(value: Any) -> Any:  # noqa: ANN401 - a tree of tensors and plain values
    """Replace every tensor of a nested dictionary or list by an array: the inverse of `to_tensors`."""
    if isinstance(value, torch.Tensor):
        return value.numpy()
    if isinstance(value, dict):
        return {key: to_arrays(part) for key, part in value.items()}
    if isinstance(value, list):
        return [to_arrays(part) for part in value]
    return value
