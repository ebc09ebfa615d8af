"""Which medium describes real data, and what flux balance knows of them by subsystem of the deleted genes."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts.schemas import MEDIA_BENCHMARK, SUBSYSTEM_BENCHMARK, no_rows
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.genotypes import NONZERO
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.measurements.agreement import (
    GENOTYPE,
    RESAMPLES,
    SEED,
    Statistic,
    Values,
    agreement,
    auroc,
    interval,
    pearson,
    spearman,
)
from pipeline_lib.metabolism.measurements.essentiality import GROWTH_RATIO
from pipeline_lib.metabolism.medium import with_medium
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.stoichiometry import network_of

ESSENTIAL = "essential genes"
_FEWEST_GENES = 10
"""Genes below which nothing is compared."""


def growth_by_medium(gem: Gem, media: Sequence[str]) -> pd.DataFrame:
    """Return the fitness of every single deletion (rows: gene ids) on every named medium (columns).

    A medium that does not fit the model, or on which it does not grow, is left out, and
    ``attrs["left_out"]`` gives the reason.
    """
    singles = np.arange(len(gem.genes))[:, None]
    found, growth, left_out = {}, {}, {}
    for medium in media:
        try:
            growths = solve_knockouts(network_of(with_medium(gem, medium)), singles)
        except PipelineError as error:
            left_out[medium] = str(error)
            continue
        found[medium], growth[medium] = growths.fitness(singles), growths.wild_type
    table = pd.DataFrame(found, index=pd.Index(gem.genes, name="gene"))
    table.attrs = {"growth": growth, "left_out": left_out}
    return table


def media_benchmark(
    fitness: pd.DataFrame, essential: pd.Series, measured: Mapping[str, pd.Series], resamples: int = RESAMPLES
) -> pd.DataFrame:
    """Compare growth on each medium with measurements, gene by gene.

    Parameters
    ----------
    fitness
        Fitness of single deletions: genes by media (`growth_by_medium`).
    essential
        bool by gene.
    measured
        By screen, fitness by gene.
    resamples
        Bootstrap samples of genes, the same ones for every medium.

    Returns
    -------
    DataFrame
        data ('essential genes' or the screen), measure ('mcc' of growth below 1e-6, 'auroc', 'pearson', 'spearman'),
        medium, value, low, high (95 % interval over genes), difference, difference_low, difference_high (to the first
        medium, paired), genes. No rows where fewer than ten genes are measured.
    """
    parts = [
        _compare(ESSENTIAL, fitness, essential.astype(float), {"mcc": mcc_of_growth, "auroc": _auroc}, resamples),
        *(
            _compare(screen, fitness, values, {"pearson": pearson, "spearman": spearman}, resamples)
            for screen, values in measured.items()
        ),
    ]
    found = [part for part in parts if len(part)]
    nothing = no_rows(MEDIA_BENCHMARK).drop(columns="wild_type_growth")
    return pd.concat(found, ignore_index=True) if found else nothing


def _compare(
    data: str, fitness: pd.DataFrame, measured: pd.Series, measures: Mapping[str, Statistic], resamples: int
) -> pd.DataFrame:
    genes = fitness.dropna().index.intersection(measured.dropna().index)
    if len(genes) < _FEWEST_GENES or measured[genes].nunique() < 2 or fitness.empty:
        return pd.DataFrame()
    target = measured[genes].to_numpy(np.float64)
    values = fitness.loc[genes].to_numpy(np.float64)
    of_media = dict(zip(map(str, fitness.columns), values.T, strict=True))
    first = next(iter(of_media))
    parts = []
    for measure, statistic in measures.items():
        rows = agreement(of_media, target, statistic, first, resamples).rename_axis("medium").reset_index()
        rows.insert(0, "data", data)
        rows.insert(1, "measure", measure)
        parts.append(rows.assign(genes=len(genes)))
    return pd.concat(parts, ignore_index=True)


def mcc_of_growth(growth: Values, essential: Values) -> float:
    """Return Matthews' correlation of lethal with essential; NaN where a margin of the table is empty."""
    return pearson((growth < GROWTH_RATIO).astype(np.float64), essential)


def _auroc(growth: Values, essential: Values) -> float:
    return auroc(-growth, essential)


EVERY = "all"
_UNKNOWN = dict.fromkeys(("value", "low", "high"), float("nan"))
_CELLS = 1_000_000
"""Resamples times genotypes that are in memory at once."""
_FLAT = 1e-12
"""Variance of values that are all the same."""
_FEWEST, _FEWEST_EFFECTS = 20, 5
"""Genotypes below which a subsystem has no row; genotypes with a predicted effect below which it has no correlation."""


