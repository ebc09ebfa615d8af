"""Measured P-values against predicted interactions."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline_lib.config.calls import READER_SCORES
from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.measurements import read_measurements
from pipeline_lib.evaluation.predicted_p import Joined, correlation_rows, decile_rows, join_predictions, point_table
from pipeline_lib.evaluation.predictions import find_predictions

SETTINGS = EvaluationSettings(resamples=200, ranking_resamples=100)


def join(run: Path) -> list[Joined]:
    scores = {"simulated": READER_SCORES["kuzmin2018"]}
    data = read_measurements(run / "tables" / "observations.parquet", scores=scores)
    return list(join_predictions(data, find_predictions(run / "models"), lambda: None))


@pytest.fixture
def scored(crosses: Callable) -> pd.DataFrame:
    """Return interactions whose one-sided P-values follow from their size."""
    frame: pd.DataFrame = crosses(20, 50, screen="simulated", p_sided=1)
    return frame.assign(p_value=stats.norm.sf(np.abs(frame["value"]) / 0.05))


def test_a_prediction_equal_to_the_score_puts_the_hits_first(
    write_run: Callable, table: Callable, scored: pd.DataFrame
) -> None:
    frame = table(scored)
    run = write_run(frame, np.full(1000, "test"), {("clp", "random", 0): frame["value"].to_numpy()})
    (joined,) = join(run)
    rows = pd.DataFrame(decile_rows(joined, SETTINGS)).set_index("decile")
    assert rows["n"].tolist() == [100] * 10
    assert rows["negative_rate"].is_monotonic_decreasing
    assert rows.loc[1, "negative_rate"] == 1
    assert rows.loc[10, "negative_rate"] == 0
    assert rows.loc[10, "hit_rate"] > rows.loc[5, "hit_rate"]
    assert rows["base_rate"].unique() == pytest.approx([rows["hit_rate"].mean()])
    assert rows["prediction"].is_monotonic_increasing
    hits = (2 * frame["p_value"] < 0.05)[np.argsort(frame["value"].to_numpy())[:100]].mean()
    assert rows.loc[1, "hit_rate"] == pytest.approx(hits)


def test_spearman_is_that_of_scipy_with_and_without_the_sign(
    write_run: Callable, table: Callable, scored: pd.DataFrame
) -> None:
    frame = table(scored)
    prediction = frame["value"] + np.random.default_rng(0).normal(size=1000) * 0.1
    run = write_run(frame, np.full(1000, "test"), {("clp", "random", 0): prediction.to_numpy()})
    rows = pd.DataFrame(correlation_rows(join(run)[0], SETTINGS)).set_index("quantity")
    strength = -np.log10(2 * frame["p_value"])
    assert rows.loc["spearman", "value"] == pytest.approx(stats.spearmanr(-prediction, strength)[0])
    signed = strength * -np.sign(frame["value"])
    assert rows.loc["spearman_signed", "value"] == pytest.approx(stats.spearmanr(-prediction, signed)[0])


def test_only_the_test_fold_is_looked_at_and_seeds_are_averaged(
    write_run: Callable, table: Callable, scored: pd.DataFrame
) -> None:
    frame = table(scored)
    folds = np.where(np.arange(1000) % 4 == 0, "test", "train")
    seeds = {("clp", "random", seed): np.full(1000, float(seed)) for seed in (0, 1)}
    points = point_table(join(write_run(frame, folds, seeds))[0])
    assert points["observation_id"].tolist() == list(range(0, 1000, 4))
    assert points["prediction"].unique().tolist() == [0.5]
    assert points["p_value"].max() <= 1


def test_p_values_without_a_split_meet_predictions_of_the_same_genotype(
    write_run: Callable, table: Callable, crosses: Callable
) -> None:
    """As in Kuzmin 2018: P-values stand on one table, the predicted calls on another."""
    calls = crosses(20, 50, screen="kuzmin2018_calls", phenotype="call")
    raw = crosses(20, 50, screen="kuzmin2018", phenotype="raw_interaction", p_value=0.3, p_sided=1)
    frame = table(calls, raw)
    folds = np.where(np.arange(2000) < 1000, np.where(np.arange(2000) % 2, "test", "train"), "none")
    prediction = np.arange(2000.0)
    (joined,) = join(write_run(frame, folds, {("clp", "random", 0): prediction}))
    assert joined.labels["source"] == "kuzmin2018_calls call"
    assert joined.labels["phenotype"] == "raw_interaction"
    assert joined.prediction.tolist() == list(range(1, 1000, 2))
    assert joined.data.genotypes.observation_id.tolist() == list(range(1001, 2000, 2))
    assert joined.score.tolist() == joined.prediction.tolist()


def test_too_few_shared_genotypes_make_no_curve(write_run: Callable, table: Callable, crosses: Callable) -> None:
    frame = table(crosses(4, 20, p_value=0.3, p_sided=1))
    assert not join(write_run(frame, np.full(80, "test"), {("clp", "random", 0): np.zeros(80)}))


def test_a_constant_prediction_has_no_trend_however_rows_are_ordered(
    write_run: Callable, table: Callable, scored: pd.DataFrame
) -> None:
    frame = table(scored.sort_values("p_value"))
    run = write_run(frame, np.full(1000, "test"), {("mean", "random", 0): np.zeros(1000)})
    rows = pd.DataFrame(decile_rows(join(run)[0], SETTINGS))
    counts = (rows["hit_rate"] * rows["n"]).round()
    assert stats.chisquare(counts).pvalue > 0.001


def test_rows_without_an_interaction_score_have_no_negative_rate(
    write_run: Callable, table: Callable, crosses: Callable
) -> None:
    calls = crosses(20, 50, screen="kuzmin2018_calls", phenotype="call")
    fitness = crosses(20, 50, screen="kuzmin2018", phenotype="fitness", p_value=0.3, p_sided=1)
    frame = table(calls, fitness)
    (joined,) = join(write_run(frame, np.full(2000, "test"), {("clp", "random", 0): np.arange(2000.0)}))
    rows = pd.DataFrame(decile_rows(joined, SETTINGS))
    assert rows["negative_rate"].isna().all()
    assert rows["hit_rate"].notna().all()
    assert point_table(joined)["negative"].isna().all()
    assert [row["quantity"] for row in correlation_rows(joined, SETTINGS)] == ["spearman"]
