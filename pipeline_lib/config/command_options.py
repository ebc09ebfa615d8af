"""Options that several commands share, and the rows that a command prints: a table for people, or JSON for programs."""

import json
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import TypeAdapter

from pipeline_lib.config.loading import parse_section, read_run_config
from pipeline_lib.config.registry import Layout, Registry
from pipeline_lib.config.screen_readers import ScreenScores
from pipeline_lib.config.screens import screen_scores
from pipeline_lib.errors import PipelineError


class SectionType(click.ParamType):  # type: ignore[type-arg] # it takes one from click 8.5 on alone
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
            return attrgetter(self.section)(read_run_config(Path(value)))
        except PipelineError as error:
            self.fail(str(error), param, ctx)


def settings_option(section: str, annotation: Any) -> Callable[[Any], Any]:  # noqa: ANN401
    """Return a click option ``--settings`` that holds `section` of the run's configuration.

    Parameters
    ----------
    section
        Attribute of `pipeline_lib.config.loading.RunConfig`, for instance ``"evaluation"``.
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
"""Adds ``--scores``, which holds `pipeline_lib.config.screen_readers.ScreenScores` by screen."""

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


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, not a table.")
"""Adds ``--json``."""

WIDTH = 160
"""Columns of a table that is not printed on a terminal."""


def print_json(content: Any) -> None:  # noqa: ANN401 - whatever JSON holds
    """Print JSON on the standard output."""
    click.echo(json.dumps(content, indent=2, ensure_ascii=False, default=str))


def print_rows(rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print rows of the same keys; a list is one cell, a number has its thousands set off, None is empty."""
    if as_json:
        print_json(list(rows))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*(rows[0] if rows else ()), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(_cell, row.values()))
    console = Console()
    console.print(table, width=None if console.is_terminal else WIDTH, markup=False)


def _cell(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def print_layouts(readers: Registry[Layout], *, as_json: bool) -> None:
    """Print each reader, the roles of its files, the layout that it understands, and the package that it is from."""
    layouts = {name: readers.get(name) for name in readers.names()}
    rows = [
        {
            "reader": name,
            "files": list(layout.roles) if as_json else " + ".join(layout.roles),
            "what it reads": layout.what,
            "package": readers.package_of(name),
        }
        for name, layout in layouts.items()
    ]
    print_rows(rows, as_json=as_json)
