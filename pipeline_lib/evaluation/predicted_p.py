"""Measured P-values against predicted interactions: whether what is predicted to interact turns out to.

Every genotype with a released P-value meets a prediction of the quantity that the P-value tests where there is one: a
raw interaction that a model predicts itself, or the one that its predictions of tau, epsilon and fitness make up
(`pipeline_lib.evaluation.raw_scores`). Where neither is there, tau stands in for the raw interaction.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_lib.artefacts.schemas import PREDICTIONS
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.cell.genotypes import MAX_ORDER
from pipeline_lib.cell.queries import query_genes
from pipeline_lib.evaluation.calls import INTERACTIONS, call_score, called
from pipeline_lib.evaluation.folds import locate
from pipeline_lib.evaluation.measurements import Measurements
from pipeline_lib.evaluation.p_values import assays_with_p
from pipeline_lib.evaluation.predictions import PredictionFile, by_split, read_fold
from pipeline_lib.evaluation.raw_scores import raw_from_parts

Floats = NDArray[np.float64]

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
