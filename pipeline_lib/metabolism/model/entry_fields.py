"""Fields of the entries of a model's file as columns: each value checked, each fault named with its entry."""

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.model_content import Entry

_INFINITE = re.compile(r"(?i)\s*([+-]?)inf(?:inity)?\s*")
"""How programs write an infinite bound in JSON and YAML: as text."""


def identifiers(entries: list[Entry], kind: str, where: str) -> list[str]:
    """Return the ids of the entries of one `kind`.

    Raises
    ------
    PipelineError
        When one is missing, is a decimal number, or is listed more than once.
    """
    for entry in entries:
        if isinstance(entry.get("id"), float):
            # 8639.10 has become 8639.1, which may be another one.
            raise PipelineError(f"{where}: the id of the {kind} {entry['id']} is a number; put it into quotes.")
    names = [str(entry["id"]) if entry.get("id") is not None else "" for entry in entries]
    if "" in names:
        raise PipelineError(f"{where}: {kind} number {names.index('') + 1} has no id.")
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise PipelineError(f"{where}: the {kind} '{repeated}' is listed more than once.")
    return names


def field_column(entries: list[Entry], key: str, default: object) -> list[Any]:
    """Return one field of every entry, the default where an entry lacks it."""
    return [default if entry.get(key) is None else entry[key] for entry in entries]


def numbers_of(entries: list[Entry], key: str, default: float | None, kind: str, where: str) -> NDArray[np.float64]:
    """Return a field of every entry as float64; without a default, an entry that lacks it is refused."""
    values = field_column(entries, key, default)
    for entry, value in zip(entries, values, strict=True):
        if not is_number(value):
            found = "is missing" if value is None else f"must be a number, not {value!r}"
            raise PipelineError(f"{where}: {kind} '{entry['id']}': field '{key}' {found}.")
    return np.array(values, dtype=np.float64)


def is_number(value: object) -> bool:
    """Return whether a float64 can hold a value; Python's whole numbers have no greatest, and True counts as 1."""
    return isinstance(value, float) or (
        isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 1024
    )


def bounds_of(entries: list[Entry], key: str, where: str) -> NDArray[np.float64]:
    """Return the bounds of reactions, float64 [R]; an infinite one may be text."""
    if any(isinstance(entry.get(key), str) for entry in entries):
        entries = [{**entry, key: _infinite_or_same(entry.get(key))} for entry in entries]
    bounds = numbers_of(entries, key, None, "reaction", where)
    require_sound(~np.isnan(bounds), bounds, key, entries, where)
    return bounds


def _infinite_or_same(value: object) -> object:
    infinite = _INFINITE.fullmatch(value) if isinstance(value, str) else None
    return value if infinite is None else math.copysign(math.inf, -1.0 if infinite[1] == "-" else 1.0)


def require_sound(
    sound: NDArray[np.bool_], numbers: NDArray[np.float64], key: str, entries: list[Entry], where: str
) -> None:
    """Refuse numbers of which one is not sound; names its reaction and field."""
    if not sound.all():
        at = int(np.argmin(sound))
        kind = "number" if math.isnan(numbers[at]) else "finite number"
        raise PipelineError(
            f"{where}: reaction '{entries[at]['id']}': field '{key}' is not a {kind} ({numbers[at]}); mend the model."
        )
