"""The whole configuration of one run."""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pipeline_lib.config.cell import CellSettings, SplitSettings
from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.config.grid import GridEntry
from pipeline_lib.config.metabolism import MetabolismSettings
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.networks import NetworkSettings
from pipeline_lib.config.organism import OrganismSettings, with_media
from pipeline_lib.config.reporting import ReportingSettings
from pipeline_lib.config.scan import ScanSettings
from pipeline_lib.config.screens import POOLED, ScreenSettings
from pipeline_lib.config.section import Section
from pipeline_lib.config.simulation import SimulationSettings
from pipeline_lib.config.training import TrainingSettings

_NAME = r"^[A-Za-z][A-Za-z0-9_-]{0,63}$"


def _as_name(value: Any) -> str:  # noqa: ANN401 - whatever YAML holds
    if isinstance(value, str) and re.fullmatch(_NAME.strip("^$"), value):
        return value
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", str(value)).strip("-_")[:60]
    near = plain if re.match(r"[A-Za-z]", plain) else f"run-{plain}".rstrip("-")
    raise ValueError(
        f"{value!r} becomes the name of a folder: begin with a letter and use letters, digits, _ and - only, at most "
        f"64 of them, for instance '{near}'"
    )


Name = Annotated[str, BeforeValidator(_as_name), Field(json_schema_extra={"pattern": _NAME})]
"""What becomes a folder: letters, digits, underscore and hyphen."""


def _none_is_empty(screens: Any) -> Any:  # noqa: ANN401 - whatever YAML holds
    return {} if screens is None else screens


def _some_screen(screens: dict[str, ScreenSettings]) -> dict[str, ScreenSettings]:
    if not screens:
        raise ValueError(
            "no screen is named; name your table under screens, for instance screens: {our_lab: {reader: table, "
            "files: {table: our_screen.csv}, columns: {gene1: gene_a, gene2: gene_b, value: score}}}"
        )
    if POOLED in screens:
        raise ValueError(
            f"'{POOLED}' stands for all screens together in the tables of scores; name the screen otherwise"
        )
    return screens


class RunConfig(Section):
    """Everything that a run depends on, beside the code and the upstream files."""

    run: Name
    """Name of the run; its artefacts go to ``results/<run>/`` in the working folder."""
    description: str = ""
    """One sentence for the head of the report; not taken over from a ``base``."""
    catalogue: Path = Path("config/sources.yaml")
    """The catalogue of upstream files; left out: the pipeline's own. Every path of the configuration: ``~`` is the home
    folder; a relative path is looked for beside the file that names it, then in the working folder, then in the
    pipeline's folder."""
    mirror: Path | None = None
    """Folder that holds upstream files already; tried before the network. None: the environment variable
    ``PIPELINE_MIRROR``, else ``../shared/data`` beside the pipeline's folder where it exists."""
    organism: OrganismSettings = OrganismSettings()
    """The organism: its genes, their names, which are essential, where people read about them, its media."""
    metabolism: MetabolismSettings
    """The genome-scale metabolic model and its medium."""
    simulation: dict[Name, SimulationSettings] = {}
    """In-silico screens with a known truth; the key is the simulation's name (files under ``simulated/<name>/``)."""
    screens: Annotated[dict[Name, ScreenSettings], BeforeValidator(_none_is_empty), AfterValidator(_some_screen)] = {}
    """The measured (or simulated) screens, at least one; the key is the name used in every table."""
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
    scan: ScanSettings = ScanSettings()
    """All pairs or triples of the genome, predicted in shards; made when it is asked for."""

    @model_validator(mode="before")
    @classmethod
    def _media_of_the_organism(cls, content: Any) -> Any:  # noqa: ANN401 - unchecked YAML
        return with_media(content)
