"""The leaderboard: every model on every split, assay and subgroup of genotypes, with intervals and differences."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import pandas as pd
import pandera.pandas as pa
from numpy.typing import NDArray

from pipeline_lib.artefacts.schemas import TableSchema
from pipeline_lib.artefacts.tables import write_table
from pipeline_lib.cell.genotypes import NO_GENE, Genotypes
from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.config.screens import POOLED
from pipeline_lib.evaluation.folds import AssayFold, SplitFold, assay_seed, split_fold
from pipeline_lib.evaluation.intervals.design import of_correlation
from pipeline_lib.evaluation.intervals.estimates import Estimate, fold_seeds
from pipeline_lib.evaluation.measurements import Measurements, gene_share
from pipeline_lib.evaluation.metrics.moments import correlation, flatness
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
from pipeline_lib.evaluation.tables.differences import ValidationFold, difference_rows

if TYPE_CHECKING:
    from pipeline_lib.evaluation.metrics.moments import MomentSums


Floats = NDArray[np.float64]


class Trait(Protocol):
    """What sorts genotypes into levels."""

    def levels(self, genotypes: Genotypes) -> NDArray[Any]:
        """Return the level of every genotype, text [n]."""


@dataclass(frozen=True)
class GeneSet:
    """Genes of one kind, bool [N]: all, some or none of a genotype's genes are among them."""

    members: NDArray[np.bool_]

    def levels(self, genotypes: Genotypes) -> NDArray[Any]:
        """Return ``all``, ``some`` or ``none``."""
        return _share_level(gene_share(genotypes.genes, self.members))


class NumberOfGenes:
    """How many genes a genotype lacks."""

    def levels(self, genotypes: Genotypes) -> NDArray[Any]:
        """Return ``1``, ``2`` or ``3``."""
        return genotypes.order.astype(str)


@dataclass(frozen=True)
class Connections:
    """Number of neighbours of every gene in the networks, int64 [N]."""

    degree: NDArray[np.int64]

    def levels(self, genotypes: Genotypes) -> NDArray[Any]:
        """Return the third of the least connected gene among the genotypes at hand: ``low``, ``middle``, ``high``."""
        genes = genotypes.genes
        least = np.where(genes == NO_GENE, np.iinfo(np.int64).max, self.degree[genes]).min(axis=1)
        third = np.searchsorted(np.quantile(least, [1 / 3, 2 / 3]), least, side="left")
        return np.asarray(np.array(["low", "middle", "high"])[third])


def gene_traits(genes: pd.DataFrame) -> dict[str, Trait]:
    """Return the traits that the gene table (GENES) knows, by name: without a list of essential genes not that one."""
    ordered = genes.sort_values("gene_index")
    essential = ordered["essential"]
    traits: dict[str, Trait] = {"metabolic": GeneSet(ordered["in_gem"].to_numpy(bool))}
    if essential.notna().any():
        traits["essential"] = GeneSet(essential.fillna(value=False).to_numpy(bool))
    return traits | {"order": NumberOfGenes()}


def network_traits(edges: pd.DataFrame, genes: int) -> dict[str, Trait]:
    """Return the trait that the networks (EDGES) of so many genes know, by name; none where they have no edges."""
    ends = edges[["source", "target"]].to_numpy(np.int64)
    return {"degree": Connections(np.bincount(ends.ravel(), minlength=genes))} if len(ends) else {}


def levels(data: Measurements, traits: Mapping[str, Trait]) -> pd.DataFrame:
    """Return the level of every observation: one column a trait that has at least two levels among them."""
    frame = pd.DataFrame({name: trait.levels(data.genotypes) for name, trait in traits.items()})
    several = [name for name in frame if (frame[name] != frame[name].iloc[0]).any()]
    return frame[several]


