"""One sentence for each fault that pydantic finds in a configuration."""

import difflib
import typing
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from pipeline_lib.errors import PipelineError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


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
