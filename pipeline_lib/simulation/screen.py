"""Simulate a screen of a metabolic network: solve, choose crosses, measure, and keep the truth.

The protocol is that of Kuzmin et al., Science 360:eaao1729 (2018). A query strain q (one gene beside the neutral
control, or two genes) is crossed with array strain k; the raw score is epsilon_qk = f_qk - f_q f_k with the fitness
measured of each strain. The trigenic score of query ij takes away what the control screens of i and j explain:
tau_ijk = epsilon_(ij)k - epsilon_ik f_j - epsilon_jk f_i, equal to the definition from f_ijk.

P-values are those of the raw score and, unless asked otherwise, honest: they come from the error that is simulated.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from pipeline_lib.config.organism import SimulationSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.conditions import gene_lists
from pipeline_lib.metabolism.knockouts.genotypes import NO_GENE, Fitness, choose, interaction_scores
from pipeline_lib.metabolism.knockouts.growths import FITNESS_DECIMALS, Growths
from pipeline_lib.metabolism.knockouts.solver import knockout_solver
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork
from pipeline_lib.metabolism.programs.solving import solver_of
from pipeline_lib.metabolism.programs.wild_type import unique_sets
from pipeline_lib.simulation.design import ScreenDesign, design_screen, viable_genes

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Crosses:
    """What was measured of n crosses, float64 [n] each.

    Attributes
    ----------
    fitness
        Mean size of the colonies.
    std
        Its standard error, from the spread of the colonies.
    raw
        epsilon between query and array strain.
    adjusted
        epsilon of digenic, tau of trigenic crosses.
    p_value
        One-sided P-value of `raw` (see `_p_values`), on the side where it lies, so at most 0.5.
    query_fitness, array_fitness
        Measured fitness of the two strains.
    """

    fitness: Values
    std: Values
    raw: Values
    adjusted: Values
    p_value: Values
    query_fitness: Values
    array_fitness: Values


@dataclass(frozen=True)
class Measurements:
    """The digenic and the trigenic crosses of a screen, in the order of its design."""

    digenic: Crosses
    trigenic: Crosses


def measure(
    design: ScreenDesign, fitness: Fitness, settings: SimulationSettings, random: np.random.Generator
) -> Measurements:
    """Measure every strain and every cross.

    Parameters
    ----------
    design
        Strains and crosses.
    fitness
        True fitness of any genotype of the design.
    settings
        Number of colonies and noise.
    random
        Decides every draw.
    """
    array, control, double = (
        fitness(genotypes) + random.normal(0, settings.strain_noise, len(genotypes))
        for genotypes in (design.arrays[:, None], design.controls[:, None], design.queries)
    )
    digenic = _cross(design.digenic, fitness(design.pairs), control, array, settings, random)
    trigenic = _cross(design.trigenic, fitness(design.triples), double, array, settings, random)
    # Score of every control query against every array strain; NaN where they were not crossed.
    scores = np.full((len(design.controls), len(design.arrays)), np.nan)
    scores[design.digenic[:, 0], design.digenic[:, 1]] = digenic.raw
    query, partner = design.trigenic.T
    first, second = (np.searchsorted(design.controls, design.queries[query, gene]) for gene in (0, 1))
    explained = scores[first, partner] * control[second] + scores[second, partner] * control[first]
    return Measurements(digenic, _adjust(trigenic, explained))


def _cross(
    crosses: NDArray[np.int64],
    truth: Values,
    query: Values,
    array: Values,
    settings: SimulationSettings,
    random: np.random.Generator,
) -> Crosses:
    """Measure crosses (query and array positions, int64 [n, 2]) of true fitness `truth`, float64 [n]."""
    shared = random.normal(0, settings.query_noise, len(query))[crosses[:, 0]]
    colonies = random.normal(0, settings.colony_noise, (len(truth), settings.replicates))
    fitness = truth + shared + colonies.mean(axis=1)
    std = colonies.std(axis=1, ddof=1) / np.sqrt(settings.replicates)
    of_query, of_array = query[crosses[:, 0]], array[crosses[:, 1]]
    raw = fitness - of_query * of_array
    return Crosses(fitness, std, raw, raw, _p_values(raw, std, of_query, of_array, settings), of_query, of_array)


def _p_values(raw: Values, std: Values, query: Values, array: Values, settings: SimulationSettings) -> Values:
    """Return one-sided P-values, float64 [n], of raw scores.

    Parameters
    ----------
    raw, std
        Scores and standard errors of the colonies' mean.
    query, array
        Measured fitness of the two strains.
    settings
        ``error_model``: the score is normal with the variance of everything that is simulated: the mean of the
        colonies, the error that the query's crosses share, and through the product of the strains' fitness
        the errors e_q and e_k of both, e_q f_k + e_k f_q + e_q e_k. ``naive``: Student's t of the colonies alone.
    """
    size = np.abs(raw)
    # Without noise there is nothing to doubt: P is 0, or 0.5 where the score is 0 too.
    with np.errstate(divide="ignore", invalid="ignore"):
        if settings.p_values == "naive":
            return np.asarray(np.nan_to_num(stats.t.sf(size / std, settings.replicates - 1), nan=0.5))
        of_strains = settings.strain_noise**2 * np.maximum(query**2 + array**2 - settings.strain_noise**2, 0)
        variance = settings.colony_noise**2 / settings.replicates + settings.query_noise**2 + of_strains
        return np.asarray(np.nan_to_num(stats.norm.sf(size / np.sqrt(variance)), nan=0.5))


def _adjust(crosses: Crosses, explained: Values) -> Crosses:
    return Crosses(
        crosses.fitness,
        crosses.std,
        crosses.raw,
        crosses.raw - explained,
        crosses.p_value,
        crosses.query_fitness,
        crosses.array_fitness,
    )


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
