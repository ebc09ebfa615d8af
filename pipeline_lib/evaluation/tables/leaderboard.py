"""The leaderboard: every model on every split and assay, with intervals, differences and subgroups."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.config.screens import POOLED
from pipeline_lib.evaluation.folds import AssayFold, SplitFold, assay_seed, split_fold
from pipeline_lib.evaluation.intervals.estimates import Estimate, fold_seeds
from pipeline_lib.evaluation.measurements import Measurements
from pipeline_lib.evaluation.metrics.scores import (
    AssayKey,
    Extent,
    ScoreKey,
    Scores,
    bounds,
    evaluate,
    evaluate_pooled,
    leading_metric,
    pooled_assays,
)
from pipeline_lib.evaluation.predictions import Entry, PredictionFile, entries_by_split, read_test_and_validation
from pipeline_lib.evaluation.tables.differences import difference_rows
from pipeline_lib.evaluation.tables.subgroups import GeneTraits, SubgroupBootstrap
from pipeline_lib.evaluation.tables.validation import ValidationFold

if TYPE_CHECKING:
    from pipeline_lib.evaluation.metrics.moments import MomentSums


@dataclass
class Standings:
    """Rows of the three tables."""

    leaderboard: list[dict[str, Any]] = field(default_factory=list)
    differences: list[dict[str, Any]] = field(default_factory=list)
    subgroups: list[dict[str, Any]] = field(default_factory=list)


SubgroupKey = tuple[str, str, str, str]
"""Screen, phenotype, subgroup, level."""

Key = TypeVar("Key")


@dataclass(frozen=True)
class _Scored:
    """Everything that the predictions of one model with one seed score."""

    seed: int
    validation: dict[AssayKey, float]
    scores: dict[ScoreKey, Estimate] = field(default_factory=dict)
    subgroups: dict[SubgroupKey, Estimate] = field(default_factory=dict)


def build_standings(
    data: Measurements,
    traits: GeneTraits,
    files: Iterable[PredictionFile],
    settings: EvaluationSettings,
    threads: int,
    advance: Callable[[], None],
) -> Standings:
    """Evaluate every predictions file on its test fold, by split and by model, and repeats of a split pooled.

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
    threads
        How many models and seeds are evaluated at a time; the numbers do not depend on it.
    advance
        Called after each of `entries_by_split`.

    Raises
    ------
    PipelineError
        When a file is broken, or two models of one split have different test folds.
    """
    standings = Standings()
    for split, models in entries_by_split(files).items():
        first = next(iter(models.values()))[0]
        test, validation = read_test_and_validation(first.files)
        fold = split_fold(data, split, test.observation_id, first.where, settings)
        held = ValidationFold.of(data, split, validation, first.where)
        subgroups = [SubgroupBootstrap(assay, traits, settings.ranking_resamples) for assay in fold.assays]
        extents = _extents(fold.assays)
        scores: dict[str, dict[int, Scores]] = {}
        chosen_by: dict[str, dict[AssayKey, float]] = {}
        flat = [entry for seeds in models.values() for entry in seeds]
        with ThreadPoolExecutor(threads) as pool:
            scored = pool.map(
                lambda entry, fold=fold, held=held, parts=subgroups: _score(entry, fold, held, parts, settings), flat
            )
            for model, seeds in models.items():
                found = []
                for _ in seeds:
                    found.append(next(scored))
                    advance()
                scores[model] = {part.seed: part.scores for part in found}
                chosen_by[model] = _mean_scores([part.validation for part in found])
                folded, within = (
                    _folded(parts) for parts in zip(*((p.scores, p.subgroups) for p in found), strict=True)
                )
                standings.leaderboard += _leaderboard_rows(
                    model, split, folded, chosen_by[model], extents, len(seeds), settings
                )
                standings.subgroups += _subgroup_rows(model, fold, subgroups, within, len(seeds), settings)
        standings.differences += difference_rows(split, scores, chosen_by, extents, settings)
    return standings


def _score(
    entry: Entry,
    fold: SplitFold,
    held: ValidationFold,
    subgroups: list[SubgroupBootstrap],
    settings: EvaluationSettings,
) -> _Scored:
    """Return the estimates of one entry, assay by assay and over the screens that share a phenotype and a unit."""
    predictions, validation = read_test_and_validation(entry.files)
    fold.check(predictions, entry.where)
    scored = _Scored(entry.files[0].seed, held.scores(validation, entry.where))
    sums_of: dict[AssayKey, tuple[MomentSums, float]] = {}
    for assay, within in zip(fold.assays, subgroups, strict=True):
        screen, phenotype = assay.screen, assay.phenotype
        part = predictions.value[assay.rows]
        sums = assay.moments.sums(part)
        seed = assay_seed(settings, fold.split, screen, phenotype, "permutation")
        for metric, value in evaluate(assay, part, sums, seed).items():
            scored.scores[screen, phenotype, metric] = value
        for key, value in within.pearson(part).items():
            scored.subgroups[screen, phenotype, *key] = value
        sums_of[screen, phenotype] = sums, assay.clusters
    for phenotype, members in _pooled(fold.assays).items():
        parts = [sums_of[member] for member in members]
        clusters = sum(clusters for _, clusters in parts)
        for metric, value in evaluate_pooled([sums for sums, _ in parts], clusters).items():
            scored.scores[POOLED, phenotype, metric] = value
    return scored


def _pooled(assays: list[AssayFold]) -> dict[str, list[AssayKey]]:
    keys = [(assay.screen, assay.phenotype) for assay in assays]
    return pooled_assays(assays[0].data, keys) if assays else {}


def _folded(seeds: Sequence[dict[Key, Estimate]]) -> dict[Key, Estimate]:
    """Return every estimate with the model's seeds folded in."""
    return {key: fold_seeds([estimates[key] for estimates in seeds]) for key in seeds[0]}


