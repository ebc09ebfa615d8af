"""Commands of the metabolism stage."""

import click

from pipeline_lib.metabolism.commands.build import build
from pipeline_lib.metabolism.commands.comparisons import (
    essentiality,
    essentiality_benchmark_command,
    explain,
    media,
    subsystem_benchmark_command,
)
from pipeline_lib.metabolism.commands.knockouts import all_pairs, knockouts
from pipeline_lib.metabolism.commands.searches import all_triples, lethal_sets_command


@click.group()
def app() -> None:
    """Genome-scale model: tables, tensors, gene rules, energies, knockouts."""


app.add_command(build)
app.add_command(knockouts)
app.add_command(all_pairs)
app.add_command(all_triples)
app.add_command(lethal_sets_command)
app.add_command(media)
app.add_command(essentiality)
app.add_command(subsystem_benchmark_command)
app.add_command(explain)
app.add_command(essentiality_benchmark_command)
