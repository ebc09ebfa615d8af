"""Precision and recall of calls, and precision among each query's first predictions."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import precision_recall_curve

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.config.screen_readers import SCREEN_READERS
from pipeline_lib.evaluation.measurements import read_measurements
from pipeline_lib.evaluation.predictions import find_predictions
from pipeline_lib.evaluation.tables.precision_recall import ScoredAssay, curve_rows, query_rows, scored_assays

SETTINGS = EvaluationSettings(resamples=100, ranking_resamples=100)


def score(run: Path) -> list[ScoredAssay]:
    scores = {"collins2007": SCREEN_READERS.get("emap").scores}
    data = read_measurements(run / "tables" / "observations.parquet", scores=scores)
    return list(scored_assays(data, find_predictions(run / "models"), SETTINGS, lambda: None))


@pytest.fixture
def calls(table: Callable, crosses: Callable) -> pd.DataFrame:
    called = (np.random.default_rng(0).random(600) < 0.2).astype(float)
    return table(crosses(20, 30, screen="kuzmin2018_calls", phenotype="call").assign(value=called))


def test_the_curve_is_scikit_learns_and_ends_at_the_prevalence(write_run: Callable, calls: pd.DataFrame) -> None:
    prediction = 0.5 * calls["value"].to_numpy() + np.random.default_rng(1).random(600)
    (scored,) = score(write_run(calls, np.full(600, "test"), {("clp", "query_disjoint", 0): prediction}))
    rows = pd.DataFrame(curve_rows(scored, SETTINGS)).set_index("recall")
    precision, recall, _ = precision_recall_curve(calls["value"], prediction)
    for wanted in (0.05, 0.5, 1.0):
        place = np.flatnonzero(recall >= wanted - 1e-12)[-1]
        assert rows.loc[wanted, "precision"] == pytest.approx(precision[place])
    assert (rows["low"] <= rows["precision"]).all()
    assert (rows["precision"] <= rows["high"]).all()
    assert rows["prevalence"].unique() == pytest.approx([calls["value"].mean()])


def test_a_guess_has_the_prevalence_at_every_recall(write_run: Callable, calls: pd.DataFrame) -> None:
    (scored,) = score(write_run(calls, np.full(600, "test"), {("mean", "random", 0): np.zeros(600)}))
    rows = pd.DataFrame(curve_rows(scored, SETTINGS))
    assert rows["precision"].to_numpy() == pytest.approx(rows["prevalence"].to_numpy())


def test_a_perfect_prediction_finds_every_call_of_every_query_first(write_run: Callable, calls: pd.DataFrame) -> None:
    perfect = {("clp", "random", seed): calls["value"].to_numpy() for seed in (0, 1)}
    (scored,) = score(write_run(calls, np.full(600, "test"), perfect))
    rows = pd.DataFrame(query_rows(scored, SETTINGS))
    assert len(rows) == 20
    assert rows["precision"].to_numpy() == pytest.approx(np.minimum(rows["positives"] / 10, 1).to_numpy())
    assert rows["positives"].sum() == calls["value"].sum()
    assert (rows["n"] == 30).all()
    assert rows["query"].str.fullmatch(r"Q\d{3}_sn\d+").all()
    assert (rows["seeds"] == 2).all()


def test_queries_with_too_few_predictions_are_left_out(write_run: Callable, calls: pd.DataFrame) -> None:
    folds = np.where(np.arange(600) < 39, "test", "train")
    (scored,) = score(write_run(calls, folds, {("clp", "random", 0): np.arange(600.0)}))
    assert [row["n"] for row in query_rows(scored, SETTINGS)] == [30]


def test_in_an_e_map_every_gene_is_a_query_and_low_scores_are_positive(
    write_run: Callable, table: Callable, emap: Callable
) -> None:
    frame = table(emap(30))
    run = write_run(frame, np.full(435, "test"), {("clp", "random", 0): frame["value"].to_numpy()})
    (scored,) = score(run)
    assert (scored.positive == (frame["value"] <= -2.5)).all()
    rows = pd.DataFrame(query_rows(scored, SETTINGS))
    assert len(rows) == 30
    assert rows["positives"].sum() == 2 * scored.positive.sum()
    assert (rows["n"] == 29).all()
    assert rows["precision"].to_numpy() == pytest.approx(np.minimum(rows["positives"] / 10, 1).to_numpy())


def test_fitness_and_screens_without_calls_have_no_curve(
    write_run: Callable, table: Callable, crosses: Callable
) -> None:
    frame = table(
        crosses(5, 20, screen="kuzmin2018", phenotype="fitness"),
        crosses(5, 20, screen="kuzmin2018_calls", phenotype="call").assign(value=0.0),
    )
    assert not score(write_run(frame, np.full(200, "test"), {("clp", "random", 0): np.arange(200.0)}))
