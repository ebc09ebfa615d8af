"""Where predictions are found and what is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.artefacts.tables import write_table
from pipeline_lib.errors import PipelineError
from pipeline_lib.evaluation.predictions import by_split, find_predictions, parse_path, read_fold


def test_the_folders_say_model_split_and_seed() -> None:
    file = parse_path(Path("results/yeast/models/clp/query_disjoint/seed2/predictions.parquet"))
    assert (file.model, file.split, file.seed) == ("clp", "query_disjoint", 2)


@pytest.mark.parametrize("path", ["predictions.parquet", "/predictions.parquet", "clp/random/0/predictions.parquet"])
def test_a_path_without_these_folders_is_refused(path: str) -> None:
    with pytest.raises(PipelineError, match="<model>/<split>/seed<k>"):
        parse_path(Path("/") / path)


def test_scores_over_all_repeats_have_no_predictions_of_their_own() -> None:
    with pytest.raises(PipelineError, match="'random-pooled' is what scores over all repeats are called"):
        parse_path(Path("models/clp/random-pooled/seed0/predictions.parquet"))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="fit a model first"):
        find_predictions(tmp_path)


def test_files_are_taken_split_by_split_and_seed_by_seed(
    write_run: Callable, table: Callable, crosses: Callable
) -> None:
    frame = table(crosses(3, 4))
    keys = [("two_way", "random", 0), ("clp", "random", 1), ("clp", "random", 0), ("clp", "query_disjoint", 0)]
    run = write_run(frame, np.full(12, "test"), dict.fromkeys(keys, frame["value"].to_numpy()))
    grouped = by_split(find_predictions(run / "models"))
    assert {split: list(models) for split, models in grouped.items()} == {
        "query_disjoint": ["clp"],
        "random": ["clp", "two_way"],
    }
    assert [file.seed for file in grouped["random"]["clp"]] == [0, 1]


def test_one_fold_is_read_in_the_order_of_observations(tmp_path: Path) -> None:
    content = pd.DataFrame(
        {
            "observation_id": [5, 1, 3],
            "prediction": [0.5, 0.1, 0.3],
            "prediction_std": [np.nan, 0.2, 0.2],
            "fold": ["test", "test", "train"],
        }
    )
    path = tmp_path / "clp" / "random" / "seed0" / "predictions.parquet"
    write_table(content, path)
    fold = read_fold(parse_path(path), "test")
    assert fold.observation_id.tolist() == [1, 5]
    assert fold.value.tolist() == [0.1, 0.5]
    with pytest.raises(PipelineError, match="no predictions of the validation fold"):
        read_fold(parse_path(path), "validation")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_prediction_that_is_no_number_is_named(tmp_path: Path, bad: float) -> None:
    content = pd.DataFrame(
        {"observation_id": [0, 7], "prediction": [0.0, bad], "prediction_std": [0.1, 0.1], "fold": ["test", "test"]}
    )
    path = tmp_path / "clp" / "random" / "seed0" / "predictions.parquet"
    write_table(content, path)
    with pytest.raises(PipelineError, match="prediction of observation 7 is not a number"):
        read_fold(parse_path(path), "test")
