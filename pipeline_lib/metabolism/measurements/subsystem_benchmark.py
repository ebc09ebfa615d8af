"""What flux balance knows of measured fitness and interactions, by subsystem of the deleted genes."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts.flux_balance import SUBSYSTEM_BENCHMARK, no_rows
from pipeline_lib.metabolism.knockouts.interaction_scores import NONZERO
from pipeline_lib.metabolism.measurements.agreement import RESAMPLES, SEED, interval
from pipeline_lib.metabolism.measurements.measured_growth import GENOTYPE

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
        `pipeline_lib.metabolism.measurements.measured_growth.measured_growth`.
    subsystems
        `gene_subsystems`. A gene of several subsystems counts in each, and so does a genotype.
    resamples
        Bootstrap samples of genes: a genotype counts as often as the product of its genes' counts (the pigeonhole
        bootstrap, Owen, Annals of Applied Statistics 1:386, 2007), since pairs of one gene are not independent.

    Returns
    -------
    DataFrame
        `pipeline_lib.artefacts.flux_balance.SUBSYSTEM_BENCHMARK`, subsystems of fewer than twenty genotypes left out.
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
