"""The test fold of a split, assay by assay, and which interactions are called: by the screen's rule or by the truth.

Published (Costanzo et al. 2016; Kuzmin et al. 2018, 2020): |epsilon| > 0.08, or tau < -0.08, and the released one-sided
P < 0.05; BFG-GI (Diaz-Mejia et al. 2018): |epsilon| > 0.075 and a false discovery rate below 0.01. A score without a
P-value is called by no rule that needs one, and a screen without a rule has no calls.

In a simulated screen the truth is known, and calls follow it: a noise-free score beyond the threshold, whatever the
noise made of it.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts import PHENOTYPES
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.cell.genotypes import NO_GENE, gene_positions
from pipeline_lib.cell.testable import genotype_codes, only_genes, query_genes
from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.config.screen_readers import CallThreshold
from pipeline_lib.errors import PipelineError
from pipeline_lib.evaluation.intervals.design import ClusterDesign, choose_kind, cluster_design
from pipeline_lib.evaluation.intervals.estimates import Estimate, Resamples, draw_resamples
from pipeline_lib.evaluation.measurements import Measurements, two_sided
from pipeline_lib.evaluation.metrics.moments import MomentBootstrap
from pipeline_lib.evaluation.metrics.ranking import RankingBootstrap
from pipeline_lib.evaluation.predictions import FoldPredictions

INTERACTIONS = ("interaction", "raw_interaction")


def comparable_p(
    p_value: NDArray[np.float64], sided: NDArray[np.float64], threshold: CallThreshold
) -> NDArray[np.float64]:
    """Return released P-values [n] as one-sided or two-sided as the threshold is.

    Parameters
    ----------
    p_value
        float64 [n] as released; a one-sided P is that of the score's own side.
    sided
        float64 [n]: 1 or 2; an unknown sidedness (NaN) counts as two-sided.
    threshold
        Its ``p_sided`` None: P-values stay as they were released.
    """
    if threshold.p_sided is None:
        return p_value
    return two_sided(p_value, sided) if threshold.p_sided == 2 else np.where(sided == 1, p_value, p_value / 2)


def significant(data: Measurements, threshold: CallThreshold) -> NDArray[np.bool_]:
    """Mark observations [n] whose P-value and false discovery rate lie below the thresholds that there are."""
    small = np.ones(len(data), dtype=bool)
    if threshold.p_value is not None:
        small &= comparable_p(data.p_call, data.p_sided, threshold) < threshold.p_value
    if threshold.fdr is not None:
        small &= data.fdr < threshold.fdr
    return small


def negative_calls(data: Measurements, threshold: CallThreshold) -> NDArray[np.bool_]:
    """Mark the negative interactions [n]."""
    score, certain = _called_on(data)
    low = score <= threshold.negative if threshold.inclusive else score < threshold.negative
    return np.asarray(low & (certain | significant(data, threshold)))


def positive_calls(data: Measurements, threshold: CallThreshold) -> NDArray[np.bool_]:
    """Mark the positive interactions [n]; none where the threshold has no positive side."""
    if threshold.positive is None:
        return np.zeros(len(data), dtype=bool)
    score, certain = _called_on(data)
    high = score >= threshold.positive if threshold.inclusive else score > threshold.positive
    return np.asarray(high & (certain | significant(data, threshold)))


def _called_on(data: Measurements) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the scores [n] that calls are made on, the truth where it is known, and where it is."""
    certain = np.isfinite(data.truth)
    return np.where(certain, data.truth, data.genotypes.value), certain


