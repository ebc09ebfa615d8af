"""Commands of the simulation stage."""

from pathlib import Path

import click
import pandas as pd

from pipeline_lib.config.command_options import part_of, settings_option
from pipeline_lib.config.organism import SimulationSettings
from pipeline_lib.metabolism.commands import load_network, network_options
from pipeline_lib.simulation import layouts
from pipeline_lib.simulation.layouts import write_2016
from pipeline_lib.simulation.screen import SimulatedScreen


def write_layout(layout: str, screen: SimulatedScreen, genes: pd.DataFrame, folder: Path) -> None:
    """Write the files of `layout` ('kuzmin2018', 'kuzmin2020' or 'costanzo2016') into `folder`.

    Parameters
    ----------
    layout
        Whose columns, strain ids and file names.
    screen
        The screen.
    genes
        The gene table.
    folder
        Gets the files.
    """
    if layout == "costanzo2016":
        write_2016(screen.design, screen.measured.digenic, genes, folder)
        return
    table = layouts.screen_table(screen.design, screen.measured, genes)
    if layout == "kuzmin2018":
        layouts.write_2018(table, folder)
    else:
        layouts.write_2020(table, folder)


_FILE = click.Path(path_type=Path)


@click.group()
def app() -> None:
    """In-silico screens with a known truth, in the upstream layouts."""


@app.command()
@settings_option("simulation", dict[str, SimulationSettings])
@click.option("--name", required=True, help="Which simulation of the settings.")
@network_options
@click.option("--media", type=_FILE, help="metabolism/media.parquet, for a simulation with a medium of its own.")
@click.option("--processes", type=click.IntRange(min=1), default=1, show_default=True, help="Worker processes.")
@click.option("--output-folder", required=True, type=_FILE, help="Gets the files of the layout.")
@click.option("--truth", required=True, type=_FILE, help="Written: noise-free fitness and interaction.")
@click.option("--signal", type=_FILE, help="Written: JSON with the fraction of interactions and the noise ceilings.")
def screen(
    settings: dict[str, SimulationSettings],
    name: str,
    reactions: Path,
    incidence: Path,
    complexes: Path,
    genes: Path,
    media: Path | None,
    processes: int,
    output_folder: Path,
    truth: Path,
    signal: Path | None,
) -> None:
    """Simulate a screen of the metabolic model and write it in a published layout, the truth beside it."""
    from pipeline_lib.artefacts.atomic import write_json
    from pipeline_lib.artefacts.schemas import MEDIA, medium_of
    from pipeline_lib.artefacts.tables import read_table, write_table
    from pipeline_lib.config.section import SIMULATED
    from pipeline_lib.errors import PipelineError
    from pipeline_lib.metabolism.medium import network_on
    from pipeline_lib.simulation import screen as simulated

    chosen = part_of(settings, name, "simulation")
    network = load_network(reactions, incidence, complexes, genes)
    if chosen.medium is not None:
        if media is None:
            raise PipelineError(
                f"simulation '{name}' has a medium of its own; give metabolism/media.parquet by --media."
            )
        table = read_table(media, MEDIA)
        network = network_on(network, table, medium_of(table, f"{SIMULATED}{name}"))
    kept = truth.parent / f".{truth.stem}.solved"
    result = simulated.simulate_screen(network, chosen, processes, kept)
    write_layout(chosen.layout, result, read_table(genes), output_folder)
    write_table(simulated.truth_table(result, network.genes), truth)
    found = simulated.signal(result)
    if signal is not None:
        write_json(found, signal)
    figures = ", ".join(f"{label.replace('_', ' ')} {value:.3g}" for label, value in found.items())
    click.echo(f"{name}: {len(result.growths.optima)} linear programs; {figures}", err=True)


@app.command("costanzo-sized")
@click.option("--rows", type=click.IntRange(min=4), default=20_705_612, show_default=True, help="Rows in all files.")
@click.option("--genes", type=_FILE, help="Gene index whose names to use; by default, made-up systematic names.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the numbers.")
@click.option("--output-folder", required=True, type=_FILE, help="Gets the four SGA_*.txt files.")
def costanzo_sized(rows: int, genes: Path | None, seed: int, output_folder: Path) -> None:
    """Write four pairwise files as large as the published ones, with random numbers, for timing readers."""
    import numpy as np

    from pipeline_lib.artefacts.tables import read_table
    from pipeline_lib.simulation.layouts import made_up_orfs, write_costanzo_sized

    orfs = made_up_orfs() if genes is None else read_table(genes, columns=["gene"])["gene"].to_numpy(str)
    for name, count in write_costanzo_sized(rows, np.asarray(orfs), output_folder, seed).items():
        click.echo(f"{name}: {count} rows", err=True)
