"""The whole configuration of one run."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from pipeline_lib.config.cell import CellSettings, GeneSettings, SplitSettings
from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.config.grid import GridEntry
from pipeline_lib.config.metabolism import MetabolismSettings
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.networks import NetworkSettings
from pipeline_lib.config.reporting import ReportingSettings
from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.config.section import Section
from pipeline_lib.config.simulation import SimulationSettings
from pipeline_lib.config.training import TrainingSettings

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")]
"""What becomes a folder: letters, digits, underscore and hyphen."""


class RunConfig(Section):
    """Everything that a run depends on, beside the code and the upstream files."""

    run: Name
    """Name of the run; its artefacts go to ``results/<run>/``."""
    description: str = ""
    """One sentence for the head of the report."""
    catalogue: Path = Path("config/sources.yaml")
    """The catalogue of upstream files."""
    mirror: Path | None = None
    """Folder that holds upstream files already; tried before the network. None: the environment variable
    ``PIPELINE_MIRROR``, else ``../shared/data`` where it exists."""
    genes: GeneSettings = GeneSettings()
    """Which genes there are, their names and which are essential."""
    metabolism: MetabolismSettings
    """The genome-scale metabolic model and its medium."""
    simulation: dict[Name, SimulationSettings] = {}
    """In-silico screens with a known truth; the key is the simulation's name (files under ``simulated/<name>/``)."""
    screens: dict[Name, ScreenSettings]
    """The measured (or simulated) screens; the key is the name used in every table."""
    networks: dict[Name, NetworkSettings] = {}
    """Gene networks; the key is the name used in every table."""
    features: dict[Name, FeatureSettings] = {}
    """Feature tables of genes; the key is the name used in every table (files ``features/<name>.parquet``)."""
    cell: CellSettings = CellSettings()
    """How the cell graph is put together."""
    splits: SplitSettings = SplitSettings()
    """Train, validation and test folds."""
    models: ModelSettings = ModelSettings()
    """Settings of each family of models."""
    training: TrainingSettings = TrainingSettings()
    """Budget and device of trained models."""
    grid: list[GridEntry] = Field(min_length=1)
    """Which models run on which splits with which seeds."""
    evaluation: EvaluationSettings = EvaluationSettings()
    """Resamples, thresholds and literature values."""
    reporting: ReportingSettings = ReportingSettings()
    """Figures and the report page."""