@dataclass(frozen=True)
class NegativeCalls:
    """Which rows of an assay are called negative or lethal, bool [n]."""

    mask: NDArray[np.bool_]

    @property
    def informative(self) -> bool:
        """Return whether there are calls among other rows, so that a score can tell them apart."""
        return 0 < int(self.mask.sum()) < len(self.mask)

    def by_side(self) -> dict[str, NDArray[np.bool_]]:
        """Return the mask by the name of its side."""
        return {"negative": self.mask}

    def column(self) -> "pd.arrays.BooleanArray":
        """Return the column of a table."""
        return pd.array(self.mask, dtype="boolean")

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "NegativeCalls":
        """Return the calls at `rows`."""
        return NegativeCalls(self.mask[rows])

    def metrics(self, ranking: RankingBootstrap, score: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return the metrics of `score` [n], each float64 [resamples + 1]; where all or no rows are called, one."""
        found = ranking.calls(score, self.mask)
        return found if self.informative else {"prevalence": found["prevalence"]}


@dataclass(frozen=True)
class NoCalls:
    """So many rows of an assay without a rule: nothing can be called there, and no metric of calls exists."""

    rows: int

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Return that no row is called."""
        return np.zeros(self.rows, dtype=bool)

    @property
    def informative(self) -> bool:
        """Return that there are no calls."""
        return False

    def by_side(self) -> dict[str, NDArray[np.bool_]]:
        """Return no side."""
        return {}

    def column(self) -> "pd.arrays.BooleanArray":
        """Return missing values."""
        return pd.array([pd.NA] * self.rows, dtype="boolean")

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "NoCalls":
        """Return as many rows without calls as `rows` takes."""
        return NoCalls(len(self.mask[rows]))

    def metrics(self, ranking: RankingBootstrap, score: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:  # noqa: ARG002 - as where there are calls
        """Return no metric."""
        return {}


Calls = NegativeCalls | NoCalls


def called(data: Measurements, screen: str, phenotype: str) -> Calls:
    """Return which observations [n] of one assay are called negative or lethal.

    A phenotype 'call' is its own label (1: called); interactions are called by the threshold of their screen, where it
    has one. Fitness of 0 and 1 alone, as a list of essential genes has it, is called where it is 0; other fitness has
    no calls.
    """
    if phenotype == "call":
        return NegativeCalls(data.genotypes.value == 1)
    if phenotype == "fitness":
        dies = data.genotypes.value == 0
        listed = dies.any() and np.all(dies | (data.genotypes.value == 1))
        return NegativeCalls(dies) if listed else NoCalls(len(data))
    threshold = data.scores_of(screen).calls
    if phenotype not in INTERACTIONS or threshold is None:
        return NoCalls(len(data))
    return NegativeCalls(negative_calls(data, threshold))


def rule_in_words(threshold: CallThreshold, side: str) -> str:
    """Return the rule of the 'negative' or the 'positive' side: ``value < -0.08 and one-sided P < 0.05``."""
    equal = "=" if threshold.inclusive else ""
    limit = threshold.negative if side == "negative" else threshold.positive
    score = f"value {'<' if side == 'negative' else '>'}{equal} {limit:g}"
    if threshold.p_value is not None:
        sided = {1: "one-sided ", 2: "two-sided ", None: "released "}[threshold.p_sided]
        score += f" and {sided}P < {threshold.p_value:g}"
    return score if threshold.fdr is None else f"{score} and false discovery rate < {threshold.fdr:g}"


def true_rule_in_words(threshold: CallThreshold, side: str) -> str:
    """Return the rule of a side in a simulated screen: ``true value < -0.08``."""
    return f"true {rule_in_words(threshold.model_copy(update={'p_value': None, 'fdr': None}), side)}"


def call_score(prediction: NDArray[np.float64], phenotype: str) -> NDArray[np.float64]:
    """Return scores [n] that are high where a negative interaction is predicted."""
    return prediction if phenotype == "call" else -prediction


@dataclass(frozen=True)
class AssayFold:
    """One assay's part of a split's test fold.

    Attributes
    ----------
    screen, phenotype
        The assay.
    rows
        int64 [n]: positions in the fold.
    data
        The observations [n].
    design, resamples
        What is resampled, and how often each cluster was drawn: the same for every model.
    clusters
        How many clusters of one size those of the design are worth.
    moments, ranking
        The bootstraps of the metrics.
    sanity
        Moments over the first resamples alone, for what is no metric.
    calls
        The called negative interactions [n].
    """

    screen: str
    phenotype: str
    rows: NDArray[np.int64]
    data: Measurements
    design: ClusterDesign
    resamples: Resamples
    clusters: float
    moments: MomentBootstrap
    ranking: RankingBootstrap
    sanity: MomentBootstrap
    calls: Calls

    def estimate(self, values: NDArray[np.float64], influence: NDArray[np.float64] | None = None) -> Estimate:
        """Return the estimate whose value stands at position 0 of `values` and whose draws follow.

        `influence` [n] is how much each row moves the statistic; where the statistic is zero in every resample (the
        correlation with a constant), nothing does.
        """
        if influence is not None and not values.any():
            influence = np.zeros_like(influence)
        return Estimate(float(values[0]), values[1:], self.clusters, self.design.spread(influence))


@dataclass(frozen=True)
class SplitFold:
    """The test fold of one split, or those of its repeats one after another: its observations and its assays."""

    split: str
    observation_id: NDArray[np.int64]
    assays: list[AssayFold]

    def check(self, predictions: FoldPredictions, where: str) -> None:
        """Refuse predictions of other observations, for models are compared on the same ones.

        Raises
        ------
        PipelineError
            When their test fold is not this one; `where` names their file.
        """
        if not np.array_equal(predictions.observation_id, self.observation_id):
            raise PipelineError(
                f"{where}: its test fold differs from that of the other models on the split '{self.split}'; "
                "fit every model on the same splits file."
            )


def assay_seed(settings: EvaluationSettings, *names: str) -> list[int]:
    """Return entropy that depends on the settings and on names alone, not on what else is evaluated."""
    return [settings.seed, zlib.crc32("/".join(names).encode())]


def locate(data: Measurements, observation_id: NDArray[np.int64], where: str) -> NDArray[np.int64]:
    """Return the positions of observations in `data`.

    Raises
    ------
    PipelineError
        When one is not there; `where` names the file that asked for it.
    """
    known = data.genotypes.observation_id
    order = np.argsort(known, kind="stable")
    place = np.minimum(np.searchsorted(known, observation_id, sorter=order), len(known) - 1)
    rows = order[place]
    missing = known[rows] != observation_id
    if missing.any():
        raise PipelineError(
            f"{where}: observation {int(observation_id[missing][0])} is not in the observations table; "
            "make the predictions anew."
        )
    return np.asarray(rows, dtype=np.int64)


def split_fold(
    data: Measurements, split: str, observation_id: NDArray[np.int64], where: str, settings: EvaluationSettings
) -> SplitFold:
    """Return the test fold that consists of `observation_id`; `where` names its file in errors.

    An observation that several repeats test is given once for each.
    """
    fold = data.take(locate(data, observation_id, where))
    assays = [
        assay_fold(fold.take(rows), screen, phenotype, split, rows, settings)
        for screen, phenotype, rows in fold.assays()
    ]
    return SplitFold(split, observation_id, assays)


def assay_fold(
    data: Measurements,
    screen: str,
    phenotype: str,
    split: str,
    rows: NDArray[np.int64],
    settings: EvaluationSettings,
) -> AssayFold:
    """Draw the resamples of one assay's test observations and sum what no prediction changes."""
    design = cluster_design(data, choose_kind(data, screen, settings))
    resamples = draw_resamples(design, settings.resamples, assay_seed(settings, split, screen, phenotype))
    fewer = resamples.first(settings.ranking_resamples)
    value = data.genotypes.value
    return AssayFold(
        screen=screen,
        phenotype=phenotype,
        rows=rows,
        data=data,
        design=design,
        resamples=resamples,
        clusters=design.effective(),
        moments=MomentBootstrap(design, resamples, value),
        ranking=RankingBootstrap(design, fewer, value),
        sanity=MomentBootstrap(design, fewer, value),
        calls=called(data, screen, phenotype),
    )


COLUMNS = ("genes", "fitness", "interaction")


def read_truths(paths: Mapping[str, Path]) -> dict[str, pd.DataFrame]:
    """Read the truth (`COLUMNS`) of every simulated screen, by its name."""
    return {screen: read_table(path, columns=COLUMNS) for screen, path in paths.items()}


def with_truths(data: Measurements, truths: Mapping[str, pd.DataFrame]) -> Measurements:
    """Return the observations with the noise-free values of their genotypes.

    Parameters
    ----------
    data
        The observations.
    truths
        See `read_truths`. The truth of a raw interaction is that of its own cross: fitness of the genotype less the
        product of the fitness of query and array strain.
    """
    truth = data.truth.copy()
    for screen, table in truths.items():
        if screen in data.genotypes.screens:
            rows = np.flatnonzero(data.genotypes.screen == data.genotypes.screens.index(screen))
            truth[rows] = _true_values(data.take(rows), table)
    return replace(data, truth=truth)


def _true_values(data: Measurements, table: pd.DataFrame) -> NDArray[np.float64]:
    """Return the truth of the rows of one screen, float64 [n]; NaN where the table has none."""
    index = pd.DataFrame({"gene_index": np.arange(len(data.gene_names)), "gene": data.gene_names})
    # Settings can leave out observations, and genes with them.
    known = table["genes"].map(lambda genes: set(genes) <= set(data.gene_names))
    table = table[known]
    own = data.genotypes.genes
    query = query_genes(data.genotypes)
    of_query = (own[:, :, None] == query[:, None, :]).any(axis=2) & (own != NO_GENE)
    listed = gene_positions(index, table["genes"], "truth")
    codes = genotype_codes(np.concatenate([listed, own, only_genes(own, of_query), only_genes(own, ~of_query)]))
    ours, of_genotype, of_query_strain, of_array_strain = np.split(codes, len(table) + len(own) * np.arange(3))
    fitness = pd.Series(table["fitness"].to_numpy(np.float64), index=ours)
    interaction = pd.Series(table["interaction"].to_numpy(np.float64), index=ours)
    whole, first, second = (
        fitness.reindex(part).to_numpy(np.float64) for part in (of_genotype, of_query_strain, of_array_strain)
    )
    crossed = (query != NO_GENE).any(axis=1)
    values = {
        "fitness": whole,
        "interaction": interaction.reindex(of_genotype).to_numpy(np.float64),
        "raw_interaction": np.where(crossed, whole - first * second, np.nan),
    }
    codes_of = [PHENOTYPES.index(name) for name in values]
    return np.select([data.genotypes.phenotype == code for code in codes_of], list(values.values()), np.nan)
