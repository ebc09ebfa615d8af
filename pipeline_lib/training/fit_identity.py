"""What tells one fit from every other: an interrupted fit may only be taken up by the same one."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.interface import Cell
from pipeline_lib.models.registry import entry_of
from pipeline_lib.training.inputs import SplitData


def fit_folder(
    checkpoints: Path,
    name: str,
    data: SplitData,
    cell: Cell,
    model_settings: ModelSettings,
    training: TrainingSettings,
    seed: int,
) -> Path:
    """Return the folder below `checkpoints` that belongs to this fit alone.

    Its name is a hash of the model, every setting, the seed, the observations with their folds, and the cell: another
    split, a data update or a changed setting starts from nothing, whatever a model calls its files.
    """
    digest = hashlib.sha256(f"{name} {entry_of(name).overrides} {seed}".encode())
    for settings in (model_settings, training):
        digest.update(settings.model_dump_json().encode())
    for field in fields(data.genotypes):
        _update(digest, getattr(data.genotypes, field.name))
    _update(digest, data.fold)
    for part in (cell.genes, cell.edges, cell.stoichiometry, cell.knockouts, cell.features):
        _update(digest, part)
    return checkpoints / digest.hexdigest()[:24]


def _update(digest: Any, part: Any) -> None:  # noqa: ANN401 - a hash, and whatever a fit is made of
    """Take up an array, a table, a mapping of tensors or plain values."""
    if isinstance(part, torch.Tensor):
        part = part.cpu().numpy()
    if isinstance(part, np.ndarray) and part.dtype != object:
        digest.update(f"{part.dtype} {part.shape}".encode() + np.ascontiguousarray(part).tobytes())
    elif isinstance(part, pd.DataFrame):
        # Lists have no hash of their own; their text has.
        plain = part.apply(lambda column: column.astype(str) if column.dtype == object else column)
        _update(digest, pd.util.hash_pandas_object(plain, index=False).to_numpy())
        digest.update(repr(list(part.columns)).encode())
    elif isinstance(part, Mapping):
        for key in sorted(part):
            digest.update(key.encode())
            _update(digest, part[key])
    else:
        digest.update(repr(list(part) if isinstance(part, np.ndarray) else part).encode())
