"""The leaderboard end to end, on screens small enough to check."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.evaluation.measurements import read_measurements
from pipeline_lib.evaluation.predictions import find_predictions
from pipeline_lib.evaluation.tables.leaderboard import Standings, build_standings, gene_traits

SETTINGS = EvaluationSettings(resamples=200, ranking_resamples=100)


def stand(run: Path, settings: EvaluationSettings = SETTINGS) -> Standings:
    genes = pd.read_parquet(run / "tables" / "genes.parquet")
    data = read_measurements(run / "tables" / "observations.parquet", genes)
    files = find_predictions(run / "models")
    return build_standings(data, gene_traits(genes), files, settings, 1, lambda: None)


def pick(rows: list[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    found = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    assert len(found) == 1, found
    return found[0]


@pytest.fixture
def frame(table: Callable, crosses: Callable, emap: Callable) -> pd.DataFrame:
    called = (np.random.default_rng(5).random(12 * 30) < 0.1).astype(float)
    return table(
        emap(30),
        crosses(12, 30, seed=1, screen="kuzmin2018", phenotype="fitness"),
        crosses(12, 30, seed=2, screen="simulated", phenotype="fitness"),
        crosses(12, 30, seed=3, screen="kuzmin2018_calls", phenotype="call").assign(value=called),
    )


@pytest.fixture
def folds(frame: pd.DataFrame) -> np.ndarray:
    return np.where(np.random.default_rng(6).random(len(frame)) < 0.6, "test", "train")


@pytest.fixture
def run(write_run: Callable, frame: pd.DataFrame, folds: np.ndarray) -> Path:
    rng = np.random.default_rng(7)
    value = frame["value"].to_numpy()
    noisy = {seed: 0.5 * value + 0.3 * rng.normal(size=len(frame)) * frame["value"].std() for seed in range(3)}
    predictions = {("clp", "random", seed): noisy[seed] for seed in noisy}
    predictions["mean", "random", 0] = np.zeros(len(frame))
    predictions["query_mean", "random", 0] = rng.normal(size=len(frame))
    folder: Path = write_run(frame, folds, predictions)
    return folder


def test_values_are_those_of_scipy_and_scikit_learn_on_the_test_fold(
    run: Path, frame: pd.DataFrame, folds: np.ndarray
) -> None:
    board = stand(run).leaderboard
    prediction = pd.read_parquet(run / "models/query_mean/random/seed0/predictions.parquet")["prediction"].to_numpy()
    for screen, phenotype in (("collins2007", "interaction"), ("kuzmin2018", "fitness")):
        rows = ((frame["screen"] == screen) & (folds == "test")).to_numpy()
        x, y = prediction[rows], frame.loc[rows, "value"].to_numpy()
        expected = {
            "pearson": stats.pearsonr(x, y)[0],
            "pearson_within_screen": stats.pearsonr(x, y)[0],
            "spearman": stats.spearmanr(x, y)[0],
            "rmse": np.sqrt(np.mean((x - y) ** 2)),
        }
        for metric, value in expected.items():
            row = pick(board, model="query_mean", screen=screen, phenotype=phenotype, metric=metric)
            assert row["value"] == pytest.approx(value)
            assert row["low"] <= row["value"] <= row["high"]
            assert row["n"] == rows.sum()
    rows = ((frame["screen"] == "kuzmin2018_calls") & (folds == "test")).to_numpy()
    row = pick(board, model="query_mean", screen="kuzmin2018_calls", metric="average_precision")
    assert row["value"] == pytest.approx(average_precision_score(frame.loc[rows, "value"], prediction[rows]))


def test_the_prevalence_stands_beside_the_average_precision_of_calls(run: Path) -> None:
    board = stand(run).leaderboard
    rows = {
        metric: pick(board, model="clp", screen="kuzmin2018_calls", metric=metric)
        for metric in (
            "average_precision",
            "prevalence",
            "auroc",
            "precision_at_100",
            "pearson",
        )
    }
    assert rows["prevalence"]["value"] == pytest.approx(0.1, abs=0.05)
    assert rows["average_precision"]["value"] > rows["prevalence"]["value"]
    assert rows["prevalence"]["seeds"] == 3
    assert not [row for row in board if row["phenotype"] == "fitness" and row["metric"] == "auroc"]


def test_genes_are_resampled_in_the_e_map_and_queries_with_arrays_elsewhere(run: Path) -> None:
    board = stand(run).leaderboard
    emap = pick(board, model="clp", screen="collins2007", metric="pearson")
    array = pick(board, model="clp", screen="kuzmin2018", metric="pearson")
    assert (emap["clusters"], emap["groups"]) == ("gene", 30)
    assert (array["clusters"], array["groups"]) == ("query_array", 12)
    assert pick(board, model="clp", screen="collins2007", metric="pearson_within_query")["resamples"] == 200


def test_seeds_are_folded_into_one_row(run: Path) -> None:
    board = stand(run).leaderboard
    row = pick(board, model="clp", screen="simulated", metric="pearson")
    for seed in range(3):
        (run / f"models/clp_{seed}/random/seed0").mkdir(parents=True)
        source = run / f"models/clp/random/seed{seed}/predictions.parquet"
        (run / f"models/clp_{seed}/random/seed0/predictions.parquet").write_bytes(source.read_bytes())
    again = stand(run).leaderboard
    alone = [pick(again, model=f"clp_{seed}", screen="simulated", metric="pearson")["value"] for seed in range(3)]
    assert row["value"] == pytest.approx(np.mean(alone))
    assert row["seeds"] == 3


def test_a_constant_prediction_scores_zero_with_an_interval_of_zero(run: Path) -> None:
    row = pick(stand(run).leaderboard, model="mean", screen="simulated", metric="pearson")
    assert (row["value"], row["low"], row["high"]) == (0, 0, 0)


def test_a_shuffled_prediction_is_near_zero_for_every_model_and_screen(run: Path) -> None:
    permuted = [row for row in stand(run).leaderboard if row["metric"] == "pearson_permuted"]
    assert len(permuted) == 3 * 4
    for row in permuted:
        assert abs(row["value"]) < 4 / np.sqrt(row["n"])


def test_screens_of_one_unit_are_pooled_and_s_scores_stay_apart(run: Path) -> None:
    board = stand(run).leaderboard
    row = pick(board, model="query_mean", screen="pooled", phenotype="fitness", metric="pearson")
    parts = [pick(board, model="query_mean", screen=name, metric="pearson") for name in ("kuzmin2018", "simulated")]
    assert row["n"] == sum(part["n"] for part in parts)
    assert not [row for row in board if row["screen"] == "pooled" and row["phenotype"] == "interaction"]


def test_another_model_beside_it_changes_no_ones_numbers(run: Path) -> None:
    before = pick(stand(run).leaderboard, model="query_mean", screen="kuzmin2018", metric="pearson")
    for path in run.glob("models/clp/random/*/predictions.parquet"):
        path.unlink()
    assert pick(stand(run).leaderboard, model="query_mean", screen="kuzmin2018", metric="pearson") == before


def test_models_tested_on_different_observations_are_not_compared(
    run: Path, write_run: Callable, frame: pd.DataFrame
) -> None:
    other = np.where(np.arange(len(frame)) % 2, "test", "train")
    write_run(frame, other, {("two_way", "random", 0): frame["value"].to_numpy()})
    with pytest.raises(PipelineError, match="its test fold differs"):
        stand(run)


def test_predictions_of_another_table_are_refused(run: Path) -> None:
    path = run / "tables" / "observations.parquet"
    pd.read_parquet(path).iloc[:-5].to_parquet(path)
    with pytest.raises(PipelineError, match="is not in the observations table"):
        stand(run)


def test_differences_have_their_references_and_leave_prevalence_alone(run: Path) -> None:
    differences = stand(run).differences
    assert {row["reference"] for row in differences if row["role"] == "reference"} == {"clp", "query_mean"}
    best = pick(differences, role="best_baseline", model="clp", screen="simulated", metric="pearson")
    assert best["reference"] in {"mean", "query_mean"}
    assert best["low"] <= best["value"] <= best["high"]
    assert not {"prevalence", "pearson_permuted"} & {row["metric"] for row in differences}
    assert not [row for row in differences if row["model"] == row["reference"]]


def test_subgroups_cover_the_test_fold(run: Path) -> None:
    standings = stand(run)
    total = pick(standings.leaderboard, model="clp", screen="collins2007", metric="pearson")["n"]
    parts = [row for row in standings.subgroups if row["model"] == "clp" and row["screen"] == "collins2007"]
    for subgroup in ("metabolic", "essential"):
        assert sum(row["n"] for row in parts if row["subgroup"] == subgroup) == total
    assert {row["seeds"] for row in parts} == {3}
