"""The published layouts that a simulated screen can be written in."""

from pathlib import Path

import pandas as pd

from pipeline_lib.simulation import kuzmin
from pipeline_lib.simulation.costanzo import write_2016
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
    table = kuzmin.screen_table(screen.design, screen.measured, genes)
    if layout == "kuzmin2018":
        kuzmin.write_2018(table, folder)
    else:
        kuzmin.write_2020(table, folder)
