"""Which medium describes real data: growth of single deletions on each, beside essential genes and measured fitness."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pipeline_lib.artefacts.flux_balance import MEDIA_BENCHMARK, no_rows
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.measurements.agreement import (
    RESAMPLES,
    Statistic,
    Values,
    agreement,
    auroc,
    pearson,
    spearman,
)
from pipeline_lib.metabolism.measurements.essentiality import GROWTH_RATIO
from pipeline_lib.metabolism.media.medium import with_medium
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.network import network_of

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
