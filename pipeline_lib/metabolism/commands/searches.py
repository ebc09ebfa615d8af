"""``metabolism all-triples`` and ``metabolism lethal-sets``: searches over every set of a model's genes."""

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline_lib.metabolism.commands.knockouts import load_network, network_options, solving_options

if TYPE_CHECKING:
    from pipeline_lib.metabolism.programs.flux import Method

_FILE = click.Path(path_type=Path)


@click.command("all-triples")
@network_options
@solving_options
@click.option("--counts", required=True, type=_FILE, help="Written: JSON, what became of all triples and the time.")
@click.option("--subsystems", type=_FILE, help="Written: interacting triples of each subsystem.")
def all_triples(
    reactions: Path,
    incidence: Path,
    complexes: Path,
    genes: Path,
    method: "Method",
    processes: int,
    output: Path,
    counts: Path,
    subsystems: Path | None,
) -> None:
    """Find every triple of the model's genes whose tau is not zero, and count the rest.

    A stopped search is taken up where it was left: solved batches lie beside the output until it is written.
    """
    import numpy as np
    import pandas as pd

    from pipeline_lib.artefacts import schemas
    from pipeline_lib.artefacts.atomic import write_json
    from pipeline_lib.artefacts.tables import read_table, write_table
    from pipeline_lib.metabolism.knockouts.triple_tables import gene_triples, subsystem_table, triple_counts
    from pipeline_lib.metabolism.knockouts.triples import search_triples

    start = time.perf_counter()
    network = load_network(reactions, incidence, complexes, genes)
    search = search_triples(network, method, processes, kept=output.parent / f".{output.stem}.solved")
    table = gene_triples(search)
    if subsystems is not None:
        write_table(subsystem_table(table, network, read_table(reactions, schemas.REACTIONS)), subsystems)
    content = triple_counts(search, len(network.gem_genes))
    names = np.array(network.genes, dtype=object)
    for column in ("first", "second", "third"):
        table[column] = pd.Categorical(names[table[column].to_numpy()], categories=names)
    write_table(table, output)
    write_json({**content, "seconds": time.perf_counter() - start, "processes": processes}, counts)
    above = "interacting_above_"
    ladder = [f"{content[name]} above {name.removeprefix(above)}" for name in content if name.startswith(above)]
    click.echo(
        f"{content['triples']} triples: {content['interacting']} interact above rounding (1e-6), {', '.join(ladder)}; "
        f"{content['failed']} failed; {content['linear_programs_triples']} linear programs",
        err=True,
    )


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
@click.option("--output", required=True, type=_FILE, help="Written: one row a minimal lethal set.")
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
    from pipeline_lib.metabolism.knockouts.lethality import find_lethal_sets
    from pipeline_lib.metabolism.programs.solving import threaded_solver

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
