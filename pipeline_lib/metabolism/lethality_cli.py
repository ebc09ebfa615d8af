"""``metabolism lethal-sets``: every minimal lethal set of genes."""

from functools import partial
from pathlib import Path

import click

from pipeline_lib.metabolism.knockouts_cli import load_network, network_options


@click.command("lethal-sets")
@network_options
@click.option("--order", type=click.IntRange(min=1), default=3, show_default=True, help="Greatest number of genes.")
@click.option(
    "--cutoff",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.01,
    show_default=True,
    help="Part of the wild type's growth below which a genotype is lethal.",
)
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Programs solved at once.")
@click.option("--output", required=True, type=click.Path(path_type=Path), help="Written: one row a minimal lethal set.")
def lethal_sets_command(
    reactions: Path,
    incidence: Path,
    complexes: Path,
    genes: Path,
    order: int,
    cutoff: float,
    threads: int,
    output: Path,
) -> None:
    """Find every minimal lethal set of genes, exactly.

    A stopped search is taken up where it was left: solved batches lie beside the output until it is written.
    """
    from rich.console import Console

    from pipeline_lib.artefacts.tables import write_table
    from pipeline_lib.metabolism.lethality import find_lethal_sets
    from pipeline_lib.metabolism.solving import threaded_solver

    network = load_network(reactions, incidence, complexes, genes)
    kept = output.parent / f".{output.stem}.solved"
    table = find_lethal_sets(network, order, cutoff, partial(threaded_solver, threads, kept, Console(stderr=True)))
    write_table(table.assign(genes=table["genes"].map(list)), output)
    counts = table["order"].value_counts().sort_index()
    click.echo(
        f"{', '.join(f'{count} of {number} genes' for number, count in counts.items()) or 'no lethal set'}; "
        f"{table.attrs['programs_solved']} linear programs",
        err=True,
    )
