"""Genotypes with the medium that they grow on: one table of knockouts for screens on different media."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts.flux_balance import OTHERS, medium_of, screens_of_media
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.genotype_tables import knockout_table, with_sub_genotypes
from pipeline_lib.metabolism.knockouts.growths import Growths
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.media.media_table import network_on
from pipeline_lib.metabolism.model.network import MetabolicNetwork
from pipeline_lib.metabolism.programs.flux import Method

RUN_MEDIUM = "model"
"""Label of a medium that nothing names: the bounds of the network as they are."""


@dataclass(frozen=True)
class Plate:
    """Genotypes on one medium.

    Attributes
    ----------
    network
        The network on the medium.
    genotypes
        int64 [n, k]: gene indices, padded with -1.
    medium
        The medium's label.
    screens
        The screens that grow on it, joined by ``|``; ``*``: every screen without a medium of its own.
    """

    network: MetabolicNetwork
    genotypes: NDArray[np.int64]
    medium: str = RUN_MEDIUM
    screens: str = OTHERS


def plates(
    network: MetabolicNetwork, genotypes: NDArray[np.int64], screens: NDArray[np.str_], media: pd.DataFrame
) -> list[Plate]:
    """Put every genotype on the medium of its screen.

    Parameters
    ----------
    network
        The network, on any medium.
    genotypes
        int64 [n, k].
    screens
        str [n]: the screen of each genotype; empty: none, which is the run's own medium.
    media
        The media of the run (`pipeline_lib.artefacts.flux_balance.MEDIA`).

    Returns
    -------
    list
        One plate a medium that has a genotype, the run's own medium first.
    """
    distinct, position = np.unique(screens, return_inverse=True)
    labels = np.array([medium_of(media, screen) for screen in distinct])
    of_row = labels[position] if len(distinct) else np.empty(0, dtype=str)
    found = [
        Plate(network_on(network, media, medium), genotypes[of_row == medium], medium, names)
        for medium, names in screens_of_media(media).items()
        if (of_row == medium).any()
    ]
    return found or [Plate(network, genotypes)]


def plate_table(
    plate: Plate, method: Method, processes: int = 1, kept: Path | None = None
) -> tuple[Growths, pd.DataFrame]:
    """Solve the genotypes of a plate and all their sub-genotypes.

    Returns
    -------
    (growths, table)
        What was solved; the table of `pipeline_lib.metabolism.knockouts.genotype_tables.knockout_table` with the
        columns medium and screens.

    Raises
    ------
    PipelineError
        When the wild type does not grow on the medium; names it.
    """
    network = plate.network
    try:
        growths = solve_knockouts(network, plate.genotypes, method, processes, kept)
    except PipelineError as error:
        if plate.screens == OTHERS:
            raise
        raise PipelineError(f"medium '{plate.medium}' of {plate.screens}: {error}") from error
    genotypes = with_sub_genotypes(plate.genotypes, len(network.genes))
    table = knockout_table(growths, genotypes, network.genes, method)
    table.insert(3, "medium", plate.medium)
    return growths, table.assign(screens=plate.screens)
