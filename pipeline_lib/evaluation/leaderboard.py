"""The leaderboard: every model on every split and assay, with intervals, differences and subgroups."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.differences import difference_rows
from pipeline_lib.evaluation.folds import AssayFold, SplitFold, assay_seed, split_fold
from pipeline_lib.evaluation.intervals import Estimate, fold_seeds
from pipeline_lib.evaluation.measurements import Measurements
from pipeline_lib.evaluation.metrics import POOLED, evaluate, evaluate_pooled, in_shared_unit
from pipeline_lib.evaluation.predictions import PredictionFile, by_split, read_fold
from pipeline_lib.evaluation.scores import AssayKey, Extent, ScoreKey, Scores
from pipeline_lib.evaluation.subgroups import GeneTraits, SubgroupBootstrap

if TYPE_CHECKING:
    from pipeline_lib.evaluation.moments import MomentSums


@dataclass
class Standings:
    """Rows of the three tables."""

    leaderboard: list[dict[str, Any]] = field(default_factory=list)
    differences: list[dict[str, Any]] = field(default_factory=list)
    subgroups: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class _Assay:
    """An assay's test fold and the bootstrap of its subgroups."""

    fold: AssayFold
    subgroups: SubgroupBootstrap


SubgroupKey = tuple[str, str, str, str]
"""Screen, phenotype, subgroup, level."""


def build_standings(
    data: Measurements,
    traits: GeneTraits,
    files: Iterable[PredictionFile],
    settings: EvaluationSettings,
    advance: Callable[[], None],
) -> Standings:
    """Evaluate every predictions file on its test fold, split by split and model by model.

    Parameters
    ----------
    data
        All observations.
    traits
        What tells subgroups apart.
    files
        Predictions of any number of models, splits and seeds.
    settings
        Resamples, confidence, thresholds.
    advance
        Called after each file.

    Raises
    ------
    PipelineError
        When a file is broken, or two models of one split have different test folds.
    """
    standings = Standings()
    for split, models in by_split(files).items():
        first = next(iter(models.values()))[0]
        ids = read_fold(first, "test").observation_id
        fold = split_fold(data, split, ids, str(first.path), settings)
        assays = [_Assay(assay, SubgroupBootstrap(assay, traits, settings.ranking_resamples)) for assay in fold.assays]
        extents = _extents(fold.assays, settings)
        scores: dict[str, Scores] = {}
        for model, seeds in models.items():
            scores[model] = _score_model(model, seeds, fold, assays, settings, standings, advance)
            standings.leaderboard += _leaderboard_rows(model, split, scores[model], extents, len(seeds), settings)
        standings.differences += difference_rows(split, scores, extents, settings)
    return standings


def _score_model(
    model: str,
    files: list[PredictionFile],
    fold: SplitFold,
    assays: list[_Assay],
    settings: EvaluationSettings,
    standings: Standings,
    advance: Callable[[], None],
) -> Scores:
    """Return the model's scores, its seeds folded in, and add its subgroups to `standings`."""
    scores: dict[ScoreKey, list[Estimate]] = {}
    subgroups: dict[SubgroupKey, list[Estimate]] = {}
    for file in files:
        predictions = read_fold(file, "test")
        fold.check(predictions, file)
        _score_file(predictions.value, fold.split, assays, settings, scores, subgroups)
        advance()
    sizes = {
        (assay.fold.screen, assay.fold.phenotype, *key): int(member.sum())
        for assay in assays
        for key, member in assay.subgroups.members.items()
    }
    seed = assay_seed(settings, fold.split, model)
    for key, estimates in subgroups.items():
        screen, phenotype, subgroup, level = key
        folded = fold_seeds(estimates, seed)
        low, high = folded.interval(settings.confidence)
        standings.subgroups.append(
            {
                "model": model, "split": fold.split, "screen": screen, "phenotype": phenotype, "subgroup": subgroup,
                "level": level, "metric": "pearson", "value": folded.value, "low": low, "high": high,
                "n": sizes[key], "groups": folded.groups, "seeds": len(files),
            }
        )  # fmt: skip
    return {key: fold_seeds(estimates, seed) for key, estimates in scores.items()}


def _score_file(
    prediction: NDArray[np.float64],
    split: str,
    assays: list[_Assay],
    settings: EvaluationSettings,
    scores: dict[ScoreKey, list[Estimate]],
    subgroups: dict[SubgroupKey, list[Estimate]],
) -> None:
    """Add the estimates of one file, assay by assay and over the screens that share a phenotype and a unit."""
    by_phenotype: dict[str, list[tuple[MomentSums, int]]] = {}
    for assay in assays:
        fold = assay.fold
        part = prediction[fold.rows]
        sums = fold.moments.sums(part)
        seed = assay_seed(settings, split, fold.screen, fold.phenotype, "permutation")
        for metric, value in evaluate(fold, part, sums, seed).items():
            scores.setdefault((fold.screen, fold.phenotype, metric), []).append(value)
        for key, value in assay.subgroups.pearson(part).items():
            subgroups.setdefault((fold.screen, fold.phenotype, *key), []).append(value)
        if in_shared_unit(fold.screen, fold.phenotype, settings):
            by_phenotype.setdefault(fold.phenotype, []).append((sums, fold.design.groups))
    for phenotype, parts in by_phenotype.items():
        if len(parts) > 1:
            groups = sum(groups for _, groups in parts)
            for metric, value in evaluate_pooled([sums for sums, _ in parts], groups).items():
                scores.setdefault((POOLED, phenotype, metric), []).append(value)


def _extents(assays: list[AssayFold], settings: EvaluationSettings) -> dict[AssayKey, Extent]:
    """Return the size and the clusters of every assay and of every phenotype that several screens share."""
    extents = {
        (assay.screen, assay.phenotype): Extent(len(assay.rows), assay.design.groups, assay.design.kind)
        for assay in assays
    }
    for phenotype in {assay.phenotype for assay in assays}:
        parts = [
            extent
            for (screen, other), extent in extents.items()
            if other == phenotype and in_shared_unit(screen, phenotype, settings)
        ]
        if len(parts) > 1:
            extents[POOLED, phenotype] = Extent(
                n=sum(part.n for part in parts),
                groups=sum(part.groups for part in parts),
                clusters=" + ".join(dict.fromkeys(part.clusters for part in parts)),
            )
    return extents


def _leaderboard_rows(
    model: str,
    split: str,
    scores: Scores,
    extents: dict[AssayKey, Extent],
    seeds: int,
    settings: EvaluationSettings,
) -> list[dict[str, Any]]:
    rows = []
    for (screen, phenotype, metric), score in scores.items():
        low, high = score.interval(settings.confidence)
        extent = extents[screen, phenotype]
        rows.append(
            {
                "model": model, "split": split, "screen": screen, "phenotype": phenotype, "metric": metric,
                "value": score.value, "low": low, "high": high, "n": extent.n, "groups": extent.groups,
                "seeds": seeds, "resamples": len(score.draws), "clusters": extent.clusters,
            }
        )  # fmt: skip
    return rows
