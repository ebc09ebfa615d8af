"""Solve the knockouts that the table of a run lacks, on the metabolic network of the run."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts import schemas
from pipeline_lib.artefacts.flux_balance import MEDIA, OTHERS, screens_of_media
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.metabolism.knockouts.genotype_arrays import NO_GENE, choose
from pipeline_lib.metabolism.knockouts.genotype_tables import gene_lists
from pipeline_lib.metabolism.knockouts.growths import FITNESS_DECIMALS
from pipeline_lib.metabolism.knockouts.interaction_scores import interaction_scores
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.media.media_table import network_on
from pipeline_lib.metabolism.model.network import MetabolicNetwork, read_network
from pipeline_lib.models.interface import Cell
from pipeline_lib.training.run_files import FitFiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline_lib.metabolism.programs.flux import Method


class NetworkSolver:
    """Solves knockouts of one metabolic network; a `pipeline_lib.models.interface.KnockoutSolver`.

    Parameters
    ----------
    network
        The metabolic network of the run.
    processes
        Worker processes; the results do not depend on it.
    media
        The media of the run (`pipeline_lib.artefacts.flux_balance.MEDIA`); no rows where all grow on that of `network`.
    """

    def __init__(self, network: MetabolicNetwork, processes: int = 1, media: pd.DataFrame | None = None) -> None:
        self.network = network
        self.processes = processes
        self.media = pd.DataFrame(columns=list(MEDIA.columns)) if media is None else media

    def __call__(
        self,
        genes: NDArray[np.int64],
        method: str,
        index: pd.DataFrame,  # noqa: ARG002 - the protocol's
        medium: str = "",
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return fitness and interaction of genotypes int64 [n, 3], float64 [n] each; NaN where the solver failed."""
        network = network_on(self.network, self.media, medium) if medium else self.network
        growths = solve_knockouts(network, genes, _METHODS[method], self.processes)
        return growths.fitness(genes), interaction_scores(genes, growths.fitness, FITNESS_DECIMALS - 1)


_METHODS: "Mapping[str, Method]" = {"fba": "fba", "moma": "moma"}


def read_solver(
    reactions: Path, incidence: Path, complexes: Path, genes: pd.DataFrame, processes: int = 1
) -> NetworkSolver:
    """Read the metabolic network of a run, and its media beside it, and return the solver of its knockouts.

    Raises
    ------
    PipelineError
        When a table is missing or damaged, or the wild type does not grow.
    """
    network = read_network(
        read_table(reactions, schemas.REACTIONS),
        read_table(incidence, schemas.INCIDENCE),
        read_table(complexes, schemas.COMPLEXES),
        genes,
    )
    media = reactions.with_name("media.parquet")
    return NetworkSolver(network, processes, read_table(media, MEDIA) if media.exists() else None)


def with_solver(cell: Cell, files: FitFiles, method: str, processes: int = 1) -> Cell:
    """Return the cell with the run's knockouts by `method`, every single deletion, and a solver of what they lack.

    Raises
    ------
    PipelineError
        When a table of the metabolic model is missing or damaged, or its wild type does not grow.
    """
    reactions, incidence, complexes = (
        files.metabolism(f"{schema.name}.parquet")
        for schema in (schemas.REACTIONS, schemas.INCIDENCE, schemas.COMPLEXES)
    )
    solver = read_solver(reactions, incidence, complexes, cell.genes, processes)
    path = files.metabolism(f"knockouts.{method}.parquet")
    known = _known(path)
    # Models that describe a genotype by the growth of its single deletions read them off the table.
    single = choose(solver.network.gem_genes, 1)
    parts = []
    for medium, screens in screens_of_media(known).items() or {"": OTHERS}.items():
        rows = known[known["medium"] == medium]
        there = set(rows.loc[rows["genes"].map(len) == 1, "genes"].map(lambda genes: genes[0]))
        lacking = single[[gene not in there for gene in np.asarray(solver.network.genes)[single[:, 0]]]]
        parts += [rows] if len(rows) else []
        if len(lacking):
            genotypes = np.pad(lacking, ((0, 0), (0, 2)), constant_values=NO_GENE)
            fitness, _ = solver(genotypes, method, cell.genes, "" if screens == OTHERS else medium)
            names = gene_lists(lacking, solver.network.genes)
            content = {"genes": names, "method": method, "fitness": fitness, "interaction": np.nan}
            parts.append(pd.DataFrame({**content, "medium": medium, "screens": screens}))
    return replace(cell, knockouts=pd.concat(parts, ignore_index=True), solve=solver)


def _known(path: Path) -> pd.DataFrame:
    """Return the knockouts that a run computed; without the columns of media, all are those of every screen."""
    columns = ["genes", "method", "fitness", "interaction"]
    if not path.exists():
        return pd.DataFrame(columns=[*columns, "medium", "screens"])
    known = read_table(path)
    return known[columns].assign(medium=known.get("medium", ""), screens=known.get("screens", OTHERS))
