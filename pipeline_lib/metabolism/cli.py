"""Commands of the metabolism stage."""

import click

from pipeline_lib.metabolism.build_cli import build


@click.group()
def app() -> None:
    """Genome-scale model: tables, tensors, gene rules, energies, knockouts."""


app.add_command(build)
