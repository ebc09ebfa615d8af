"""Read a configuration, find the files that it names, and say in one sentence each what is wrong with it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pipeline_lib.config.faults import ConfigurationError, explain, models_of, sentences_of
from pipeline_lib.config.locating import (
    BASE,
    BUILT_IN,
    CATALOGUE,
    MIRROR,
    SIMULATED,
    SOURCE_KEYS,
    NotThereError,
    Place,
    default_catalogue,
    find,
    named_files,
    replaced,
    value_at,
)
from pipeline_lib.config.run import RunConfig
from pipeline_lib.config.yaml_text import catalogue_entries, read_mapping
from pipeline_lib.errors import PipelineError

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
        the folder of the one that names it, see `pipeline_lib.config.locating`.

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
