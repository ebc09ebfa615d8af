"""Find and read the predictions of every model, split and seed, and pool the repeats of a split.

Held-out genes differ from repeat to repeat, so the interval of a single one shows how well these genes are predicted,
and that of all repeats rests on many more. A gene or a query that several repeats hold out stays one cluster of the
bootstrap. Of predicted parts, tau, epsilon and fitness, the raw interaction of a cross follows by definition.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline_lib.artefacts import PHENOTYPES
from pipeline_lib.artefacts.schemas import PREDICTIONS
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE
from pipeline_lib.cell.testable import genotype_codes, only_genes
from pipeline_lib.config.training import kind_and_repeat, pooled_name
from pipeline_lib.errors import PipelineError
from pipeline_lib.evaluation.measurements import Measurements

_SEED = re.compile(r"seed(\d+)$")


@dataclass(frozen=True, order=True)
class PredictionFile:
    """``models/<model>/<split>/seed<k>/predictions.parquet`` and what its path names."""

    split: str
    model: str
    seed: int
    path: Path


@dataclass(frozen=True)
class FoldPredictions:
    """Predictions of one fold, by ascending observation; of several repeats, one after another.

    Attributes
    ----------
    observation_id
        int64 [n], ascending within a repeat.
    value
        float64 [n]: predictions in the units of each observation's assay.
    std
        float64 [n]: their SD, NaN where the model gives none.
    """

    observation_id: NDArray[np.int64]
    value: NDArray[np.float64]
    std: NDArray[np.float64]


def parse_path(path: Path) -> PredictionFile:
    """Read model, split and seed off the folders of a predictions file.

    Raises
    ------
    PipelineError
        When the path does not end in ``<model>/<split>/seed<k>/<file>``, or names its split as all repeats of one.
    """
    folders = path.absolute().parts[-4:-1]
    seed = _SEED.match(folders[-1]) if len(folders) == 3 else None
    if seed is None:
        raise PipelineError(f"{path} is not under <model>/<split>/seed<k>/; keep predictions in such folders.")
    if kind_and_repeat(folders[1])[1] is None:
        raise PipelineError(f"{path}: '{folders[1]}' is what scores over all repeats are called; rename that folder.")
    return PredictionFile(split=folders[1], model=folders[0], seed=int(seed[1]), path=path)


def find_predictions(folder: Path) -> list[PredictionFile]:
    """Return every ``<model>/<split>/seed<k>/predictions.parquet`` under `folder`.

    Raises
    ------
    PipelineError
        When there is none.
    """
    found = [parse_path(path) for path in folder.glob("*/*/seed*/predictions.parquet")]
    if not found:
        raise PipelineError(f"{folder} holds no <model>/<split>/seed<k>/predictions.parquet; fit a model first.")
    return sorted(found)


def by_split(files: Iterable[PredictionFile]) -> dict[str, dict[str, list[PredictionFile]]]:
    """Return the files of every split and, in it, of every model, in the order of their names and seeds."""
    grouped: dict[str, dict[str, list[PredictionFile]]] = {}
    for file in sorted(files):
        grouped.setdefault(file.split, {}).setdefault(file.model, []).append(file)
    return grouped


def read_fold(file: PredictionFile, fold: str) -> FoldPredictions:
    """Read the predictions of one fold.

    Raises
    ------
    PipelineError
        When the file breaks its contract, lacks the fold, or a prediction is not a number.
    """
    frame = _read(file.path)
    _refuse_empty(frame, fold, file.path)
    return _of_fold(frame, fold, file.path)


def read_repeats(files: Sequence[PredictionFile], fold: str) -> FoldPredictions:
    """Read the predictions of one fold of several repeats, laid one after another; an observation may stand in many.

    Raises
    ------
    PipelineError
        As `read_fold`.
    """
    return _joined([read_fold(file, fold) for file in files])


def read_test_and_validation(files: Sequence[PredictionFile]) -> tuple[FoldPredictions, FoldPredictions]:
    """Read the predictions of both folds, as `read_repeats` does, from each file at one reading.

    A validation fold may be empty: some splits leave no row for it.

    Raises
    ------
    PipelineError
        As `read_fold`.
    """
    frames = [(_read(file.path), file.path) for file in files]
    for frame, path in frames:
        _refuse_empty(frame, "test", path)
    test, validation = (
        _joined([_of_fold(frame, fold, path) for frame, path in frames]) for fold in ("test", "validation")
    )
    return test, validation


def _read(path: Path) -> pd.DataFrame:
    """Read a predictions file, its folds as codes: as text they take as long as all numbers together."""
    numbers = [name for name in PREDICTIONS.columns if name != "fold"]
    frame = read_table(path, columns=numbers)
    folds = pq.read_table(path, columns=["fold"], read_dictionary=["fold"], partitioning=None)
    if "fold" not in folds.column_names:
        raise PipelineError(f"{path} lacks the column(s) fold; delete it and run again.")
    return frame.assign(fold=folds["fold"].to_pandas())


def _refuse_empty(frame: pd.DataFrame, fold: str, path: Path) -> None:
    if not (frame["fold"] == fold).any():
        raise PipelineError(f"{path} has no predictions of the {fold} fold; fit the model again.")


def _of_fold(frame: pd.DataFrame, fold: str, path: Path) -> FoldPredictions:
    frame = frame[frame["fold"] == fold].sort_values("observation_id")
    value = frame["prediction"].to_numpy(np.float64)
    if not np.isfinite(value).all():
        bad = int(frame["observation_id"].to_numpy()[~np.isfinite(value)][0])
        raise PipelineError(f"{path}: the prediction of observation {bad} is not a number; fit the model again.")
    return FoldPredictions(
        observation_id=frame["observation_id"].to_numpy(np.int64),
        value=value,
        std=frame["prediction_std"].to_numpy(np.float64, na_value=np.nan),
    )


def _joined(parts: Sequence[FoldPredictions]) -> FoldPredictions:
    return FoldPredictions(
        observation_id=np.concatenate([part.observation_id for part in parts]),
        value=np.concatenate([part.value for part in parts]),
        std=np.concatenate([part.std for part in parts]),
    )


@dataclass(frozen=True)
class Entry:
    """What one model with one seed predicts on a split: one file, or one a repeat in the order of the repeats."""

    files: tuple[PredictionFile, ...]

    @property
    def where(self) -> str:
        """The files, for errors."""
        return ", ".join(str(file.path) for file in self.files)


def entries_by_split(files: Iterable[PredictionFile]) -> dict[str, dict[str, list[Entry]]]:
    """Return the entries of every split and, in it, of every model; pooled repeats behind the splits themselves.

    Returns
    -------
    dict
        Split, then model, then one entry a seed. A kind with two or more repeats among `files` has a further split
        ``<kind>-pooled`` with the models that have a seed in common on all of its repeats, and with such seeds alone.
    """
    grouped = by_split(files)
    entries = {
        split: {model: [Entry((file,)) for file in seeds] for model, seeds in models.items()}
        for split, models in grouped.items()
    }
    kinds: dict[str, list[str]] = {}
    for split in sorted(grouped, key=kind_and_repeat):
        kinds.setdefault(kind_and_repeat(split)[0], []).append(split)
    for kind, repeats in kinds.items():
        pooled = _pooled([grouped[repeat] for repeat in repeats]) if len(repeats) > 1 else {}
        if pooled:
            entries[pooled_name(kind)] = pooled
    return entries


def _pooled(repeats: list[dict[str, list[PredictionFile]]]) -> dict[str, list[Entry]]:
    """Return the entries of the models that have a seed in common on every repeat."""
    pooled = {}
    for model in repeats[0]:
        by_seed = [{file.seed: file for file in repeat.get(model, [])} for repeat in repeats]
        shared = sorted(set.intersection(*map(set, by_seed)))
        if shared:
            pooled[model] = [Entry(tuple(files[seed] for files in by_seed)) for seed in shared]
    return pooled


Floats = NDArray[np.float64]


def mean_predictions(files: Sequence[PredictionFile]) -> tuple[NDArray[np.int64], Floats]:
    """Return the observations of the test fold and the mean prediction of a model's seeds."""
    folds = [read_fold(file, "test") for file in files]
    return folds[0].observation_id, np.mean([fold.value for fold in folds], axis=0)


