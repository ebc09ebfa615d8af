"""What every section of the configuration is made of: its base, its YAML, its files, and a sentence for each fault.

One rule for every path (own tables, models, networks, catalogue, mirror, base): ``~`` is the home folder; a relative
path is looked for beside the file that names it, then in the working folder, then in the folder of the pipeline. A name
of the catalogue is always that source.
"""

import difflib
import os
import re
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline_lib.config.registry import Entry, Registry
from pipeline_lib.errors import PipelineError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class Section(BaseModel):
    """A section of the configuration: immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, validate_default=True)


class EntryWithSettings(Entry, Protocol):
    """An entry that states the class of its own settings."""

    @property
    def settings(self) -> type[Any]:
        """A pydantic class, or ``dict``."""
        ...


Reader = TypeVar("Reader", bound=EntryWithSettings)


def checked(kind: type[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with their defaults filled in, as plain values.

    Parameters
    ----------
    kind
        The class that the package states (pydantic), or ``dict`` where any mapping will do.
    given
        As the configuration has them.

    Raises
    ------
    ValueError
        Names every key at fault.
    """
    if not issubclass(kind, BaseModel):
        return dict(given)
    unknown = next((key for key in given if key not in kind.model_fields), None)
    if unknown is not None:
        near = difflib.get_close_matches(unknown, kind.model_fields, n=1, cutoff=0.0)
        raise ValueError(f"unknown key '{unknown}'" + (f"; did you mean '{near[0]}'?" if near else ""))
    try:
        return kind.model_validate(given).model_dump(mode="json")
    except ValidationError as error:
        faults = (
            f"'{'.'.join(map(str, fault['loc']))}': {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors()
        )
        raise ValueError("; ".join(faults)) from error


def reader_options(readers: Registry[Reader], reader: str | None, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a reader as `checked` does; the pipeline's own readers have none.

    Raises
    ------
    ValueError
        When a reader of the pipeline is given options, or those of another break its settings.
    """
    if reader is None or reader not in readers:
        # That there is no such reader has a sentence of its own.
        return options
    if reader in readers.built_in:
        if options:
            raise ValueError(f"reader '{reader}' has no options; leave them out")
        return options
    try:
        return checked(readers.get(reader).settings, options)
    except PipelineError as error:
        raise ValueError(str(error).removesuffix(".")) from error


def with_names(names: Callable[[], list[str]]) -> Callable[[dict[str, Any]], None]:
    """Return what puts the names of a registry into the JSON schema of a key when the schema is written."""

    def extend(schema: dict[str, Any]) -> None:
        (schema["items"] if schema.get("type") == "array" else schema)["enum"] = names()

    return extend


class ConfigurationError(PipelineError):
    """Everything that is wrong with a configuration, one sentence a fault."""

    def __init__(self, sentences: Sequence[str]) -> None:
        more = f" ({len(sentences) - 1} more faults)." if len(sentences) > 1 else ""
        super().__init__(f"{sentences[0].removesuffix('.')}{more}" if more else sentences[0])
        self._sentences = tuple(sentences)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is wrong, one sentence a fault."""
        return self._sentences


def explain(error: ValidationError, roots: list[type[BaseModel]], where: str) -> PipelineError:
    """Return one sentence for the first fault of a configuration."""
    first, *others = sentences_of(error, roots, where)
    return PipelineError(f"{first.removesuffix('.')} ({len(others)} more faults)." if others else first)


def sentences_of(error: ValidationError, roots: list[type[BaseModel]], where: str) -> list[str]:
    """Return one sentence a fault of a configuration, each once."""
    return list(dict.fromkeys(_sentence(fault, roots, where) for fault in error.errors()))


def _sentence(fault: "ErrorDetails", roots: list[type[BaseModel]], where: str) -> str:
    location = fault["loc"]
    dotted = ".".join(str(step) for step in location if not _is_tag(step))
    if fault["type"] == "extra_forbidden":
        known = _known_keys(roots, location[:-1])
        near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.0)
        hint = f"; did you mean '{near[0]}'?" if near else "."
        return f"{where}: unknown key '{dotted}'{hint}"
    if fault["type"] == "missing":
        return f"{where}: key '{dotted}' is missing."
    return f"{where}: key '{dotted}': {fault['msg'].removeprefix('Value error, ')}."


