"""Find and read the predictions of every model, split and seed, and pool the repeats of a split.

Held-out genes differ from repeat to repeat, so the interval of a single one shows how well these genes are predicted,
and that of all repeats rests on many more. A gene or a query that several repeats hold out stays one cluster of the
bootstrap.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline_lib.artefacts.schemas import PREDICTIONS
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.config.training import kind_and_repeat, pooled_name
from pipeline_lib.errors import PipelineError

_SEED = re.compile(r"seed(\d+)$")


@dataclass(frozen=True, order=True)
class PredictionFile:
    """``models/<model>/<split>/seed<k>/predictions.parquet`` and what its path names."""

    split: str
    model: str
    seed: int
    path: Path


@dataclass(frozen=True)
class FoldPredictions:
    """Predictions of one fold, by ascending observation; of several repeats, one after another.

    Attributes
    ----------
    observation_id
        int64 [n], ascending within a repeat.
    value
        float64 [n]: predictions in the units of each observation's assay.
    std
        float64 [n]: their SD, NaN where the model gives none.
    """

    observation_id: NDArray[np.int64]
    value: NDArray[np.float64]
    std: NDArray[np.float64]


def parse_path(path: Path) -> PredictionFile:
    """Read model, split and seed off the folders of a predictions file.

    Raises
    ------
    PipelineError
        When the path does not end in ``<model>/<split>/seed<k>/<file>``, or names its split as all repeats of one.
    """
    folders = path.absolute().parts[-4:-1]
    seed = _SEED.match(folders[-1]) if len(folders) == 3 else None
    if seed is None:
        raise PipelineError(f"{path} is not under <model>/<split>/seed<k>/; keep predictions in such folders.")
    if kind_and_repeat(folders[1])[1] is None:
        raise PipelineError(f"{path}: '{folders[1]}' is what scores over all repeats are called; rename that folder.")
    return PredictionFile(split=folders[1], model=folders[0], seed=int(seed[1]), path=path)


def find_predictions(folder: Path) -> list[PredictionFile]:
    """Return every ``<model>/<split>/seed<k>/predictions.parquet`` under `folder`.

    Raises
    ------
    PipelineError
        When there is none.
    """
    found = [parse_path(path) for path in folder.glob("*/*/seed*/predictions.parquet")]
    if not found:
        raise PipelineError(f"{folder} holds no <model>/<split>/seed<k>/predictions.parquet; fit a model first.")
    return sorted(found)


def by_split(files: Iterable[PredictionFile]) -> dict[str, dict[str, list[PredictionFile]]]:
    """Return the files of every split and, in it, of every model, in the order of their names and seeds."""
    grouped: dict[str, dict[str, list[PredictionFile]]] = {}
    for file in sorted(files):
        grouped.setdefault(file.split, {}).setdefault(file.model, []).append(file)
    return grouped


def read_fold(file: PredictionFile, fold: str) -> FoldPredictions:
    """Read the predictions of one fold.

    Raises
    ------
    PipelineError
        When the file breaks its contract, lacks the fold, or a prediction is not a number.
    """
    frame = _read(file.path)
    _refuse_empty(frame, fold, file.path)
    return _of_fold(frame, fold, file.path)


def read_repeats(files: Sequence[PredictionFile], fold: str) -> FoldPredictions:
    """Read the predictions of one fold of several repeats, laid one after another; an observation may stand in many.

    Raises
    ------
    PipelineError
        As `read_fold`.
    """
    return _joined([read_fold(file, fold) for file in files])


def read_test_and_validation(files: Sequence[PredictionFile]) -> tuple[FoldPredictions, FoldPredictions]:
    """Read the predictions of both folds, as `read_repeats` does, from each file at one reading.

    A validation fold may be empty: some splits leave no row for it.

    Raises
    ------
    PipelineError
        As `read_fold`.
    """
    frames = [(_read(file.path), file.path) for file in files]
    for frame, path in frames:
        _refuse_empty(frame, "test", path)
    test, validation = (
        _joined([_of_fold(frame, fold, path) for frame, path in frames]) for fold in ("test", "validation")
    )
    return test, validation


def _read(path: Path) -> pd.DataFrame:
    """Read a predictions file, its folds as codes: as text they take as long as all numbers together."""
    numbers = [name for name in PREDICTIONS.columns if name != "fold"]
    frame = read_table(path, columns=numbers)
    folds = pq.read_table(path, columns=["fold"], read_dictionary=["fold"], partitioning=None)
    if "fold" not in folds.column_names:
        raise PipelineError(f"{path} lacks the column(s) fold; delete it and run again.")
    return frame.assign(fold=folds["fold"].to_pandas())


def _refuse_empty(frame: pd.DataFrame, fold: str, path: Path) -> None:
    if not (frame["fold"] == fold).any():
        raise PipelineError(f"{path} has no predictions of the {fold} fold; fit the model again.")


def _of_fold(frame: pd.DataFrame, fold: str, path: Path) -> FoldPredictions:
    frame = frame[frame["fold"] == fold].sort_values("observation_id")
    value = frame["prediction"].to_numpy(np.float64)
    if not np.isfinite(value).all():
        bad = int(frame["observation_id"].to_numpy()[~np.isfinite(value)][0])
        raise PipelineError(f"{path}: the prediction of observation {bad} is not a number; fit the model again.")
    return FoldPredictions(
        observation_id=frame["observation_id"].to_numpy(np.int64),
        value=value,
        std=frame["prediction_std"].to_numpy(np.float64, na_value=np.nan),
    )


def _joined(parts: Sequence[FoldPredictions]) -> FoldPredictions:
    return FoldPredictions(
        observation_id=np.concatenate([part.observation_id for part in parts]),
        value=np.concatenate([part.value for part in parts]),
        std=np.concatenate([part.std for part in parts]),
    )


@dataclass(frozen=True)
class Entry:
    """What one model with one seed predicts on a split: one file, or one a repeat in the order of the repeats."""

    files: tuple[PredictionFile, ...]

    @property
    def where(self) -> str:
        """The files, for errors."""
        return ", ".join(str(file.path) for file in self.files)


def entries_by_split(files: Iterable[PredictionFile]) -> dict[str, dict[str, list[Entry]]]:
    """Return the entries of every split and, in it, of every model; pooled repeats behind the splits themselves.

    Returns
    -------
    dict
        Split, then model, then one entry a seed. A kind with two or more repeats among `files` has a further split
        ``<kind>-pooled`` with the models that have a seed in common on all of its repeats, and with such seeds alone.
    """
    grouped = by_split(files)
    entries = {
        split: {model: [Entry((file,)) for file in seeds] for model, seeds in models.items()}
        for split, models in grouped.items()
    }
    kinds: dict[str, list[str]] = {}
    for split in sorted(grouped, key=kind_and_repeat):
        kinds.setdefault(kind_and_repeat(split)[0], []).append(split)
    for kind, repeats in kinds.items():
        pooled = _pooled([grouped[repeat] for repeat in repeats]) if len(repeats) > 1 else {}
        if pooled:
            entries[pooled_name(kind)] = pooled
    return entries


def _pooled(repeats: list[dict[str, list[PredictionFile]]]) -> dict[str, list[Entry]]:
    """Return the entries of the models that have a seed in common on every repeat."""
    pooled = {}
    for model in repeats[0]:
        by_seed = [{file.seed: file for file in repeat.get(model, [])} for repeat in repeats]
        shared = sorted(set.intersection(*map(set, by_seed)))
        if shared:
            pooled[model] = [Entry(tuple(files[seed] for files in by_seed)) for seed in shared]
    return pooled


Floats = NDArray[np.float64]


def mean_predictions(files: Sequence[PredictionFile]) -> tuple[NDArray[np.int64], Floats]:
    """Return the observations of the test fold and the mean prediction of a model's seeds."""
    folds = [read_fold(file, "test") for file in files]
    return folds[0].observation_id, np.mean([fold.value for fold in folds], axis=0)
