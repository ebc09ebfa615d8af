"""The content of a model's file: sections of entries from field to value, each checked, each fault with its entry."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError

if TYPE_CHECKING:
    import cobra


Entry = dict[str, Any]

SECTIONS = ("metabolites", "reactions", "genes")
IGNORED = {"annotation", "references", "eccodes", "rxnNotes", "smiles", "confidence_score", "notes"}
TEXT_FIELDS = {"id", "name", "compartment", "formula", "subsystem", "gene_reaction_rule"}
"""Fields whose value is text even where it looks like a number: a gene may be called 319848."""

DIRECTION_FIELDS = ("objective_direction", "objective_sense", "osenseStr")
_DIRECTIONS = {"max": "max", "maximize": "max", "maximise": "max", "min": "min", "minimize": "min", "minimise": "min"}


class RepeatedFields(dict[str, Any]):
    """Fields of which one stands there more than once.

    Attributes
    ----------
    repeated
        The first such field.
    """

    def __init__(self, fields: Iterable[tuple[str, Any]], repeated: str) -> None:
        super().__init__(fields)
        self.repeated = repeated


def fields_of(pairs: list[tuple[str, Any]]) -> Entry:
    """Return the fields as a dictionary that remembers whether one of them was listed twice."""
    fields = dict(pairs)
    if len(fields) == len(pairs):
        return fields
    names = [name for name, _ in pairs]
    return RepeatedFields(pairs, next(name for name in names if names.count(name) > 1))


def content_of(loaded: Any, where: str) -> dict[str, Any]:  # noqa: ANN401 - whatever the file holds
    """Return the parts of a model in cobra's field names.

    Parameters
    ----------
    loaded
        What a YAML or JSON file holds.
    where
        The file's name, for the error.

    Returns
    -------
    dict
        ``id`` (str), ``direction`` ('max' or 'min') and ``metabolites``, ``reactions``, ``genes``: lists of entries
        without annotations and notes.

    Raises
    ------
    PipelineError
        When a section is missing, stands there twice, or is no list of entries.
    """
    missing = [name for name in SECTIONS if not isinstance(loaded, dict) or name not in loaded]
    if missing:
        raise PipelineError(
            f"{where} is no whole metabolic model: section '{missing[0]}' is missing; fetch the file anew."
        )
    if isinstance(loaded, RepeatedFields):
        raise PipelineError(f"{where}: '{loaded.repeated}' stands there more than once; keep one of them.")
    named = loaded["metaData"] if isinstance(loaded.get("metaData"), dict) else loaded
    sections = {name: _entries(loaded[name], name, where) for name in SECTIONS}
    return {"id": str(named.get("id") or ""), "direction": _direction({**named, **loaded}, where), **sections}


def objective_direction(text: str, where: str) -> str:
    """Return 'max' or 'min' for the direction of an objective as a file writes it.

    Raises
    ------
    PipelineError
        When it is neither.
    """
    try:
        return _DIRECTIONS[text.strip().lower()]
    except KeyError as error:
        raise PipelineError(
            f"{where}: the direction of the objective is '{text}'; it must be maximize or minimize."
        ) from error


def _direction(named: Mapping[str, Any], where: str) -> str:
    for field in DIRECTION_FIELDS:
        if named.get(field) is not None:
            return objective_direction(str(named[field]), where)
    return "max"


def _entries(section: Any, name: str, where: str) -> list[Entry]:  # noqa: ANN401 - whatever the file holds
    if not isinstance(section, list) or not all(isinstance(entry, dict) for entry in section):
        raise PipelineError(f"{where}: section '{name}' is not a list of entries with fields.")
    for number, entry in enumerate(section, start=1):
        if isinstance(entry, RepeatedFields) and entry.repeated not in IGNORED:
            raise PipelineError(
                f"{where}: {name[:-1]} '{entry.get('id', number)}' lists the field '{entry.repeated}' more than once; "
                "keep one of them."
            )
    return [{key: value for key, value in entry.items() if key not in IGNORED} for entry in section]


def content_of_cobra(model: "cobra.Model") -> dict[str, Any]:
    """Return the parts of a model in cobra's memory, as `content_of` does.

    Raises
    ------
    PipelineError
        When it is no model of cobra, or its objective is not linear.
    """
    from cobra import Model
    from cobra.io import model_to_dict
    from cobra.util.solver import linear_reaction_coefficients

    if not isinstance(model, Model):
        raise PipelineError(f"a metabolic model is a path, cobra:NAME or a cobra.Model, not a {type(model).__name__}.")
    if model.reactions and model.objective.expression != 0 and not linear_reaction_coefficients(model):
        raise PipelineError(
            f"the objective of the model '{model.id}' is no weighted sum of fluxes; set it to the growth reaction."
        )
    loaded = {**model_to_dict(model), "objective_direction": model.objective_direction}
    return content_of(loaded, f"the model '{model.id}'")


def parse_gem_json(text: str, where: str) -> dict[str, Any]:
    """Parse a model in JSON.

    Parameters
    ----------
    text
        The file's content.
    where
        Its name, for the error.

    Returns
    -------
    dict
        See `content_of`.

    Raises
    ------
    PipelineError
        When the text is not JSON or not a model.
    """
    try:
        loaded = json.loads(text, object_pairs_hook=fields_of)
    except (ValueError, RecursionError) as error:
        raise PipelineError(f"{where} is not a model: its JSON is broken ({error}); fetch the file anew.") from error
    if not isinstance(loaded, dict) or "reactions" not in loaded:
        raise PipelineError(f"{where} is not a model: its JSON has no section 'reactions'.")
    return content_of(loaded, where)


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
