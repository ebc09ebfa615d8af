"""Solve the knockouts that the table of a run lacks, on the metabolic network of the run."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts import schemas
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.metabolism.genotype_arrays import NO_GENE, choose
from pipeline_lib.metabolism.genotype_tables import gene_lists
from pipeline_lib.metabolism.interactions import interactions
from pipeline_lib.metabolism.knockouts import FITNESS_DECIMALS, solve_knockouts
from pipeline_lib.metabolism.network import MetabolicNetwork, read_network
from pipeline_lib.models.interface import Cell
from pipeline_lib.training.run_files import FitFiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline_lib.metabolism.flux import Method


class NetworkSolver:
    """Solves knockouts of one metabolic network; a `pipeline_lib.models.interface.KnockoutSolver`.

    Parameters
    ----------
    network
        The metabolic network of the run.
    processes
        Worker processes; the results do not depend on it.
    """

    def __init__(self, network: MetabolicNetwork, processes: int = 1) -> None:
        self.network = network
        self.processes = processes

    def __call__(
        self,
        genes: NDArray[np.int64],
        method: str,
        index: pd.DataFrame,  # noqa: ARG002 - the protocol's
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return fitness and interaction of genotypes int64 [n, 3], float64 [n] each; NaN where the solver failed."""
        growths = solve_knockouts(self.network, genes, _METHODS[method], self.processes)
        return growths.fitness(genes), interactions(genes, growths.fitness, FITNESS_DECIMALS - 1)


_METHODS: "Mapping[str, Method]" = {"fba": "fba", "moma": "moma"}


def read_solver(
    reactions: Path, incidence: Path, complexes: Path, genes: pd.DataFrame, processes: int = 1
) -> NetworkSolver:
    """Read the metabolic network of a run and return the solver of its knockouts.

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
    return NetworkSolver(network, processes)


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
    columns = ["genes", "method", "fitness", "interaction"]
    known = read_table(path, columns=columns) if path.exists() else pd.DataFrame(columns=columns)
    # Models that describe a genotype by the growth of its single deletions read them off the table.
    single = choose(solver.network.gem_genes, 1)
    there = set(known.loc[known["genes"].map(len) == 1, "genes"].map(lambda genes: genes[0]))
    single = single[[gene not in there for gene in np.asarray(solver.network.genes)[single[:, 0]]]]
    parts = [known] if len(known) else []
    if len(single):
        genotypes = np.pad(single, ((0, 0), (0, 2)), constant_values=NO_GENE)
        fitness, _ = solver(genotypes, method, cell.genes)
        names = gene_lists(single, solver.network.genes)
        parts.append(pd.DataFrame({"genes": names, "method": method, "fitness": fitness, "interaction": np.nan}))
    return replace(cell, knockouts=pd.concat(parts, ignore_index=True), solve=solver)
