"""Commands of the metabolism stage."""

import click

from pipeline_lib.metabolism.build_cli import build
from pipeline_lib.metabolism.essentiality_benchmark_cli import essentiality_benchmark_command
from pipeline_lib.metabolism.essentiality_cli import essentiality
from pipeline_lib.metabolism.knockouts_cli import all_pairs, knockouts
from pipeline_lib.metabolism.lethality_cli import lethal_sets_command
from pipeline_lib.metabolism.measured_growth_cli import explain, subsystem_benchmark_command
from pipeline_lib.metabolism.media_benchmark_cli import media
from pipeline_lib.metabolism.triples_cli import all_triples


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
