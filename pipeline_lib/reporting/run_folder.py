"""The artefacts of one run, read when a section needs them, and its predictions joined to what was measured."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline_lib.artefacts.atomic import read_json
from pipeline_lib.artefacts.schemas import PREDICTIONS
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.config.evaluation import ARTEFACTS, TOPICS
from pipeline_lib.config.organism import OrganismSettings
from pipeline_lib.config.screen_readers import ScreenScores
from pipeline_lib.config.screens import ScreenSettings, screen_scores, simulated_screens
from pipeline_lib.errors import PipelineError
from pipeline_lib.reporting.drawing import FigureRecord, read_records
from pipeline_lib.reporting.html import EmbeddedFigure, embed
from pipeline_lib.reporting.names import GeneNames, in_order, is_clp


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


@dataclass(frozen=True)
class RunFolder:
    """The tables and figures of one run.

    Attributes
    ----------
    folder
        ``results/<run>``.
    model
        The model that the report is about.
    """

    folder: Path
    model: str

    def table(self, artefact: str) -> pd.DataFrame:
        """Return a parquet artefact by its name in `pipeline_lib.config.evaluation.ARTEFACTS`."""
        return read_table(self.folder / ARTEFACTS[artefact])

    def has(self, artefact: str) -> bool:
        """Whether the run made an artefact: one of an older version may lack it."""
        return (self.folder / ARTEFACTS[artefact]).exists()

    def json(self, artefact: str) -> Any:  # noqa: ANN401 - whatever the file holds
        """Return a JSON artefact by its name."""
        return read_json(self.folder / ARTEFACTS[artefact])

    def figures(self, topic: str, *names: str) -> list[EmbeddedFigure]:
        """Return what was drawn of a topic, in the order of `names` (all of them without); empty figures are left out.

        Raises
        ------
        PipelineError
            When the folder was drawn by a version that did not know one of them.
        """
        return [embed(record, self.folder / "figures") for record in self._records(topic, names) if not record.empty]

    def _records(self, topic: str, names: tuple[str, ...]) -> list[FigureRecord]:
        path = self.folder / "figures" / f"{topic}.json"
        records = {record.name: record for record in read_records(path)}
        # A topic may hold figures that depend on the run, after those that every run has.
        wanted = names or tuple(dict.fromkeys([*TOPICS[topic].figures, *records]))
        missing = [name for name in wanted if name not in records]
        if missing:
            raise PipelineError(
                f"'{path}' knows no figure '{missing[0]}': it was drawn by another version; `snakemake figures` draws "
                "it anew."
            )
        return [records[name] for name in wanted]

    @cached_property
    def configuration(self) -> dict[str, Any]:
        """The run's whole configuration."""
        content: dict[str, Any] = self.provenance["configuration"]
        return content

    @cached_property
    def gene_names(self) -> GeneNames:
        """The genes as people know them, with the pages of the run's organism."""
        # A run of an older version has no section of its organism, which was yeast.
        organism = OrganismSettings.model_validate(self.configuration.get("organism", {}))
        return GeneNames(self.table("genes"), organism)

    @cached_property
    def screens(self) -> dict[str, ScreenSettings]:
        """The settings of every screen of the run."""
        return {name: ScreenSettings.model_validate(screen) for name, screen in self.configuration["screens"].items()}

    @cached_property
    def publications(self) -> set[str]:
        """The readers of the publications whose measurements the run holds."""
        return {screen.scores.publication for screen in self.screens.values() if screen.scores.publication is not None}

    @cached_property
    def scores(self) -> dict[str, ScreenScores]:
        """How the scores of each screen are to be read, by its name."""
        return screen_scores(self.screens)

    @cached_property
    def simulated(self) -> frozenset[str]:
        """The screens whose cells were simulated."""
        return simulated_screens(self.scores)

    @cached_property
    def has_clp(self) -> bool:
        """Whether a model of the family clp is in the run's grid, so that its checks were made."""
        return any(is_clp(model) for entry in self.configuration["grid"] for model in entry["models"])

    @cached_property
    def observations(self) -> pd.DataFrame:
        """The measurements, without what no section shows."""
        columns = ["observation_id", "screen", "genes", "order", "phenotype", "value"]
        return read_table(self.folder / ARTEFACTS["observations"], columns=columns)

    @cached_property
    def leaderboard(self) -> pd.DataFrame:
        """Every model's scores."""
        return self.table("leaderboard")

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Paired differences between models."""
        return self.table("differences")

    @cached_property
    def scoreboard(self) -> pd.DataFrame:
        """Every screen, phenotype and split: the report's model against the best baseline."""
        return self.table("scoreboard")

    @cached_property
    def compared(self) -> set[str]:
        """The report's model and the baselines that are best on some split of some screen."""
        best = (self.differences["role"] == "best_baseline") & (self.differences["model"] == self.model)
        return {self.model, *self.differences.loc[best, "reference"]}

    @cached_property
    def jobs(self) -> list[Job]:
        """The fitted models of the run."""
        return find_jobs(self.folder / "models")

    @property
    def feature_tables(self) -> list[Path]:
        """The feature tables of genes that the run made, without the summary of them."""
        return [path for path in sorted((self.folder / "features").glob("*.parquet")) if path.stem != "summary"]

    @cached_property
    def leakage(self) -> pd.DataFrame:
        """Leakage checks of every split."""
        parts = [read_table(path) for path in sorted((self.folder / "splits").glob("*.leakage.parquet"))]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """The run's provenance."""
        content: dict[str, Any] = read_json(self.folder / "provenance.json")
        return content
