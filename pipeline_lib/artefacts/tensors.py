"""Read and write dictionaries of tensors without ever unpickling code."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.errors import PipelineError


def save_tensors(content: Mapping[str, Any], path: Path | str) -> None:
    """Write a dictionary of tensors, numbers, strings, lists and dictionaries to `path` atomically."""
    import torch

    # Given a path, torch writes its name into the file; the temporary one would make every file unlike the last.
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        torch.save(dict(content), stream)


def load_tensors(path: Path | str, device: str = "cpu") -> dict[str, Any]:
    """Read what `save_tensors` wrote, with ``weights_only=True``: code in a planted file does not run.

    Raises
    ------
    PipelineError
        When the file is missing, truncated, or holds anything but tensors and plain values.
    """
    import torch

    path = Path(path)
    if not path.exists():
        raise PipelineError(f"{path} does not exist; run the rule that makes it.")
    try:
        content = torch.load(path, map_location=device, weights_only=True)
    except pickle.UnpicklingError as error:
        raise PipelineError(
            f"{path} holds objects other than tensors and plain values and was not loaded; make it anew."
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError) as error:
        raise PipelineError(f"{path} is truncated or not a tensor file; delete it and run again.") from error
    if not isinstance(content, dict):
        raise PipelineError(f"{path} does not hold a dictionary of tensors; delete it and run again.")
    return content


def to_tensors(value: Any) -> Any:  # noqa: ANN401 - a tree of arrays and plain values
    """Replace every array of a nested dictionary or list by a tensor of the same bytes."""
    import numpy as np
    import torch

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
    import torch

    if isinstance(value, torch.Tensor):
        return value.numpy()
    if isinstance(value, dict):
        return {key: to_arrays(part) for key, part in value.items()}
    if isinstance(value, list):
        return [to_arrays(part) for part in value]
    return value
