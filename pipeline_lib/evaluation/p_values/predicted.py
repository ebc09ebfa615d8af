"""Measured P-values against predicted interactions: whether what is predicted to interact turns out to.

The releases' P-values of triple mutants test the raw score epsilon_(ij)k of the double-mutant query ij against the
array gene k, models predict tau. By definition (Kuzmin et al., Science 360:eaao1729, 2018)
epsilon_(ij)k = tau_ijk + epsilon_ik f_j + epsilon_jk f_i.

Every genotype with a released P-value meets a prediction of the quantity that the P-value tests where there is one: a
raw interaction that a model predicts itself, or the one that its predictions of tau, epsilon and fitness make up
(`raw_from_parts`). Where neither is there, tau stands in for the raw interaction.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts.schemas import PHENOTYPES, PREDICTIONS
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.cell.genotypes import MAX_ORDER, NO_GENE
from pipeline_lib.cell.queries import genotype_codes, query_genes
from pipeline_lib.evaluation.calls import INTERACTIONS, call_score, called
from pipeline_lib.evaluation.folds import locate
from pipeline_lib.evaluation.measurements import Measurements
from pipeline_lib.evaluation.p_values.nulls import assays_with_p
from pipeline_lib.evaluation.predictions import PredictionFile, by_split, read_fold

Floats = NDArray[np.float64]

_INTERACTION, _FITNESS = PHENOTYPES.index("interaction"), PHENOTYPES.index("fitness")


def raw_from_parts(rows: Measurements, query: NDArray[np.int64], known: Measurements, value: Floats) -> Floats:
    """Return the raw interaction of triple mutants, float64 [n]; NaN where a part is missing.

    Parameters
    ----------
    rows
        Crosses [n] of one screen whose raw interaction is wanted.
    query
        int64 [n, 3]: genes of their query strains, ascending, then -1 (`pipeline_lib.cell.queries.query_genes`).
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


