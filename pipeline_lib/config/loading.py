"""Read a configuration file and say in one sentence what is wrong with it."""

import difflib
import re
import typing
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from pipeline_lib.config.run import RunConfig
from pipeline_lib.config.yaml_text import load_yaml
from pipeline_lib.errors import PipelineError


class _Loader(yaml.SafeLoader):
    """YAML 1.2 floats: plain PyYAML reads ``1e-05`` as a string."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9][0-9_]*)(?:\.[0-9_]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def _models(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401
    """Return the pydantic models that an annotation may hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in typing.get_args(annotation) for model in _models(argument)]


def _known_keys(models: list[type[BaseModel]], path: tuple[Any, ...]) -> list[str]:
    """Return the keys allowed where `path` (an error's location) points to."""
    for step in path:
        found: list[type[BaseModel]] = []
        for model in models:
            field = model.model_fields.get(str(step))
            found += _models(field.annotation) if field is not None else []
        # A step that is no field is a mapping's key, a list's position or a union's tag: the models stay.
        models = found or models
    return sorted({name for model in models for name in model.model_fields})


def explain(error: ValidationError, roots: list[type[BaseModel]], where: str) -> PipelineError:
    """Return one sentence for the first fault of a configuration."""
    fault = error.errors()[0]
    location = fault["loc"]
    dotted = ".".join(str(step) for step in location if not _is_tag(step))
    if fault["type"] == "extra_forbidden":
        known = _known_keys(roots, location[:-1])
        near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.0)
        hint = f"; did you mean '{near[0]}'?" if near else "."
        return PipelineError(f"{where}: unknown key '{dotted}'{hint}")
    message = fault["msg"].removeprefix("Value error, ")
    more = f" ({error.error_count() - 1} more faults)" if error.error_count() > 1 else ""
    return PipelineError(f"{where}: key '{dotted}': {message}{more}.")


def _is_tag(step: Any) -> bool:  # noqa: ANN401
    """Tell a step that pydantic adds for a union's member from a key that the user wrote."""
    return isinstance(step, str) and ("[" in step or step.endswith("Settings"))


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
        raise explain(error, _models(getattr(adapter, "_type", None)), where) from error


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


def parse_run_config(content: Any, where: str) -> RunConfig:  # noqa: ANN401
    """Validate a whole run's configuration (a mapping as YAML or Snakemake gives it).

    A ``base`` names the YAML file that the mapping changes.

    Raises
    ------
    PipelineError
        Names the key at fault and the nearest known one.
    """
    if not isinstance(content, dict):
        raise PipelineError(f"{where}: the configuration must be a mapping of keys to values.")
    content = _with_base(content, where, seen=())
    try:
        return RunConfig.model_validate(content)
    except ValidationError as error:
        raise explain(error, [RunConfig], where) from error


def _with_base(content: dict[str, Any], where: str, seen: tuple[str, ...]) -> dict[str, Any]:
    """Lay the mapping over the file that its ``base`` names, and that one over its own."""
    if "base" not in content:
        return content
    name = content["base"]
    if not isinstance(name, str) or name in seen:
        raise PipelineError(f"{where}: key 'base' must name another YAML file, and not in a circle.")
    below = _with_base(_read_mapping(Path(name)), name, (*seen, name))
    return merge(below, {key: value for key, value in content.items() if key != "base"})


def _read_mapping(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError) as error:
        raise PipelineError(f"{path} does not exist; give the path of a run's YAML file.") from error
    except UnicodeDecodeError as error:
        raise PipelineError(f"{path} is not valid YAML: {error}.") from error
    content = load_yaml(text, str(path), _Loader)
    if not isinstance(content, dict):
        raise PipelineError(f"{path}: the configuration must be a mapping of keys to values.")
    return content


def read_run_config(path: Path) -> RunConfig:
    """Read and validate a run's YAML file.

    Raises
    ------
    PipelineError
        When the file is missing, is not YAML, or breaks the schema.
    """
    return parse_run_config(_read_mapping(path), str(path))
