"""Calibration end to end: what the table says of models whose faults are known."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.measurements import read_measurements
from pipeline_lib.evaluation.predictions import find_predictions
from pipeline_lib.evaluation.tables.calibration import calibration_rows

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = EvaluationSettings(resamples=100, ranking_resamples=100)
N = 30 * 200
TRUE = np.random.default_rng(0).normal(0, 0.1, size=N)


@pytest.fixture
def examine(write_run: Callable, table: Callable, crosses: Callable) -> Callable[..., pd.DataFrame]:
    """Return a function that writes a prediction with an SD of 0.1 of values with noise of `noise`."""

    def make(prediction: np.ndarray, noise: float) -> pd.DataFrame:
        value = TRUE + np.random.default_rng(1).normal(0, noise, size=N)
        frame = table(crosses(30, 200).assign(value=value))
        folds = np.random.default_rng(2).choice(["test", "validation"], size=N)
        run: Path = write_run(frame, folds, {("clp", "random", 0): prediction})
        data = read_measurements(run / "tables" / "observations.parquet")
        rows = pd.DataFrame(calibration_rows(data, find_predictions(run / "models"), SETTINGS, lambda: None))
        return rows.set_index(["quantity", "recalibration"]).sort_index()

    return make


def test_a_calibrated_model_covers_its_nominal_level(examine: Callable) -> None:
    rows = examine(TRUE, noise=0.1)
    coverage = rows.loc["coverage", "none"]
    assert coverage["expected"].tolist() == SETTINGS.coverage_levels
    assert coverage["observed"].to_numpy() == pytest.approx(SETTINGS.coverage_levels, abs=0.03)
    assert (coverage["low"] < coverage["observed"]).all()
    assert rows.loc[("slope", "none"), "observed"].iloc[0] == pytest.approx(1, abs=0.05)
    spread = rows.loc["spread", "none"]
    assert spread["observed"].to_numpy() == pytest.approx(spread["expected"].to_numpy(), rel=0.05)


def test_an_overconfident_model_is_shown_and_mended_on_the_validation_fold(examine: Callable) -> None:
    rows = examine(TRUE, noise=0.2)
    at_95 = rows[rows["position"] == 0.95]["observed"]
    assert at_95["coverage", "none"] == pytest.approx(0.67, abs=0.04)
    for mended in ("scaled", "isotonic"):
        assert at_95["coverage", mended] == pytest.approx(0.95, abs=0.02)


def test_a_prediction_that_is_too_wide_has_a_slope_below_one_and_isotonic_mends_it(examine: Callable) -> None:
    rows = examine(3 * TRUE, noise=0.1)["observed"]
    assert rows["slope", "none"].iloc[0] == pytest.approx(1 / 3, abs=0.02)
    assert rows["slope", "isotonic"].iloc[0] == pytest.approx(1, abs=0.06)
    assert rows["rmse", "isotonic"].iloc[0] < 0.6 * rows["rmse", "none"].iloc[0]
    assert rows["calibration_error", "isotonic"].iloc[0] < 0.2 * rows["calibration_error", "none"].iloc[0]


def test_at_the_optimum_of_the_squared_error_the_spread_ratio_is_the_correlation(examine: Callable) -> None:
    """r = sqrt(1 / 2) here: a prediction as wide as the values would be wider than the best one."""
    row = examine(TRUE, noise=0.1).loc[("spread_ratio", "none")].iloc[0]
    assert row["expected"] == pytest.approx(np.sqrt(0.5), abs=0.02)
    assert row["observed"] == pytest.approx(row["expected"], abs=0.02)


def test_reliability_bins_ascend_and_hold_measured_means(examine: Callable) -> None:
    rows = examine(TRUE, noise=0.05).loc["reliability", "none"].sort_values("position")
    assert len(rows) == SETTINGS.bins
    assert rows["expected"].is_monotonic_increasing
    assert rows["observed"].to_numpy() == pytest.approx(rows["expected"].to_numpy(), abs=0.015)


def test_a_constant_prediction_has_one_bin_no_slope_and_no_spread(examine: Callable) -> None:
    rows = examine(np.full(N, 0.02), noise=0.1)
    assert len(rows.loc[("reliability", "none")]) == 1
    assert np.isnan(rows.loc[("slope", "none"), "observed"].iloc[0])
    assert rows.loc[("spread_ratio", "none"), "observed"].iloc[0] == 0


def test_too_small_a_validation_fold_mends_nothing(write_run: Callable, table: Callable, emap: Callable) -> None:
    frame = table(emap(40))
    folds = np.where(np.arange(780) < 29, "validation", "test")
    run: Path = write_run(frame, folds, {("clp", "random", 0): np.random.default_rng(0).normal(size=780)})
    data = read_measurements(run / "tables" / "observations.parquet")
    rows = pd.DataFrame(calibration_rows(data, find_predictions(run / "models"), SETTINGS, lambda: None))
    assert set(rows["recalibration"]) == {"none"}
    assert set(rows["quantity"]) >= {"coverage", "reliability", "spread"}
