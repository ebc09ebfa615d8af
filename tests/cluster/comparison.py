"""Which artefacts of two runs differ in their numbers; what tells only of time and machine is left out."""

from pathlib import Path
from typing import Any

import pandas as pd
import torch

from pipeline_lib.artefacts.atomic import read_json

TIMED = ("fit_seconds", "predict_seconds", "peak_mb")


def unequal_tables(folder: Path, other: Path, names: list[str]) -> list[str]:
    """Return the parquet files that are missing or hold other values."""
    return [name for name in names if not _same_table(folder / name, other / name)]


def unequal_fit(fit: Path, other: Path) -> list[str]:
    """Return the files of one fit that are missing or hold other numbers."""
    found = unequal_tables(fit, other, ["predictions.parquet", "history.parquet"])
    if not _same_metrics(fit / "metrics.json", other / "metrics.json"):
        found.append("metrics.json")
    if not _same_model(fit / "model.pt", other / "model.pt"):
        found.append("model.pt")
    return found


def _same_table(path: Path, other: Path) -> bool:
    return path.exists() and pd.read_parquet(path).equals(pd.read_parquet(other))


def _same_metrics(path: Path, other: Path) -> bool:
    def numbers(file: Path) -> dict[str, Any]:
        return {key: value for key, value in read_json(file).items() if key not in TIMED}

    return path.exists() and numbers(path) == numbers(other)


def _same_model(path: Path, other: Path) -> bool:
    return path.exists() and same(torch.load(path, weights_only=True), torch.load(other, weights_only=True))


def same(one: object, other: object) -> bool:
    """Tell whether two nested structures hold the same tensors, bit by bit, and the same values."""
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        if one.dtype != other.dtype or one.shape != other.shape:
            return False
        # Bits, since what is not known (NaN) equals nothing, itself neither.
        bits = [part.contiguous().reshape(-1).view(torch.uint8) for part in (one, other)]
        return torch.equal(*bits)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return one == other
