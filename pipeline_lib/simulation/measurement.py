"""Measure the crosses of a simulated screen: colonies, shared control error, scores and P-values.

The protocol is that of Kuzmin et al., Science 360:eaao1729 (2018). A query strain q (one gene beside the neutral
control, or two genes) is crossed with array strain k; the raw score is epsilon_qk = f_qk - f_q f_k with the fitness
measured of each strain. The trigenic score of query ij takes away what the control screens of i and j explain:
tau_ijk = epsilon_(ij)k - epsilon_ik f_j - epsilon_jk f_i, equal to the definition from f_ijk.

P-values are those of the raw score and, unless asked otherwise, honest: they come from the error that is simulated.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from pipeline_lib.config.metabolism import SimulationSettings
from pipeline_lib.metabolism.knockouts.interaction_scores import Fitness
from pipeline_lib.simulation.design import ScreenDesign

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
            return np.nan_to_num(stats.t.sf(size / std, settings.replicates - 1), nan=0.5)
        of_strains = settings.strain_noise**2 * np.maximum(query**2 + array**2 - settings.strain_noise**2, 0)
        variance = settings.colony_noise**2 / settings.replicates + settings.query_noise**2 + of_strains
        return np.nan_to_num(stats.norm.sf(size / np.sqrt(variance)), nan=0.5)


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
