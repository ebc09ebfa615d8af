"""``metabolism knockouts`` and ``metabolism all-pairs``: growth and interactions of deletions."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pipeline_lib.metabolism.knockouts.plates import Plate
    from pipeline_lib.metabolism.model.network import MetabolicNetwork
    from pipeline_lib.metabolism.programs.flux import Method

_FILE = click.Path(path_type=Path)


def network_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name the tables of a metabolic network."""
    for option in reversed(
        (
            click.option("--reactions", required=True, type=_FILE, help="metabolism/reactions.parquet."),
            click.option("--incidence", required=True, type=_FILE, help="metabolism/incidence.parquet."),
            click.option("--complexes", required=True, type=_FILE, help="metabolism/complexes.parquet."),
            click.option("--genes", required=True, type=_FILE, help="The gene index (tables/genes.parquet)."),
        )
    ):
        command = option(command)
    return command


def solving_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how knockouts are solved."""
    for option in reversed(
        (
            click.option(
                "--method",
                type=click.Choice(["fba", "moma"]),
                default="fba",
                show_default=True,
                help="fba: greatest growth; moma: growth of the fluxes nearest to the wild type's (linear MOMA).",
            ),
            click.option(
                "--processes",
                type=click.IntRange(min=1),
                default=1,
                show_default=True,
                help="Worker processes; the result does not depend on it.",
            ),
            click.option("--output", required=True, type=_FILE, help="Written: one row a genotype."),
        )
    ):
        command = option(command)
    return command


def load_network(reactions: Path, incidence: Path, complexes: Path, genes: Path) -> "MetabolicNetwork":
    """Read the network back from its tables."""
    from pipeline_lib.artefacts import schemas
    from pipeline_lib.artefacts.tables import read_table
    from pipeline_lib.metabolism.model.network import read_network

    return read_network(
        read_table(reactions, schemas.REACTIONS),
        read_table(incidence, schemas.INCIDENCE),
        read_table(complexes, schemas.COMPLEXES),
        read_table(genes, schemas.GENES),
    )


@click.command()
@network_options
@click.option(
    "--genotypes",
    required=True,
    type=_FILE,
    help="Any parquet table with a list column 'genes' of 1 to 3 names (systematic, standard or alias); genes outside "
    "the model have no effect.",
)
@click.option(
    "--media",
    type=_FILE,
    help="metabolism/media.parquet: genotypes of a screen (column 'screen') grow on its medium. Without it, on that of "
    "the network.",
)
@solving_options
def knockouts(
    reactions: Path,
    incidence: Path,
    complexes: Path,
    genes: Path,
    genotypes: Path,
    media: Path | None,
    method: "Method",
    processes: int,
    output: Path,
) -> None:
    """Compute growth, fitness and interaction of the genotypes of a table and of all their sub-genotypes.

    A stopped run is taken up where it was left: solved batches lie beside the output until it is written.
    """
    from pipeline_lib.artefacts import schemas
    from pipeline_lib.artefacts.flux_balance import MEDIA
    from pipeline_lib.artefacts.tables import read_table
    from pipeline_lib.genes.names import GeneNames
    from pipeline_lib.metabolism.knockouts.genotype_tables import read_genotypes, screens_of_genotypes
    from pipeline_lib.metabolism.knockouts.plates import Plate, plates

    network = load_network(reactions, incidence, complexes, genes)
    wanted = read_genotypes(genotypes, GeneNames.from_table(read_table(genes, schemas.GENES)))
    if media is None:
        _solve_and_write([Plate(network, wanted)], method, processes, output)
        return
    grown = plates(network, wanted, screens_of_genotypes(genotypes, len(wanted)), read_table(media, MEDIA))
    _solve_and_write(grown, method, processes, output)


@click.command("all-pairs")
@network_options
@solving_options
def all_pairs(
    reactions: Path, incidence: Path, complexes: Path, genes: Path, method: "Method", processes: int, output: Path
) -> None:
    """Compute growth, fitness and epsilon of every single and every pair of the model's genes."""
    from pipeline_lib.metabolism.knockouts.genotype_arrays import choose
    from pipeline_lib.metabolism.knockouts.plates import Plate

    network = load_network(reactions, incidence, complexes, genes)
    _solve_and_write([Plate(network, choose(network.gem_genes, 2))], method, processes, output)


def _solve_and_write(
    grown: "Sequence[Plate]",
    method: "Method",
    processes: int,
    output: Path,
) -> None:
    import pandas as pd

    from pipeline_lib.artefacts.tables import write_table
    from pipeline_lib.metabolism.knockouts.plates import plate_table

    tables = []
    for plate in grown:
        growths, table = plate_table(plate, method, processes, kept=output.parent / f".{output.stem}.solved")
        tables.append(table)
        counts = table["status"].value_counts()
        click.echo(
            f"medium {plate.medium}: {len(table)} genotypes from {len(growths.optima)} linear programs "
            f"({', '.join(f'{count} {status}' for status, count in counts.items())}); "
            f"wild type grows at {growths.wild_type:.6g} 1/h",
            err=True,
        )
    write_table(pd.concat(tables, ignore_index=True), output)