def gene_subsystems(complexes: pd.DataFrame, reactions: pd.DataFrame) -> pd.DataFrame:
    """Return which subsystems each gene serves: gene_index, subsystem, each pair once.

    Parameters
    ----------
    complexes, reactions
        `pipeline_lib.artefacts.schemas.COMPLEXES` and `REACTIONS`.
    """
    served = complexes[["gene_index", "reaction_index"]].merge(reactions[["reaction_index", "subsystem"]])
    served = served[served["subsystem"] != ""]
    return served[["gene_index", "subsystem"]].drop_duplicates(ignore_index=True)


def subsystem_benchmark(measured: pd.DataFrame, subsystems: pd.DataFrame, resamples: int = RESAMPLES) -> pd.DataFrame:
    """Correlate predicted with measured values of the genotypes that lack a gene of each subsystem.

    Parameters
    ----------
    measured
        `pipeline_lib.metabolism.measurements.agreement.measured_growth`.
    subsystems
        `gene_subsystems`. A gene of several subsystems counts in each, and so does a genotype.
    resamples
        Bootstrap samples of genes: a genotype counts as often as the product of its genes' counts (the pigeonhole
        bootstrap, Owen, Annals of Applied Statistics 1:386, 2007), since pairs of one gene are not independent.

    Returns
    -------
    DataFrame
        `pipeline_lib.artefacts.schemas.SUBSYSTEM_BENCHMARK`, subsystems of fewer than twenty genotypes left out.
    """
    random = np.random.default_rng(SEED)
    rows = []
    for (screen, phenotype, order), part in measured.groupby(["screen", "phenotype", "order"]):
        genotypes = part[GENOTYPE].to_numpy(np.int64)
        label = {"screen": screen, "phenotype": phenotype, "order": order}
        at = np.arange(len(part))
        lists = pd.DataFrame({"row": np.repeat(at, len(GENOTYPE)), "gene_index": genotypes.ravel()})
        members = lists.merge(subsystems)[["row", "subsystem"]].drop_duplicates()
        groups = {EVERY: at, **{str(name): found.to_numpy() for name, found in members.groupby("subsystem")["row"]}}
        for subsystem, chosen in groups.items():
            if len(chosen) >= _FEWEST:
                values = part[["predicted", "value"]].to_numpy(np.float64)[chosen]
                effects = _effects(values[:, 0], str(phenotype))
                known = effects >= _FEWEST_EFFECTS
                found = _correlation(values, genotypes[chosen], resamples, random) if known else _UNKNOWN
                counts = {
                    "n": len(chosen),
                    "genes": int((np.unique(genotypes[chosen]) >= 0).sum()),
                    "predicted": effects,
                }
                rows.append({**label, "subsystem": subsystem, **found, **counts})
    table = pd.DataFrame(rows) if rows else no_rows(SUBSYSTEM_BENCHMARK)
    return table.sort_values(["screen", "phenotype", "order", "n"], ascending=[True, True, True, False])


def _effects(predicted: NDArray[np.float64], phenotype: str) -> int:
    """Return of how many genotypes an effect is predicted: growth unlike the wild type's, or an interaction."""
    nothing = 1.0 if phenotype == "fitness" else 0.0
    return int((np.abs(predicted - nothing) > NONZERO).sum())


def _correlation(
    values: NDArray[np.float64],
    genotypes: NDArray[np.int64],
    resamples: int,
    random: np.random.Generator,
) -> dict[str, float]:
    """Return value, low and high; values float64 [n, 2], genotypes int64 [n, 3]."""
    genes = np.unique(genotypes[genotypes >= 0])
    place = np.where(genotypes >= 0, np.searchsorted(genes, genotypes), len(genes))
    x, y = (values - values.mean(axis=0)).T
    moments = np.stack([np.ones(len(x)), x, y, x * x, y * y, x * y], axis=1)
    sums, size = [], max(1, _CELLS // len(values))
    for start in range(0, resamples, size):
        several = min(size, resamples - start)
        counts = random.multinomial(len(genes), np.full(len(genes), 1 / len(genes)), size=several)
        # Where there is no gene, a column of ones is read.
        counts = np.concatenate([counts, np.ones((several, 1), dtype=counts.dtype)], axis=1)
        sums.append(counts[:, place].prod(axis=2) @ moments)
    low, high = interval(_pearson(np.concatenate(sums)))
    value = float(_pearson(moments.sum(axis=0)[None])[0])
    return {"value": value, "low": low, "high": high}


def _pearson(moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Pearson's correlation from the sums of 1, x, y, xx, yy, xy, float64 [k, 6]; NaN where one is constant."""
    n, x, y, xx, yy, xy = moments.T
    with np.errstate(invalid="ignore", divide="ignore"):
        of_x, of_y = xx - x * x / n, yy - y * y / n
        scale = np.sqrt(np.where((of_x > _FLAT * n) & (of_y > _FLAT * n), of_x * of_y, np.nan))
        return np.asarray((xy - x * y / n) / scale)
