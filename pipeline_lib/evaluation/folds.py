"""The test fold of a split, assay by assay, ready for any number of models."""

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.evaluation.calls import called
from pipeline_lib.evaluation.intervals.design import ClusterDesign, choose_kind, cluster_design
from pipeline_lib.evaluation.intervals.estimates import Estimate
from pipeline_lib.evaluation.intervals.resampling import Resamples, draw_resamples
from pipeline_lib.evaluation.measurements import Measurements
from pipeline_lib.evaluation.metrics.moments import MomentBootstrap
from pipeline_lib.evaluation.metrics.ranking import RankingBootstrap
from pipeline_lib.evaluation.predictions import FoldPredictions


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
    positive
        bool [n]: called negative interactions; None where the phenotype has no calls.
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
    positive: NDArray[np.bool_] | None

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
        positive=called(data, screen, phenotype),
    )