def models_of(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401
    """Return the pydantic models that an annotation may hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in typing.get_args(annotation) for model in models_of(argument)]


def _known_keys(models: list[type[BaseModel]], path: tuple[Any, ...]) -> list[str]:
    """Return the keys allowed where `path` (an error's location) points to."""
    for step in path:
        found: list[type[BaseModel]] = []
        for model in models:
            field = model.model_fields.get(str(step))
            found += models_of(field.annotation) if field is not None else []
        # A step that is no field is a mapping's key, a list's position or a union's tag: the models stay.
        models = found or models
    return sorted({name for model in models for name in model.model_fields})


def _is_tag(step: Any) -> bool:  # noqa: ANN401
    """Tell a step that pydantic adds for a union's member from a key that the user wrote."""
    return isinstance(step, str) and ("[" in step or step.endswith("Settings"))


_FAULTS = (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""What PyYAML raises: for a date of month 99 a ValueError, for ``!!bool abc`` a KeyError, for a thousand open brackets
a RecursionError; only faults of its grammar are its own."""


def load_yaml(text: str, where: str, loader: type[yaml.SafeLoader]) -> Any:  # noqa: ANN401 - anything that YAML holds
    """Return the content of a YAML text.

    Parameters
    ----------
    text
        The file's content.
    where
        Its name, for the error.
    loader
        A safe loader.

    Raises
    ------
    PipelineError
        When the text is not YAML, or holds values that are not what their tags or digits say.
    """
    try:
        return yaml.load(text, loader)  # noqa: S506 - a SafeLoader
    except _FAULTS as error:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise PipelineError(f"{where} is not valid YAML: {reason}.") from error


class _Loader(yaml.SafeLoader):
    """YAML 1.2 floats: plain PyYAML reads ``1e-05`` as a string."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9][0-9_]*)(?:\.[0-9_]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def read_mapping(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds keys and values.

    Raises
    ------
    PipelineError
        When the file is missing, is not YAML, or holds something else.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise PipelineError(f"{path} does not exist; give the path of a run's YAML file.") from error
    except OSError as error:
        raise PipelineError(f"{path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise PipelineError(f"{path} is not valid YAML: {error}.") from error
    content = load_yaml(text, str(path), _Loader)
    if not isinstance(content, dict):
        raise PipelineError(f"{path}: the configuration must be a mapping of keys to values.")
    return content


def catalogue_entries(path: str) -> dict[str, Any]:
    """Return the entries of a catalogue by name; `pipeline_lib.sources.catalogue` holds them to their schema.

    Raises
    ------
    PipelineError
        When the file cannot be read or is no mapping.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PipelineError(f"{path}: the catalogue cannot be read: {error}.") from error
    content = load_yaml(text, path, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if not isinstance(content, dict):
        raise PipelineError(f"{path}: a catalogue is a mapping of source names to entries.")
    return content


PROJECT = Path(__file__).resolve().parents[2]
"""The folder of the pipeline: that of ``workflow/``, ``config/`` and ``pipeline_lib/``."""

CATALOGUE = ("catalogue",)
MIRROR = ("mirror",)
BASE = ("base",)

SOURCE_KEYS: tuple[tuple[str, ...], ...] = (
    ("organism", "genes"),
    ("organism", "essential"),
    ("metabolism", "gem"),
    ("metabolism", "reaction_energies"),
    ("metabolism", "metabolite_energies"),
    ("screens", "*", "files", "*"),
    ("networks", "*", "files", "*"),
    ("features", "*", "files", "*"),
    ("scan", "genes"),
)
"""Keys whose values are a source of the catalogue or a file of the user; ``*`` stands for any name."""

SIMULATED = "simulated:"
"""Start of a file that a simulation of the run writes."""
BUILT_IN = "cobra:"

Place = tuple[str, ...]
"""A key by the names that lead to it."""


class NotThereError(Exception):
    """No file (or folder) of that name; holds the folders that were looked in."""

    def __init__(self, folders: list[Path], path: Path) -> None:
        if path.is_dir():
            super().__init__("it is a folder")
        else:
            super().__init__(f"looked in {', '.join(map(str, folders))}" if folders else "looked at that place")


def find(value: str, folder: Path, is_there: Callable[[str], bool] = os.path.isfile) -> str:
    """Return the path of an existing file, relative to the working folder where it lies below it, else absolute.

    Parameters
    ----------
    value
        As written in the configuration.
    folder
        Folder of the file that names it.
    is_there
        What the path must be.

    Raises
    ------
    NotThereError
        When no place has it.
    """
    path = _with_home(value)
    folders = [] if path.is_absolute() else list(dict.fromkeys(map(_absolute, (folder, Path(), PROJECT))))
    for candidate in [place / path for place in folders] or [path]:
        if is_there(str(candidate)):
            return below_working_folder(candidate)
    raise NotThereError(folders, path)


def _with_home(value: str) -> Path:
    try:
        return Path(value).expanduser()
    except RuntimeError:  # no home folder of that name
        return Path(value)


def _absolute(path: Path) -> Path:
    """Return a path from the root on, without ``..``; links stay."""
    return Path(os.path.normpath(Path.cwd() / path))


def below_working_folder(path: Path) -> str:
    """Return a path relative to the working folder where it lies below it, so that a run may move as a whole."""
    absolute = _absolute(path)
    return str(absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else absolute)


def default_catalogue() -> str:
    """Return the path of the pipeline's own catalogue; an installed library has none beside it, a deployed copy has."""
    own = "config/sources.yaml"
    try:
        return find(own, PROJECT)
    except NotThereError:
        return below_working_folder(PROJECT / own)


def neighbour_mirror() -> Path | None:
    """Return the folder ``../shared/data`` beside the pipeline's, where it exists."""
    folder = PROJECT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


def named_files(content: Any, keys: tuple[Place, ...]) -> Iterator[tuple[Place, str]]:  # noqa: ANN401 - unchecked YAML
    """Yield every (key, value) of `content` that one of the patterns `keys` matches and whose value is a text."""
    for key in keys:
        yield from _matching(content, key, ())


def _matching(content: Any, key: Place, above: Place) -> Iterator[tuple[Place, str]]:  # noqa: ANN401
    if not key:
        if isinstance(content, str):
            yield above, content
        return
    if not isinstance(content, dict):
        return
    for name in content if key[0] == "*" else (key[0],):
        if name in content:
            yield from _matching(content[name], key[1:], (*above, name))


def value_at(content: Any, place: Place) -> Any:  # noqa: ANN401
    """Return what stands at a key, None where there is nothing."""
    for name in place:
        content = content.get(name) if isinstance(content, Mapping) else None
    return content


def replaced(content: dict[str, Any], place: Place, value: str) -> dict[str, Any]:
    """Return a copy of `content` with another value at a key that is there."""
    below = value if len(place) == 1 else replaced(content[place[0]], place[1:], value)
    return {**content, place[0]: below}
