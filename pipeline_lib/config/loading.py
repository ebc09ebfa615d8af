"""The whole configuration of one run: read it, find the files that it names, say in one sentence each what is wrong."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError, model_validator

from pipeline_lib.config.evaluation import EvaluationSettings, ReportingSettings
from pipeline_lib.config.features import FeatureSettings, NetworkSettings
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.organism import MetabolismSettings, OrganismSettings, SimulationSettings, with_media
from pipeline_lib.config.screens import POOLED, ScreenSettings
from pipeline_lib.config.section import (
    BASE,
    BUILT_IN,
    CATALOGUE,
    MIRROR,
    SIMULATED,
    SOURCE_KEYS,
    ConfigurationError,
    NotThereError,
    Place,
    Section,
    catalogue_entries,
    default_catalogue,
    explain,
    find,
    models_of,
    named_files,
    read_mapping,
    replaced,
    sentences_of,
    value_at,
)
from pipeline_lib.config.training import CellSettings, GridEntry, ScanSettings, SplitSettings, TrainingSettings
from pipeline_lib.errors import PipelineError

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
    """In-silico screens with a known truth; the key is the simulation's name (files under ``simulated/<name>/``).
    A screen that reads them leads no report before a measured one, whatever it is called."""
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
    """Training steps and device of trained models."""
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

    @model_validator(mode="before")
    @classmethod
    def _simulated_screens_train_apart(cls, content: Any) -> Any:  # noqa: ANN401 - unchecked YAML
        given = [value_at(content, ("models", "clp", "separate")[:depth]) for depth in (1, 2, 3)]
        if given[2] is not None or not all(isinstance(part, Mapping | None) for part in given[:2]):
            return content
        simulated = sorted(
            {place[1] for place, value in named_files(content, SOURCE_KEYS) if _is_simulated(place, value)}
        )
        return merge(content, {"models": {"clp": {"separate": simulated}}}) if simulated else content


def _is_simulated(place: Place, value: str) -> bool:
    return place[0] == "screens" and value.startswith(SIMULATED)


_RENAMED = {"features": "genes", "essential": "essential"}
"""Keys of the section ``genes`` of older versions: what they are called in the section ``organism``."""


def parse_section(adapter: TypeAdapter[Any], text: str, where: str) -> Any:  # noqa: ANN401
    """Validate a section given as JSON.

    Raises
    ------
    PipelineError
        Names the key at fault and the nearest known one.
    """
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        raise explain(error, models_of(getattr(adapter, "_type", None)), where) from error


def merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Merge two mappings key by key.

    A mapping that `changes` sets to null is taken away, and one that names its own ``reader`` replaces the old one
    whole: files of two readers do not mix.
    """
    merged = dict(base)
    for key, value in changes.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, dict) and "reader" not in value:
            merged[key] = merge(below, value)
        elif value is None and isinstance(below, dict):
            del merged[key]
        else:
            merged[key] = value
    return merged


@dataclass(frozen=True)
class LoadedRun:
    """A configuration and what is wrong with the files that it names.

    Attributes
    ----------
    config
        Paths are those of the files that were found; others stand as they were written.
    faults
        One sentence a file that is not there.
    """

    config: RunConfig
    faults: tuple[str, ...]


def load_run(content: Any, where: str, files: Sequence[str | Path] = ()) -> LoadedRun:  # noqa: ANN401
    """Validate a whole run's configuration and find the files that it names.

    Parameters
    ----------
    content
        A mapping as YAML or Snakemake gives it. A ``base`` names the YAML file that the mapping changes.
    where
        What it is, for errors.
    files
        The YAML files that the mapping was put together from, later ones over earlier ones: a relative path counts from
        the folder of the one that names it, see `pipeline_lib.config.section`.

    Raises
    ------
    ConfigurationError
        When it breaks the schema: names every key at fault and the nearest known one.
    PipelineError
        When it is no mapping, or a base or the catalogue cannot be read.
    """
    if not isinstance(content, dict):
        raise PipelineError(f"{where}: the configuration must be a mapping of keys to values.")
    content = _renamed(content, where)
    layers = [(Path(file).parent, _renamed(read_mapping(Path(file)), str(file))) for file in files]
    merged, folders = _with_base(content, _folders_of(content, layers), where, seen=())
    located, faults = _locate(merged, folders, where)
    try:
        return LoadedRun(RunConfig.model_validate(located), tuple(faults))
    except ValidationError as error:
        raise ConfigurationError([*sentences_of(error, [RunConfig], where), *faults]) from error


