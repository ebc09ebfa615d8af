"""``metabolism subsystem-benchmark`` and ``metabolism explain``: flux balance beside the measurements of a run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pipeline_lib.metabolism.knockouts_cli import load_network, network_options

_FILE = click.Path(path_type=Path)


def _measured_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        (
            click.option("--observations", required=True, type=_FILE, help="tables/observations.parquet."),
            click.option("--knockouts", required=True, type=_FILE, help="metabolism/knockouts.fba.parquet."),
            click.option("--screen", "screens", multiple=True, help="A screen to take; repeat it. Without: every one."),
        )
    ):
        command = option(command)
    return command


@click.command("subsystem-benchmark")
@click.option("--reactions", required=True, type=_FILE, help="metabolism/reactions.parquet.")
@click.option("--complexes", required=True, type=_FILE, help="metabolism/complexes.parquet.")
@click.option("--genes", required=True, type=_FILE, help="The gene index (tables/genes.parquet).")
@_measured_options
@click.option("--output", required=True, type=_FILE, help="Written: one row a screen, phenotype and subsystem.")
def subsystem_benchmark_command(
    reactions: Path,
    complexes: Path,
    genes: Path,
    observations: Path,
    knockouts: Path,
    screens: tuple[str, ...],
    output: Path,
) -> None:
    """Correlate flux balance with measured fitness and interactions, by subsystem of the deleted genes."""
    from pipeline_lib.artefacts import schemas
    from pipeline_lib.artefacts.flux_balance import SUBSYSTEM_BENCHMARK
    from pipeline_lib.artefacts.tables import read_table, write_table
    from pipeline_lib.metabolism.measured_growth import measured_growth
    from pipeline_lib.metabolism.subsystem_benchmark import gene_subsystems, subsystem_benchmark

    subsystems = gene_subsystems(read_table(complexes, schemas.COMPLEXES), read_table(reactions, schemas.REACTIONS))
    measured = measured_growth(observations, knockouts, genes, screens)
    write_table(subsystem_benchmark(measured, subsystems), output, SUBSYSTEM_BENCHMARK)


@click.command("explain")
@network_options
@click.option("--metabolites", required=True, type=_FILE, help="metabolism/metabolites.parquet.")
@click.option("--media", required=True, type=_FILE, help="metabolism/media.parquet.")
@_measured_options
@click.option("--simulated", multiple=True, help="A simulated screen, which fills up where others have fewer.")
@click.option("--pairs", default=10, show_default=True, type=click.IntRange(min=0), help="Pairs to explain.")
@click.option("--triples", default=5, show_default=True, type=click.IntRange(min=0), help="Triples to explain.")
@click.option("--output", required=True, type=_FILE, help="Written: one row a finding on one interaction.")
def explain(
    reactions: Path,
    incidence: Path,
    complexes: Path,
    genes: Path,
    metabolites: Path,
    media: Path,
    observations: Path,
    knockouts: Path,
    screens: tuple[str, ...],
    simulated: tuple[str, ...],
    pairs: int,
    triples: int,
    output: Path,
) -> None:
    """Explain the strongest interactions that are both measured and predicted by flux balance."""
    from pipeline_lib.artefacts import schemas
    from pipeline_lib.artefacts.flux_balance import EXPLANATIONS, MEDIA
    from pipeline_lib.artefacts.tables import read_table, write_table
    from pipeline_lib.metabolism.explained_interactions import explained_interactions, strongest_interactions
    from pipeline_lib.metabolism.measured_growth import measured_growth

    measured = measured_growth(observations, knockouts, genes, screens)
    chosen = strongest_interactions(measured, {2: pairs, 3: triples}, simulated)
    table = explained_interactions(
        chosen,
        load_network(reactions, incidence, complexes, genes),
        read_table(media, MEDIA),
        read_table(reactions, schemas.REACTIONS),
        read_table(metabolites, schemas.METABOLITES),
    )
    write_table(table, output, EXPLANATIONS)
    click.echo(f"{len(chosen)} interactions explained by {len(table)} findings.", err=True)