class SubgroupBootstrap:
    """Pearson's correlation within every level of every subgroup of one assay, on the assay's own resamples."""

    def __init__(self, assay: AssayFold, traits: Mapping[str, Trait], resamples: int) -> None:
        self._design, self._codes = assay.design, assay.design.codes
        self._resamples = assay.resamples.first(resamples)
        value = assay.data.genotypes.value
        self._y = value - value.mean()
        self._flat_y = flatness(value)
        frame = levels(assay.data, traits)
        self.members = {
            (str(name), str(level)): (frame[name] == level).to_numpy()
            for name in frame
            for level in sorted(frame[name].unique())
        }
        designs = {key: assay.design.take(member) for key, member in self.members.items()}
        self._clusters = {key: design.effective() for key, design in designs.items()}
        self.extents = {key: (len(design.codes), design.present()) for key, design in designs.items()}
        self._fixed = self._sums([np.ones(len(value)), self._y, self._y**2])

    def pearson(self, prediction: Floats) -> dict[tuple[str, str], Estimate]:
        """Return the estimate of every (subgroup, level) for predictions [n]."""
        if not self.members:
            return {}
        x = prediction - prediction.mean()
        flat = (flatness(prediction), self._flat_y)
        found = {}
        parts = zip(self.members, self._fixed, self._sums([x, x * x, x * self._y]), strict=True)
        for key, (n, sum_y, yy), (sum_x, xx, xy) in parts:
            values = _pearson((n, sum_x, sum_y, xx, xy, yy), flat)
            influence = self._influence(prediction, self.members[key]) if self._codes.shape[1] > 1 else None
            found[key] = Estimate(float(values[0]), values[1:], self._clusters[key], self._design.spread(influence))
        return found

    def _sums(self, columns: list[Floats]) -> Floats:
        """Return the sum of each of so many columns [n] over every level: [levels, columns, resamples + 1]."""
        member = np.stack(list(self.members.values()) or [np.zeros(len(self._y), dtype=bool)])
        within = (member[:, None, :] * np.stack(columns)).reshape(-1, len(self._y))
        return self._resamples.weighted_sums(self._codes, within).reshape(len(member), len(columns), -1)

    def _influence(self, prediction: Floats, member: NDArray[np.bool_]) -> Floats:
        x, y = prediction[member], self._y[member]
        influence = np.zeros(len(member))
        influence[member] = of_correlation(x - x.mean(), y - y.mean())
        return influence


def _pearson(sums: tuple[Floats, ...], flat: tuple[float, float]) -> Floats:
    n, x, y, xx, xy, yy = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        return correlation(np.stack([xx - x * x / n, xy - x * y / n, yy - y * y / n]), n, flat)


def _share_level(share: Floats) -> NDArray[np.str_]:
    return np.select([share == 0, share == 1], ["none", "all"], default="some")


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
    traits: Mapping[str, Trait],
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


def text_column() -> pa.Column:
    """Return a column of names."""
    return pa.Column(str)


def number_column() -> pa.Column:
    """Return a column of numbers, NaN where there is none."""
    return pa.Column("float64", nullable=True)


def count_column() -> pa.Column:
    """Return a column of numbers of rows, clusters or seeds."""
    return pa.Column("int64", pa.Check.ge(0))


def share_column() -> pa.Column:
    """Return a column of shares or probabilities, NaN where there is none."""
    return pa.Column("float64", pa.Check.in_range(0, 1), nullable=True)


def write_rows(rows: Iterable[Mapping[str, Any]], path: Path, schema: TableSchema) -> None:
    """Write rows (each a mapping from column to value) to `path`.

    Raises
    ------
    PipelineError
        When a row breaks the contract, or the disk is full.
    """
    listed = list(rows)
    frame = pd.DataFrame(listed) if listed else empty_table(schema)
    # A column without a single value has no type of its own; a nullable one may be mixed with None.
    frame = frame.astype({name: str(column.dtype) for name, column in schema.columns.items() if column.nullable})
    write_table(frame, path, schema)


def empty_table(schema: TableSchema) -> pd.DataFrame:
    """Return a table without rows whose columns have the types of the contract."""
    return pd.DataFrame({name: pd.Series(dtype=str(column.dtype)) for name, column in schema.columns.items()})
