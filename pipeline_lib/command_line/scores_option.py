"""The ``--scores`` option: the unit and the calls of every screen, as JSON or out of a YAML file."""

from pathlib import Path

import click
from pydantic import TypeAdapter

from pipeline_lib.config.calls import ScreenScores
from pipeline_lib.config.loading import parse_section, read_run_config
from pipeline_lib.config.screens import screen_scores
from pipeline_lib.errors import PipelineError

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
