"""Keep a fit's state after every epoch, so that an interrupted one goes on as if nothing had happened."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol

import torch

from pipeline_lib.artefacts.digest import update_digest
from pipeline_lib.artefacts.tensors import load_tensors, save_tensors
from pipeline_lib.config.model_registry import entry_of
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.interface import Cell
from pipeline_lib.training.inputs import SplitData


class Checkpoint(Protocol):
    """Where the state of a fit is kept between epochs."""

    def save(self, content: Mapping[str, Any]) -> None:
        """Keep the state."""
        ...

    def load(self) -> dict[str, Any]:
        """Return the state that was kept last; nothing where there is none."""
        ...


class NoCheckpoint:
    """Keeps nothing: an interrupted fit starts anew."""

    def save(self, content: Mapping[str, Any]) -> None:
        """Keep nothing."""

    def load(self) -> dict[str, Any]:
        """Return nothing."""
        return {}


@dataclass(frozen=True)
class CheckpointFile:
    """Keeps the state in a file, which is always whole.

    Attributes
    ----------
    path
        The file.
    """

    path: Path

    def save(self, content: Mapping[str, Any]) -> None:
        """Put the state in the place of the last one."""
        save_tensors(content, self.path)

    def load(self) -> dict[str, Any]:
        """Return the state that was kept last; nothing where there is no file."""
        return load_tensors(self.path) if self.path.exists() else {}


def checkpoint_path(folder: Path, key: Mapping[str, Any]) -> Path:
    """Return where a fit keeps its state: one file for each distinct `key` (plain JSON values).

    A changed setting changes the path, so that nothing resumes from weights of another configuration.
    """
    text = json.dumps(key, sort_keys=True, default=str)
    return folder / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.pt"


def random_state(device: torch.device) -> dict[str, torch.Tensor]:
    """Return the state of torch's generators."""
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def restore_random_state(state: Mapping[str, torch.Tensor], device: torch.device) -> None:
    """Set torch's generators back to `state`."""
    torch.set_rng_state(state["cpu"].cpu())
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"].cpu(), device)


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
        update_digest(digest, getattr(data.genotypes, field.name))
    update_digest(digest, data.fold)
    for part in (cell.genes, cell.edges, cell.stoichiometry, cell.knockouts, cell.features):
        update_digest(digest, part)
    return checkpoints / digest.hexdigest()[:24]
