"""Simulate a screen of a metabolic network: solve, choose crosses, measure, and keep the truth."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.config.metabolism import SimulationSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.genotype_arrays import NO_GENE, choose
from pipeline_lib.metabolism.knockouts.genotype_tables import gene_lists
from pipeline_lib.metabolism.knockouts.growths import FITNESS_DECIMALS, Growths
from pipeline_lib.metabolism.knockouts.interaction_scores import interaction_scores
from pipeline_lib.metabolism.knockouts.solver import knockout_solver
from pipeline_lib.metabolism.model.network import MetabolicNetwork
from pipeline_lib.metabolism.programs.bit_sets import unique_sets
from pipeline_lib.metabolism.programs.solving import solver_of
from pipeline_lib.simulation.design import ScreenDesign, design_screen, viable_genes
from pipeline_lib.simulation.measurement import Measurements, measure


@dataclass(frozen=True)
class SimulatedScreen:
    """A screen, what was measured in it, and the growth behind it."""

    design: ScreenDesign
    measured: Measurements
    growths: Growths


def simulate_screen(
    network: MetabolicNetwork, settings: SimulationSettings, processes: int = 1, kept: Path | None = None
) -> SimulatedScreen:
    """Simulate a screen.

    Parameters
    ----------
    network
        The metabolic network.
    settings
        Sizes, noise and seed.
    processes
        Number of worker processes; the result does not depend on it.
    kept
        Folder where solved batches are kept until the work ends.

    Raises
    ------
    PipelineError
        When too few single mutants are viable, or the solver gives up on a cross.
    """
    if settings.layout == "costanzo2016":
        settings = settings.model_copy(update={"triples": 0})
    random = np.random.default_rng(settings.seed)
    new_solver = partial(solver_of, processes=processes, kept=kept)
    with knockout_solver(network, 3, settings.method, new_solver) as solver:
        singles = solver.cover(network.gem_genes[:, None])
        viable = viable_genes(singles, network.gem_genes, settings.least_fitness)
        growths = solver.cover(choose(viable, 2))
        design = design_screen(growths, viable, settings, random)
        if len(design.trigenic):
            growths = solver.cover(design.triples)
    for genotypes in (design.pairs, design.triples):
        failed = np.flatnonzero(np.isnan(growths.fitness(genotypes)))
        if len(failed):
            names = "+".join(network.genes[gene] for gene in genotypes[failed[0]])
            raise PipelineError(f"the solver gave up on the growth of {names}; take another seed or fewer crosses.")
    return SimulatedScreen(design, measure(design, growths.fitness, settings, random), growths)


def truth_table(screen: SimulatedScreen, genes: tuple[str, ...]) -> pd.DataFrame:
    """Return the noise-free values of every genotype of a screen, once.

    Parameters
    ----------
    screen
        The screen.
    genes
        The gene index.

    Returns
    -------
    DataFrame
        genes (list of names), order, fitness (wild type = 1), interaction (epsilon, tau; NaN for singles).
    """
    design = screen.design
    singles = np.union1d(design.arrays, design.controls)[:, None]
    genotypes = np.concatenate([_padded(part) for part in (singles, design.queries, design.pairs, design.triples)])
    genotypes = np.sort(np.where(genotypes == NO_GENE, len(genes), genotypes), axis=1)
    genotypes[genotypes == len(genes)] = NO_GENE
    order = (genotypes != NO_GENE).sum(axis=1)
    first, _ = unique_sets(genotypes.view(np.uint64))
    first = first[np.lexsort((*genotypes[first].T[::-1], order[first]))]
    genotypes, order = np.ascontiguousarray(genotypes[first]), order[first]
    return pd.DataFrame(
        {
            "genes": gene_lists(genotypes, genes),
            "order": order,
            "fitness": screen.growths.fitness(genotypes),
            "interaction": interaction_scores(genotypes, screen.growths.fitness, FITNESS_DECIMALS - 1),
        }
    )


def signal(screen: SimulatedScreen) -> dict[str, float]:
    """Say how much there is to predict.

    Returns
    -------
    dict
        For epsilon and tau of the crosses: the fraction that is not zero, its SD, and the noise ceiling, the
        correlation of the true with the measured interaction.
    """
    content: dict[str, float] = {}
    for name, genotypes, measured in (
        ("epsilon", screen.design.pairs, screen.measured.digenic),
        ("tau", screen.design.triples, screen.measured.trigenic),
    ):
        if len(genotypes) < 2:
            continue
        true = interaction_scores(np.sort(genotypes, axis=1), screen.growths.fitness, FITNESS_DECIMALS - 1)
        content[f"{name}_count"] = len(true)
        content[f"{name}_nonzero"] = float((np.abs(true) > 1e-6).mean())
        content[f"{name}_sd"] = float(true.std())
        varies = true.std() > 0 and measured.adjusted.std() > 0
        content[f"{name}_ceiling"] = float(np.corrcoef(true, measured.adjusted)[0, 1]) if varies else float("nan")
    return content


def _padded(genotypes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.pad(genotypes, ((0, 0), (0, 3 - genotypes.shape[1])), constant_values=NO_GENE)
