"""Options that several commands share: ``--settings``, ``--scores``, and files by their names."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import TypeAdapter

from pipeline_lib.config.calls import ScreenScores
from pipeline_lib.config.loading import parse_section, read_run_config
from pipeline_lib.config.screens import screen_scores
from pipeline_lib.errors import PipelineError


class SectionType(click.ParamType):
    """Turn an option's text into a typed section of the configuration.

    Text that starts with ``{`` or ``[`` is the section itself as JSON (what the rules pass); anything else is the
    path of a run's YAML file, of which the section is taken.
    """

    name = "JSON|FILE"

    def __init__(self, section: str, annotation: Any) -> None:  # noqa: ANN401 - any type pydantic can validate
        self.section = section
        self.adapter: TypeAdapter[Any] = TypeAdapter(annotation)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        """Return the validated section; fail with one sentence otherwise."""
        if not isinstance(value, str):
            return value
        try:
            if value.lstrip().startswith(("{", "[")):
                return parse_section(self.adapter, value, where=f"--settings ({self.section})")
            return getattr(read_run_config(Path(value)), self.section)
        except PipelineError as error:
            self.fail(str(error), param, ctx)


def settings_option(section: str, annotation: Any) -> Callable[[Any], Any]:  # noqa: ANN401
    """Return a click option ``--settings`` that holds `section` of the run's configuration.

    Parameters
    ----------
    section
        Attribute of `pipeline_lib.config.RunConfig`, for instance ``"evaluation"``.
    annotation
        Its type, for instance ``EvaluationSettings`` or ``dict[str, ScreenSettings]``.
    """
    return click.option(
        "--settings",
        required=True,
        type=SectionType(section, annotation),
        help=f"Section '{section}' of the configuration: JSON, or the path of a run's YAML file.",
    )


_ADAPTER = TypeAdapter(dict[str, ScreenScores])


def _parsed(context: click.Context, parameter: click.Parameter, text: str) -> dict[str, ScreenScores]:
    try:
        if text.lstrip().startswith("{"):
            scores: dict[str, ScreenScores] = parse_section(_ADAPTER, text, "--scores")
            return scores
        return screen_scores(read_run_config(Path(text)).screens)
    except PipelineError as error:
        raise click.BadParameter(str(error), context, parameter) from error


scores_option = click.option(
    "--scores",
    default="{}",
    show_default=True,
    metavar="JSON|FILE",
    callback=_parsed,
    help="Unit, calls and publication of every screen: JSON, or a run's YAML file. A screen that is not in it has no "
    "unit and no calls.",
)
"""Adds ``--scores``, which holds `pipeline_lib.config.calls.ScreenScores` by screen."""

Part = TypeVar("Part")


def part_of(settings: Mapping[str, Part], name: str, what: str) -> Part:
    """Return one network, table, screen or simulation of the settings.

    Parameters
    ----------
    settings
        All of them by name.
    name
        Which.
    what
        What it is, for the message.

    Raises
    ------
    PipelineError
        When there is none of that name; lists them.
    """
    if name not in settings:
        raise PipelineError(f"the settings have no {what} '{name}'; there are {', '.join(settings) or 'none'}.")
    return settings[name]


def named_files(_: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, Path]:
    """Return the files of an option by their names, ``NAME=PATH`` each.

    Raises
    ------
    PipelineError
        When one of them has no name or no path, or a name is there twice.
    """
    files: dict[str, Path] = {}
    for text in given:
        name, _equals, path = text.partition("=")
        if not path:
            raise PipelineError(f"{option.opts[0]} {text}: write it as {option.metavar}.")
        if name in files:
            raise PipelineError(f"{option.opts[0]} {text}: '{name}' has a file already; give each name once.")
        files[name] = Path(path)
    return files