_INTERACTION, _FITNESS = (PHENOTYPES.index(name) for name in ("interaction", "fitness"))


def raw_from_parts(rows: Measurements, query: NDArray[np.int64], known: Measurements, value: Floats) -> Floats:
    """Return the raw interaction of triple mutants, float64 [n]; NaN where a part is missing.

    Parameters
    ----------
    rows
        Crosses [n] of one screen whose raw interaction is wanted.
    query
        int64 [n, 3]: genes of their query strains, ascending, then -1 (`pipeline_lib.cell.testable.query_genes`).
    known
        Observations [m] of the same screen.
    value
        float64 [m]: what may be known of each of `known`: the model's prediction, or in the training fold the
        measurement.
    """
    genes = rows.genotypes.genes
    whole = (genes != NO_GENE).all(axis=1) & ((query != NO_GENE).sum(axis=1) == MAX_ORDER - 1)
    result = np.full(len(rows), np.nan)
    if not whole.any():
        return result
    genes, query = genes[whole], query[whole]
    array = np.where((genes[:, :, None] == query[:, None, :]).any(axis=2), 0, genes).sum(axis=1)
    first, second = query[:, 0], query[:, 1]
    wanted = [_sorted(genes), *(_sorted(g, array) for g in (first, second)), *(_sorted(g) for g in (first, second))]
    codes = genotype_codes(np.concatenate([known.genotypes.genes, *wanted]))
    ours, *parts = np.split(codes, len(known) + len(genes) * np.arange(len(wanted)))
    phenotype = known.genotypes.phenotype
    interaction, fitness = (
        pd.Series(value[phenotype == code]).groupby(ours[phenotype == code]).mean() for code in (_INTERACTION, _FITNESS)
    )
    tau, epsilon_first, epsilon_second = (interaction.reindex(part).to_numpy(np.float64) for part in parts[:3])
    fitness_first, fitness_second = (fitness.reindex(part).to_numpy(np.float64) for part in parts[3:])
    result[whole] = tau + epsilon_first * fitness_second + epsilon_second * fitness_first
    return result


