"""The base of every section of the configuration, and the own settings of models and readers of other packages."""

import difflib
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline_lib.config.registry import Entry, Registry
from pipeline_lib.errors import PipelineError


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
