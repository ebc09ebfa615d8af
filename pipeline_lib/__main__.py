"""``python -m pipeline_lib <stage> <command>``, which is ``clp``: every stage of the workflow, by hand.

A stage's module is imported only when that stage is asked for.
"""

import errno
import importlib
import os
import signal
import sys
from pathlib import Path
from types import FrameType

import click

from pipeline_lib import __version__
from pipeline_lib.artefacts.atomic import explain_os_error
from pipeline_lib.errors import PipelineError

STAGES: dict[str, str] = {
    "sources": "Fetch upstream files, verify them, fill a mirror.",
    "metabolism": "Genome-scale model: tables, tensors, gene rules, energies, knockouts.",
    "simulation": "In-silico screens with a known truth, in the upstream layouts.",
    "screens": "Read published screens into one table of observations.",
    "networks": "Build gene networks.",
    "features": "Build feature tables of genes.",
    "cell": "Gene index, cell graph, splits.",
    "models": "List the models; show one and its settings.",
    "training": "Fit a model on a split; overfit check; walk-through.",
    "predict": "Predict genotypes with a trained model.",
    "evaluation": "Leaderboard, differences, P-values, noise ceilings, calibration.",
    "reporting": "Figures, tables and the report page.",
    "results": "What a finished run found: verdict, tables, fitted models.",
    "config": "Check a configuration; write its JSON schema and reference.",
}

_MODULES: dict[str, tuple[str, str]] = {
    **{stage: (f"pipeline_lib.{stage}.cli", "app") for stage in STAGES},
    "predict": ("pipeline_lib.training.cli", "predict_app"),
    "results": ("pipeline_lib.library.cli", "app"),
    "config": ("pipeline_lib.command_line.config_check", "app"),
}


class StageGroup(click.Group):
    """A click group that imports a stage's commands on first use, so that ``--help`` stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the stages in the order of the data's flow."""
        return list(STAGES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one stage's command, or None where there is no such stage."""
        if cmd_name not in _MODULES:
            return None
        module, attribute = _MODULES[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the stages without importing them."""
        with formatter.section("Stages"):
            formatter.write_dl(list(STAGES.items()))


@click.command(cls=StageGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__)
def app() -> None:
    """Cell latent perturbation pipeline: predict the effect of deleting one, two or three yeast genes.

    Every rule of the workflow calls one of these commands; each works by itself, from any folder.
    """


def _terminate(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
    raise SystemExit(128 + signum)


def main() -> None:
    """Run the command line; a `PipelineError` ends it with one line a fault and status 1."""
    # SystemExit unwinds through `atomic_path`, so a terminated job leaves no half-written file.
    signal.signal(signal.SIGTERM, _terminate)
    try:
        app()
    except PipelineError as error:
        for sentence in error.sentences:
            _complain(sentence)
        if os.environ.get("PIPELINE_TRACEBACK"):
            raise
        sys.exit(1)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        _complain(str(explain_os_error(error, Path(error.filename or "the output"))))
        sys.exit(1)


def _complain(sentence: str) -> None:
    """Print the sentence on stderr; where that is a log on the full disk itself, on stdout."""
    for stream in (sys.stderr, sys.stdout):
        try:
            click.echo(f"error: {sentence}", file=stream)
        except OSError:
            continue
        return


if __name__ == "__main__":
    main()