def raw_from_fitness(
    rows: Measurements, query: NDArray[np.int64], fitness: Floats, known: Measurements, value: Floats
) -> Floats:
    """Return the raw interaction of crosses, f(cross) - f(query strain) f(array strain), NaN where a part is missing.

    The fitness of a strain is that of the same strain, else of the same genes; in the same screen, else, as a mean, in
    the others whose fitness is in the same unit.

    Parameters
    ----------
    rows
        Crosses [n] of one screen whose raw interaction is wanted.
    query
        int64 [n, 3]: genes of their query strains (`pipeline_lib.cell.testable.query_genes`).
    fitness
        float64 [n]: the predicted fitness of the crosses.
    known, value
        Observations [m] of any screen and, float64 [m], what may be known of each, as in `raw_from_parts`.

    Returns
    -------
    float64 [n]
        In the unit of the screen's fitness.
    """
    if not len(rows):
        return np.empty(0)
    screen, genes = rows.genotypes.screen[0], rows.genotypes.genes
    of_query = (genes[:, :, None] == query[:, None, :]).any(axis=2) & (genes != NO_GENE)
    strains = known.take(chosen := _comparable_strains(known, screen))
    first, second = (
        _strain_fitness(strain, only_genes(genes, wanted), screen, strains, value[chosen])
        for strain, wanted in ((rows.genotypes.query, of_query), (rows.genotypes.array, ~of_query))
    )
    if rows.scores_of(rows.genotypes.screens[screen]).controls_as_wild_type:
        first = np.where(of_query.sum(axis=1) == 1, 1.0, first)
    return np.asarray(np.where(of_query.any(axis=1), fitness - first * second, np.nan))


def _comparable_strains(data: Measurements, screen: int) -> NDArray[np.int64]:
    """Return the fitness of strains, not of crosses: of the screen itself, and of others that measure the same."""
    ours = data.scores_of(data.genotypes.screens[screen])
    found = [np.empty(0, dtype=np.int64)]
    for other, phenotype, rows in data.assays():
        theirs, value = data.scores_of(other), data.genotypes.value[rows]
        # A list of essential genes has fitness of 0 and 1 alone: it is no measurement in these units.
        same = ours.unit is not None and ours.unit == theirs.unit and not np.isin(value, (0, 1)).all()
        own = other == data.genotypes.screens[screen]
        if phenotype == "fitness" and (own or (same and ours.simulated == theirs.simulated)):
            found.append(rows[~are_crosses(data)[rows]])
    return np.concatenate(found)


def are_crosses(data: Measurements) -> NDArray[np.bool_]:
    """Mark the observations [n] of a query strain mated with an array strain."""
    return (data.genotypes.query >= 0) & (data.genotypes.array >= 0)


def _strain_fitness(
    strain: NDArray[np.int64], genes: NDArray[np.int64], screen: int, known: Measurements, value: Floats
) -> Floats:
    """Return the fitness of strains [n] with these genes [n, 3], NaN where `value` [m] of `known` holds none."""
    data = known.genotypes
    ours, wanted = np.split(genotype_codes(np.concatenate([data.genes, genes])), [len(data)])
    named = np.where(data.query >= 0, data.query, data.array)
    fitness = np.full(len(strain), np.nan)
    for among in (data.screen == screen, data.screen != screen):
        for keys, sought in ((named, strain), (ours, wanted)):
            means = pd.Series(value[among]).groupby(keys[among]).mean()
            fitness = np.where(np.isnan(fitness), means.reindex(sought).to_numpy(np.float64), fitness)
    return fitness


def _sorted(*columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return genotypes, int64 [n, 3], of columns of genes: ascending, then -1."""
    genes = np.sort(np.column_stack(columns), axis=1)
    return np.pad(genes, ((0, 0), (0, MAX_ORDER - genes.shape[1])), constant_values=NO_GENE)