def parse_run_config(content: Any, where: str) -> RunConfig:  # noqa: ANN401
    """Return the configuration of `load_run`, whether or not its files are on this machine."""
    return load_run(content, where).config


def read_run_config(path: Path) -> RunConfig:
    """Read and validate a run's YAML file.

    Raises
    ------
    PipelineError
        When the file is missing, is not YAML, or breaks the schema.
    """
    return load_run_file(path).config


def load_run_file(path: Path) -> LoadedRun:
    """Read a run's YAML file as `load_run` does."""
    return load_run(read_mapping(path), str(path), [path])


def _folders_of(content: dict[str, Any], layers: list[tuple[Path, dict[str, Any]]]) -> dict[Place, Path]:
    """Return the folder of the file that names each path; a path that no file holds was typed in the working folder."""
    keys = (BASE, MIRROR, CATALOGUE, *SOURCE_KEYS)
    return {
        place: next((folder for folder, layer in reversed(layers) if value_at(layer, place) == value), Path.cwd())
        for place, value in named_files(content, keys)
    }


def _with_base(
    content: dict[str, Any], folders: dict[Place, Path], where: str, seen: tuple[str, ...]
) -> tuple[dict[str, Any], dict[Place, Path]]:
    """Lay the mapping over the file that its ``base`` names, and that one over its own."""
    if "base" not in content:
        return content, folders
    name = content["base"]
    if not isinstance(name, str):
        raise PipelineError(f"{where}: key 'base' must name another YAML file.")
    try:
        path = find(name, folders[BASE])
    except NotThereError as error:
        raise PipelineError(f"{where}: key 'base': there is no file '{name}' ({error}).") from error
    if os.path.realpath(path) in seen:
        raise PipelineError(f"{where}: key 'base' must name another YAML file, and not in a circle.")
    mapping = _renamed(read_mapping(Path(path)), path)
    below, below_folders = _with_base(
        mapping, _folders_of(mapping, [(Path(path).parent, mapping)]), path, (*seen, os.path.realpath(path))
    )
    # What a run is about is not what its base was about.
    below = {key: value for key, value in below.items() if key != "description"}
    changes = {key: value for key, value in content.items() if key != "base"}
    return merge(below, changes), {**below_folders, **folders}


def _renamed(content: dict[str, Any], where: str) -> dict[str, Any]:
    """Return a mapping with the section ``genes`` of older versions in its new place.

    Raises
    ------
    PipelineError
        When both places are filled, or the old one holds what it never did.
    """
    old = content.get("genes")
    if not isinstance(old, dict):
        return content
    organism = content.get("organism")
    if organism is not None or set(old) - set(_RENAMED):
        raise PipelineError(
            f"{where}: key 'genes' is now 'organism': write organism.genes for genes.features and organism.essential "
            "for genes.essential, and leave 'genes' out."
        )
    rest = {key: value for key, value in content.items() if key != "genes"}
    return {**rest, "organism": {_RENAMED[key]: value for key, value in old.items()}}


def _locate(content: dict[str, Any], folders: dict[Place, Path], where: str) -> tuple[dict[str, Any], list[str]]:
    """Put the paths of the files that were found in place of what was written; say which are not there."""
    faults = []
    located = {"catalogue": default_catalogue(), **content}
    for place, value in named_files(content, (MIRROR, CATALOGUE)):
        try:
            there = os.path.isdir if place == MIRROR else os.path.isfile
            located = replaced(located, place, find(value, folders[place], there))
        except NotThereError as error:
            kind = "folder" if place == MIRROR else "file"
            faults.append(f"{where}: key '{place[0]}': there is no {kind} '{value}' ({error}).")
    catalogue = located["catalogue"]
    if not isinstance(catalogue, str) or any("'catalogue'" in fault for fault in faults):
        return located, faults
    sources = catalogue_entries(catalogue)
    for place, value in named_files(content, SOURCE_KEYS):
        if value in sources or value.startswith((SIMULATED, BUILT_IN)):
            continue
        # Feature tables may be a folder of files, one a study.
        there = os.path.exists if place[0] == "features" else os.path.isfile
        try:
            located = replaced(located, place, find(value, folders[place], there))
        except NotThereError as error:
            faults.append(
                f"{where}: key '{'.'.join(place)}': '{value}' is neither a source of {catalogue} nor a file ({error}); "
                "add it to the catalogue or give a path that exists."
            )
    return located, faults
