"""Load YAML that others wrote: whatever is wrong with it is one sentence."""

import re
from pathlib import Path
from typing import Any

import yaml

from pipeline_lib.errors import PipelineError

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
