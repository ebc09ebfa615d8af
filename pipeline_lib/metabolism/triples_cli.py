"""``metabolism all-triples``: every trigenic interaction of the model's genes."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline_lib.metabolism.knockouts_cli import load_network, network_options, solving_options

if TYPE_CHECKING:
    from pipeline_lib.metabolism.flux import Method

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
    from pipeline_lib.metabolism.triple_tables import gene_triples, subsystem_table, triple_counts
    from pipeline_lib.metabolism.triples import search_triples

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
