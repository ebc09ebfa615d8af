"""Predict genotypes with a fitted model, chunk by chunk, into one parquet file."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.artefacts.tensors import load_tensors
from pipeline_lib.cell.genotypes import NO_GENE, Genotypes
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.interface import Cell, Model, Prediction
from pipeline_lib.models.registry import restore

CHUNK = 262_144


@dataclass(frozen=True)
class FittedModel:
    """A model read back from ``model.pt``, and what the codes of its genotypes stand for."""

    model: Model
    name: str
    screens: tuple[str, ...]
    strains: tuple[str, ...]


def load_fitted(path: Path, cell: Cell) -> FittedModel:
    """Read a fitted model and check that it was trained on the same gene index.

    Raises
    ------
    PipelineError
        When the file is missing or damaged, or the gene index differs.
    """
    saved = load_tensors(path)
    missing = {"model", "genes", "screens", "strains", "state"} - set(saved)
    if missing:
        raise PipelineError(f"{path} is not a fitted model: it lacks {', '.join(sorted(missing))}; fit one first.")
    genes = cell.genes["gene"].tolist()
    if saved["genes"] != genes:
        differing = sum(a != b for a, b in zip(saved["genes"], genes, strict=False))
        raise PipelineError(
            f"{path} was fitted on another gene index ({len(saved['genes'])} genes against {len(genes)}, "
            f"{differing} at other positions); give the gene table of its own run, or fit again."
        )
    return FittedModel(
        restore(saved["model"], saved["state"], cell), saved["model"], tuple(saved["screens"]), tuple(saved["strains"])
    )


def genotypes_of(
    genes: NDArray[np.int64], fitted: FittedModel, screen: str | None = None, phenotype: str | None = None
) -> Genotypes:
    """Return bare genotypes with the codes of `fitted`.

    Parameters
    ----------
    genes
        int64 [n, 3], ascending, -1 behind.
    fitted
        The model that is to predict them.
    screen, phenotype
        In whose units to predict what; None: the model's own choice.

    Raises
    ------
    PipelineError
        When the model was not trained on the screen, or there is no such phenotype.
    """
    n = len(genes)
    if screen is not None and screen not in fitted.screens:
        raise PipelineError(f"The model knows no screen '{screen}'; it was fitted on {', '.join(fitted.screens)}.")
    if phenotype is not None and phenotype not in PHENOTYPES:
        raise PipelineError(f"There is no phenotype '{phenotype}'; phenotypes: {', '.join(PHENOTYPES)}.")
    code = fitted.screens.index(screen) if screen is not None else -1
    none, unknown = np.full(n, -1, dtype=np.int64), np.full(n, np.nan)
    return Genotypes(
        observation_id=np.arange(n, dtype=np.int64),
        genes=genes,
        screen=np.full(n, code, dtype=np.int64),
        phenotype=np.full(n, PHENOTYPES.index(phenotype) if phenotype is not None else -1, dtype=np.int64),
        query=none, array=none, value=unknown, std=unknown, temperature=unknown,
        screens=fitted.screens, strains=fitted.strains,
    )  # fmt: skip


def _batch(genes: NDArray[np.int64], prediction: Prediction, names: pa.Array) -> pa.RecordBatch:
    present = genes != NO_GENE
    offsets = np.concatenate([[0], present.sum(axis=1).cumsum()]).astype(np.int32)
    members = pa.DictionaryArray.from_arrays(pa.array(genes[present].astype(np.int32)), names)
    std = prediction.std if prediction.std is not None else np.full(len(genes), np.nan)
    return pa.RecordBatch.from_arrays(
        [pa.ListArray.from_arrays(pa.array(offsets), members), pa.array(prediction.value), pa.array(std)],
        names=["genes", "prediction", "prediction_std"],
    )


def predict_chunks(
    chunks: Iterable[NDArray[np.int64]],
    fitted: FittedModel,
    genes: pd.DataFrame,
    output: Path,
    screen: str | None = None,
    phenotype: str | None = None,
) -> int:
    """Predict chunk by chunk and write genes (list), prediction and prediction_std; return the number of genotypes.

    Raises
    ------
    PipelineError
        When the screen or the phenotype is unknown, there is nothing to predict, or the disk is full.
    """
    names = pa.array(genes["gene"], type=pa.string())
    console = Console(stderr=True)
    columns = TextColumn("{task.completed:,.0f} genotypes  {task.speed:,.0f}/s" if console.is_terminal else "")
    written = 0
    with (
        atomic_path(output) as temporary,
        Progress(SpinnerColumn(), columns, console=console, disable=not console.is_terminal) as progress,
    ):
        task = progress.add_task("predict", total=None)
        writer: pq.ParquetWriter | None = None
        for chunk in chunks:
            prediction = fitted.model.predict(genotypes_of(chunk, fitted, screen, phenotype))
            batch = _batch(chunk, prediction, names)
            writer = writer or pq.ParquetWriter(temporary, batch.schema, compression="zstd")
            writer.write_batch(batch)
            written += len(chunk)
            progress.update(task, completed=written)
        if writer is None:
            raise PipelineError("There is no genotype to predict: give two genes for pairs, three for triples.")
        writer.close()
    return written
