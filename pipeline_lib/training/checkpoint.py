"""Keep a fit's state after every epoch, so that an interrupted one goes on as if nothing had happened."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from pipeline_lib.artefacts.tensors import load_tensors, save_tensors


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


def save_checkpoint(path: Path | None, content: Mapping[str, Any]) -> None:
    """Write `content` atomically; do nothing without a path."""
    if path is not None:
        save_tensors(content, path)


def load_checkpoint(path: Path | None) -> dict[str, Any] | None:
    """Return what `save_checkpoint` wrote, or None where there is nothing to resume from."""
    if path is None or not path.exists():
        return None
    return load_tensors(path)
