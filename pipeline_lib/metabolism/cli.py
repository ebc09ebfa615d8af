"""Commands of the metabolism stage."""

import click

from pipeline_lib.metabolism.build_cli import build
from pipeline_lib.metabolism.essentiality_cli import essentiality
from pipeline_lib.metabolism.knockouts_cli import all_pairs, knockouts


@click.group()
def app() -> None:
    """Genome-scale model: tables, tensors, gene rules, energies, knockouts."""


app.add_command(build)
app.add_command(knockouts)
app.add_command(all_pairs)
app.add_command(essentiality)
