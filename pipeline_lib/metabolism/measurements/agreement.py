"""How well flux balance agrees with measurements of metabolic deletions; why the strongest interactions are there."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.stats import rankdata

from pipeline_lib.artefacts.schemas import EXPLANATIONS, GENES, medium_of, no_rows
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.metabolism.knockouts.conditions import read_genotypes
from pipeline_lib.metabolism.knockouts.explanation import DeletionExplainer
from pipeline_lib.metabolism.medium import network_on
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork

LEAST_EXPLAINED = 0.02
"""Interaction by flux balance below which none is explained: about one SD of a screen's noise."""
RESAMPLES = 1000
SEED = 0
_INTERVAL = (0.025, 0.975)

Values = NDArray[np.float64]
Statistic = Callable[[Values, Values], float]


def agreement(
    scores: Mapping[str, Values], target: Values, statistic: Statistic, reference: str, resamples: int = RESAMPLES
) -> pd.DataFrame:
    """Return one row a predictor: its statistic, the interval over genes, and the difference to another predictor.

    Parameters
    ----------
    scores
        float64 [n] by name of the predictor.
    target
        float64 [n]: what was measured of the same genes.
    statistic
        Takes scores and targets.
    reference
        The predictor to which differences are taken.
    resamples
        Bootstrap samples of genes, the same ones for every predictor.

    Returns
    -------
    DataFrame
        Indexed by predictor: value, low, high, difference, difference_low, difference_high (95 %).
    """
    samples = np.random.default_rng(SEED).integers(len(target), size=(resamples, len(target)))
    resampled = {
        name: np.array([statistic(score[rows], target[rows]) for rows in samples]) for name, score in scores.items()
    }
    whole = {name: statistic(score, target) for name, score in scores.items()}
    rows = {}
    for name in scores:
        low, high = interval(resampled[name])
        below, above = interval(resampled[name] - resampled[reference])
        rows[name] = (whole[name], low, high, whole[name] - whole[reference], below, above)
    columns = ["value", "low", "high", "difference", "difference_low", "difference_high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def interval(resampled: Values) -> tuple[float, float]:
    """Return the 95 % interval of resampled values, those that are defined; NaN where none is."""
    defined = resampled[np.isfinite(resampled)]
    low, high = np.quantile(defined, _INTERVAL) if len(defined) else (np.nan, np.nan)
    return float(low), float(high)


def auroc(score: Values, positive: Values) -> float:
    """Return the chance that a positive (1) scores more than a negative (0), ties half; NaN where one is missing."""
    count = int(positive.sum())
    if count in {0, len(positive)}:
        return float("nan")
    ranks = rankdata(score)[positive == 1].sum()
    return float((ranks - count * (count + 1) / 2) / (count * (len(positive) - count)))


def average_precision(score: Values, positive: Values) -> float:
    """Return the mean precision over recall, tied scores at once; NaN without positives."""
    _, place = np.unique(-score, return_inverse=True)
    hits, called = np.bincount(place, weights=positive), np.bincount(place)
    if not hits.sum():
        return float("nan")
    precision = np.cumsum(hits) / np.cumsum(called)
    return float((hits * precision).sum() / hits.sum())


def pearson(one: Values, other: Values) -> float:
    """Return Pearson's correlation (of two indicators: Matthews' correlation); NaN where one is constant."""
    centred, against = one - one.mean(), other - other.mean()
    scale = np.sqrt((centred**2).sum() * (against**2).sum())
    return float((centred * against).sum() / scale) if scale > 0 else float("nan")


def spearman(one: Values, other: Values) -> float:
    """Return Spearman's rank correlation; NaN where one is constant."""
    return pearson(rankdata(one), rankdata(other))


_WANTED = ["screen", "order", "phenotype", "value", "kinds"]
_POSITIVE = "positive_calls"
GENOTYPE = ["gene_1", "gene_2", "gene_3"]
"""Columns of a genotype: gene indices, ascending, -1 for none."""


def measured_growth(observations: Path, knockouts: Path, genes: Path, screens: Collection[str] = ()) -> pd.DataFrame:
    """Join measurements of deletions of metabolic genes alone with flux balance on the medium of their screen.

    Parameters
    ----------
    observations, knockouts, genes
        ``tables/observations.parquet``, ``metabolism/knockouts.<method>.parquet``, ``tables/genes.parquet``.
    screens
        The screens to take; empty: every one.

    Returns
    -------
    DataFrame
        One row a screen, phenotype and genotype: screen, phenotype, order, gene_1, gene_2, gene_3, value (mean over
        its measurements), medium and predicted: fitness by flux balance where the phenotype is fitness; epsilon or tau
        where it is an interaction; minus that where it is a call of a negative interaction. Left out: alleles that are
        no deletions, calls of positive interactions, and raw scores of triples, whose query a genotype does not name.
    """
    table = read_table(genes, GENES)
    names = GeneNames.from_table(table)
    in_gem = np.append(table["in_gem"].to_numpy(bool), True)
    genotypes = read_genotypes(observations, names)
    positive = [_POSITIVE] if _POSITIVE in pq.read_schema(observations).names else []
    rows = read_table(observations, columns=[*_WANTED, *positive])
    metabolic = in_gem[genotypes].all(axis=1)
    metabolic &= ~((rows["phenotype"] == "raw_interaction") & (rows["order"] == 3)).to_numpy(bool)
    if screens:
        metabolic &= rows["screen"].isin(screens).to_numpy(bool)
    if positive:
        metabolic &= ~(rows[_POSITIVE].fillna(0) > 0).to_numpy(bool)
    rows = _with_genotype(rows[metabolic], genotypes[metabolic])
    rows = rows[rows["kinds"].map(set).map({"deletion"}.issuperset).astype(bool)]
    keys = ["screen", "phenotype", "order", *GENOTYPE]
    measured = rows.groupby(keys, sort=False, as_index=False)["value"].mean()
    solved = read_table(knockouts, columns=["medium", "screens", "fitness", "interaction"])
    solved = _with_genotype(solved, read_genotypes(knockouts, names))
    media = solved[["medium", "screens"]].drop_duplicates()
    of_screen = {screen: medium_of(media, screen) for screen in measured["screen"].unique()}
    joined: pd.DataFrame = measured.assign(medium=measured["screen"].map(of_screen)).merge(
        solved.drop(columns="screens"), on=["medium", *GENOTYPE], how="inner"
    )
    interaction = joined["interaction"].where(joined["phenotype"] != "call", -joined["interaction"])
    predicted = joined["fitness"].where(joined["phenotype"] == "fitness", interaction)
    return joined.drop(columns=["fitness", "interaction"]).assign(predicted=predicted).dropna(subset="predicted")


def _with_genotype(rows: pd.DataFrame, genotypes: NDArray[np.int64]) -> pd.DataFrame:
    padded = np.pad(genotypes, ((0, 0), (0, len(GENOTYPE) - genotypes.shape[1])), constant_values=-1)
    return rows.assign(**dict(zip(GENOTYPE, padded.T, strict=True)))


_SD_OF_CALL = 2.0
"""Standard deviations that a called interaction counts for."""
_INTERACTIONS = ("interaction", "raw_interaction", "call")


def strongest_interactions(
    measured: pd.DataFrame, how_many: Mapping[int, int], simulated: Collection[str] = ()
) -> pd.DataFrame:
    """Choose the interactions of metabolic genes that are strongest in the measurement and by flux balance.

    Parameters
    ----------
    measured
        `pipeline_lib.metabolism.measurements.agreement.measured_growth`.
    how_many
        Number of deletions to how many genotypes of it.
    simulated
        Screens that fill up where the others have fewer: their interactions are the model's own.

    Returns
    -------
    DataFrame
        Rows of `measured` with ``rank`` (1, 2, ... within an order): those of one sign in both, by the product of the
        predicted interaction and the measured one in standard deviations of its screen and phenotype (a call counts as
        two), each genotype once, by its strongest measurement. What flux balance puts below `LEAST_EXPLAINED` is left
        out: a screen could not see it.
    """
    rows = measured[measured["phenotype"].isin(_INTERACTIONS) & measured["order"].isin(list(how_many))]
    spread = rows.groupby(["screen", "phenotype", "order"])["value"].transform(lambda values: values.std(ddof=0))
    scaled = (rows["value"] / spread).where(rows["phenotype"] != "call", rows["value"] * _SD_OF_CALL)
    rows = rows.assign(strength=scaled * rows["predicted"])
    rows = rows[(rows["strength"] > 0) & (rows["predicted"].abs() >= LEAST_EXPLAINED)]
    rows = rows.assign(last=rows["screen"].isin(simulated))
    rows = rows.sort_values(["last", "strength", *GENOTYPE], ascending=[True, False, True, True, True])
    rows = rows.drop_duplicates(GENOTYPE)
    rows = rows.assign(rank=rows.groupby("order").cumcount() + 1)
    rows = rows[rows["rank"] <= rows["order"].map(how_many)]
    predicted = rows["predicted"].where(rows["phenotype"] != "call", -rows["predicted"])
    return rows.drop(columns=["strength", "last"]).assign(predicted=predicted).sort_values(["order", "rank"])


def explained_interactions(
    chosen: pd.DataFrame,
    network: MetabolicNetwork,
    media: pd.DataFrame,
    reactions: pd.DataFrame,
    metabolites: pd.DataFrame,
) -> pd.DataFrame:
    """Explain each chosen interaction on the medium of its screen.

    Parameters
    ----------
    chosen
        `strongest_interactions`.
    network
        The network, on any medium.
    media, reactions, metabolites
        The tables of those names under ``metabolism/``.

    Returns
    -------
    DataFrame
        `pipeline_lib.artefacts.schemas.EXPLANATIONS`; a deletion that nothing blocks has no rows.
    """
    parts = []
    for medium, rows in chosen.groupby("medium", sort=False):
        explainer = DeletionExplainer(network_on(network, media, str(medium)), reactions, metabolites)
        genotypes = rows[GENOTYPE].to_numpy(np.int64)
        for row, padded in zip(rows.itertuples(), genotypes, strict=True):
            genotype = padded[padded >= 0]
            found = explainer.explain(genotype)
            fitness = found.attrs["fitness"]
            named = sorted(network.genes[gene] for gene in genotype.tolist())
            about = {
                "rank": row.rank,
                "order": row.order,
                "screen": row.screen,
                "phenotype": row.phenotype,
                "measured": row.value,
                "predicted": row.predicted,
                "medium": row.medium,
                "fitness": fitness,
            }
            found = found.assign(genes=pd.Series([named] * len(found), dtype=object), **about)
            found.attrs = {}
            parts.append(found)
    if not parts:
        return no_rows(EXPLANATIONS)
    return pd.concat(parts, ignore_index=True).sort_values(["order", "rank"], kind="stable", ignore_index=True)
