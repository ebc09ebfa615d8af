"""Where the files that a configuration names lie on this machine.

One rule for every path (own tables, models, networks, catalogue, mirror, base): ``~`` is the home folder; a relative
path is looked for beside the file that names it, then in the working folder, then in the folder of the pipeline. A name
of the catalogue is always that source.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

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
    """Return the path of the pipeline's own catalogue."""
    return below_working_folder(PROJECT / "config" / "sources.yaml")


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