def _sorted(*columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return genotypes, int64 [n, 3], of columns of genes: ascending, then -1."""
    genes = np.sort(np.column_stack(columns), axis=1)
    return np.pad(genes, ((0, 0), (0, MAX_ORDER - genes.shape[1])), constant_values=NO_GENE)


MINIMUM_ROWS = 100
"""Rows with both a P-value and a prediction that a number must rest on."""


@dataclass(frozen=True)
class Joined:
    """Measured P-values beside the predictions of one model on one split.

    Attributes
    ----------
    labels
        model, split, screen, phenotype, order, source (screen and phenotype that was predicted) and p_of (the phenotype
        that the P-value tests).
    predicted
        The phenotype that was predicted: interaction, raw_interaction or call.
    data
        The measured rows [n], each with a P-value.
    prediction
        float64 [n] in the units of the source.
    score
        float64 [n]: high where a negative interaction is predicted.
    negative
        bool [n]: called negative by the rule of their screen; None where nothing is called there.
    """

    labels: dict[str, Any]
    predicted: str
    data: Measurements
    prediction: Floats
    score: Floats
    negative: NDArray[np.bool_] | None


@dataclass(frozen=True)
class _Predicted:
    """What one model predicts on one split: its test fold, and of every observation what may be known.

    Attributes
    ----------
    tested
        Observations [t] of the test fold.
    prediction
        float64 [t]: mean over seeds.
    known, value
        Observations [m] of all folds, and of each the measurement in the training fold, else the mean prediction.
    """

    tested: Measurements
    prediction: Floats
    known: Measurements
    value: Floats


def mean_predictions(files: Sequence[PredictionFile]) -> tuple[NDArray[np.int64], Floats]:
    """Return the observations of the test fold and the mean prediction of a model's seeds."""
    folds = [read_fold(file, "test") for file in files]
    return folds[0].observation_id, np.mean([fold.value for fold in folds], axis=0)


def _read(data: Measurements, seeds: Sequence[PredictionFile]) -> _Predicted:
    where = str(seeds[0].path)
    ids, prediction = mean_predictions(seeds)
    tables = [read_table(file.path, PREDICTIONS).sort_values("observation_id") for file in seeds]
    every = data.take(locate(data, tables[0]["observation_id"].to_numpy(np.int64), where))
    means = np.mean([table["prediction"].to_numpy(np.float64) for table in tables], axis=0)
    trained = (tables[0]["fold"] == "train").to_numpy()
    value = np.where(trained, every.genotypes.value, means)
    return _Predicted(data.take(locate(data, ids, where)), prediction, every, value)


def join_predictions(data: Measurements, files: list[PredictionFile], advance: Callable[[], None]) -> Iterator[Joined]:
    """Yield every assay with P-values beside every model's predictions of its genotypes.

    Interactions with a P-value, and raw ones that are predicted themselves, are joined row by row. Raw interactions of
    triple mutants whose adjusted score is predicted are joined to the raw one that the predictions make up. Other rows
    with P-values are joined to the test-fold predictions of an interaction or a call of the same genotype, in whatever
    screen there is one. No measurement of the test fold or the validation fold is used as a prediction.
    """
    query = query_genes(data.genotypes)
    measured = [
        (screen, phenotype, order, part, query[locate(data, part.genotypes.observation_id, "observations")])
        for screen, phenotype, order, part in assays_with_p(data)
    ]
    for split, models in by_split(files).items():
        for model, seeds in models.items():
            predicted = _read(data, seeds)
            for screen, phenotype, order, part, queries in measured:
                labels = {"model": model, "split": split, "screen": screen, "phenotype": phenotype, "order": order}
                negative = called(part, screen, phenotype) if phenotype in INTERACTIONS else None
                of_raw = np.asarray(part.p_of_raw)
                for source, kind, values in _sources(screen, phenotype, order, part, queries, predicted):
                    rows = np.isfinite(values)
                    if rows.sum() >= MINIMUM_ROWS:
                        p_of = "raw_interaction" if phenotype == "fitness" or of_raw[rows].all() else phenotype
                        yield Joined(
                            labels={**labels, "source": f"{source} {kind}", "p_of": p_of},
                            predicted=kind,
                            data=part.take(rows),
                            prediction=values[rows],
                            score=call_score(values[rows], kind),
                            negative=None if negative is None else negative[rows],
                        )
            for _ in seeds:
                advance()


def _sources(
    screen: str, phenotype: str, order: int, part: Measurements, query: NDArray[np.int64], predicted: _Predicted
) -> Iterator[tuple[str, str, Floats]]:
    """Yield (screen, phenotype, prediction of every row of `part` or NaN) of every assay that can stand for it."""
    made_up = np.empty(0)
    if phenotype == "raw_interaction" and order == MAX_ORDER:
        made_up = _raw_prediction(screen, part, query, predicted)
        if np.isfinite(made_up).any():
            yield screen, "raw_interaction", made_up
    for other, kind, rows in predicted.tested.assays():
        own = (other, kind) == (screen, phenotype)
        stands_in = kind in ("interaction", "call") and phenotype != "interaction"
        if kind == "fitness" or not (own or stands_in) or (other == screen and np.isfinite(made_up).any()):
            continue
        tested = predicted.tested
        key = tested.genotypes.observation_id if own else tested.genotype
        wanted = part.genotypes.observation_id if own else part.genotype
        known = pd.Series(predicted.prediction[rows]).groupby(key[rows]).mean()
        yield other, kind, np.asarray(known.reindex(wanted), dtype=np.float64)


def _raw_prediction(screen: str, part: Measurements, query: NDArray[np.int64], predicted: _Predicted) -> Floats:
    """Return the raw interaction that the predictions of the test fold's genotypes make up, NaN for other rows."""
    of_screen = _rows_of(predicted.known, screen)
    tested = [rows for other, kind, rows in predicted.tested.assays() if (other, kind) == (screen, "interaction")]
    if not tested:
        return np.full(len(part), np.nan)
    raw = raw_from_parts(part, query, predicted.known.take(of_screen), predicted.value[of_screen])
    return np.where(np.isin(part.genotype, predicted.tested.genotype[tested[0]]), raw, np.nan)


def _rows_of(data: Measurements, screen: str) -> NDArray[np.int64]:
    """Return the positions of a screen's observations."""
    return np.flatnonzero(data.genotypes.screen == data.genotypes.screens.index(screen))
