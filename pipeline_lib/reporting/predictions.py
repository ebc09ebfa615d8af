"""Predictions of the run's models joined to what was measured."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline_lib.artefacts.schemas import PREDICTIONS
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.reporting.names import in_order


@dataclass(frozen=True)
class Job:
    """One fitted model: where its files are and what their path names."""

    model: str
    split: str
    seed: int
    folder: Path


def find_jobs(models: Path) -> list[Job]:
    """Return every fitted model below ``models/``, sorted."""
    return [
        Job(path.parts[-4], path.parts[-3], int(path.parts[-2].removeprefix("seed")), path.parent)
        for path in sorted(models.glob("*/*/seed*/predictions.parquet"))
    ]


def reported_jobs(jobs: Iterable[Job], model: str) -> list[Job]:
    """Return every seed of a model on the easiest split that it ran on: random where there is one."""
    own = [job for job in jobs if job.model == model]
    first = in_order(job.split for job in own)[:1]
    return [job for job in own if job.split in first]


def tested(jobs: Iterable[Job], observations: pd.DataFrame) -> pd.DataFrame:
    """Return the test-fold predictions of jobs of one model and split, averaged over seeds, beside the measurements.

    Returns
    -------
    DataFrame
        The observations' columns, prediction and prediction_std (mean over seeds).
    """
    parts = [read_table(job.folder / "predictions.parquet", PREDICTIONS) for job in jobs]
    joined = pd.concat([part[part["fold"] == "test"] for part in parts])
    means = joined.groupby("observation_id", sort=True)[["prediction", "prediction_std"]].mean()
    return observations.merge(means, left_on="observation_id", right_index=True, how="inner")