def _mean_scores(seeds: Sequence[dict[AssayKey, float]]) -> dict[AssayKey, float]:
    return {key: float(np.mean([scores[key] for scores in seeds])) for key in seeds[0]}


def _extents(assays: list[AssayFold]) -> dict[AssayKey, Extent]:
    """Return the size and the clusters of every assay and of every phenotype that several screens share."""
    extents = {
        (assay.screen, assay.phenotype): Extent(len(assay.rows), assay.design.groups, assay.design.kind)
        for assay in assays
    }
    for phenotype, members in _pooled(assays).items():
        parts = [extents[member] for member in members]
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
    validation: dict[AssayKey, float],
    extents: dict[AssayKey, Extent],
    seeds: int,
    settings: EvaluationSettings,
) -> list[dict[str, Any]]:
    rows = []
    for (screen, phenotype, metric), score in scores.items():
        low, high = score.interval_within(settings.confidence, *bounds(metric))
        extent, ranks = extents[screen, phenotype], metric == leading_metric(phenotype)
        rows.append(
            {
                "model": model,
                "split": split,
                "screen": screen,
                "phenotype": phenotype,
                "metric": metric,
                "value": score.value,
                "low": low,
                "high": high,
                "n": extent.n,
                "groups": extent.groups,
                "seeds": seeds,
                "resamples": len(score.draws),
                "clusters": extent.clusters,
                "validation": validation.get((screen, phenotype), np.nan) if ranks else np.nan,
            }
        )
    return rows


def _subgroup_rows(
    model: str,
    fold: SplitFold,
    subgroups: list[SubgroupBootstrap],
    found: dict[SubgroupKey, Estimate],
    seeds: int,
    settings: EvaluationSettings,
) -> list[dict[str, Any]]:
    extents = {
        (assay.screen, assay.phenotype, *key): extent
        for assay, part in zip(fold.assays, subgroups, strict=True)
        for key, extent in part.extents.items()
    }
    rows = []
    for (screen, phenotype, subgroup, level), estimate in found.items():
        low, high = estimate.interval_within(settings.confidence, *bounds("pearson"))
        n, groups = extents[screen, phenotype, subgroup, level]
        rows.append(
            {
                "model": model,
                "split": fold.split,
                "screen": screen,
                "phenotype": phenotype,
                "subgroup": subgroup,
                "level": level,
                "metric": "pearson",
                "value": estimate.value,
                "low": low,
                "high": high,
                "n": n,
                "groups": groups,
                "seeds": seeds,
            }
        )
    return rows
