"""Tables keep their contract, and a damaged file is named instead of read."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.artefacts.schemas import INCIDENCE, PREDICTIONS
from pipeline_lib.artefacts.tables import read_table, write_table
from pipeline_lib.errors import PipelineError


@pytest.fixture
def predictions() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "extra": ["x", "y"],
            "observation_id": [0, 1],
            "prediction": [0.5, -0.5],
            "prediction_std": [np.nan, 0.1],
            "fold": ["train", "test"],
        }
    )


def test_the_contract_columns_come_first_and_others_stay(predictions, tmp_path):
    write_table(predictions, tmp_path / "p.parquet", PREDICTIONS)
    assert list(read_table(tmp_path / "p.parquet", PREDICTIONS).columns) == [*PREDICTIONS.columns, "extra"]


@pytest.mark.parametrize(
    ("column", "values", "fault"),
    [
        ("observation_id", [0, 0], "observation_id"),
        ("prediction", [np.nan, 1.0], "prediction"),
        ("prediction_std", [-1.0, 1.0], "prediction_std"),
        ("fold", ["train", "holdout"], "fold"),
    ],
)
def test_a_broken_contract_names_file_column_and_row(predictions, tmp_path, column, values, fault):
    predictions[column] = values
    path = tmp_path / "p.parquet"
    with pytest.raises(
        PipelineError, match=rf"p.parquet: the table 'predictions' breaks its contract: column '{fault}'"
    ):
        write_table(predictions, path, PREDICTIONS)
    assert not path.exists()


def test_a_missing_column_is_named(predictions, tmp_path):
    with pytest.raises(PipelineError, match="column 'fold'"):
        write_table(predictions.drop(columns="fold"), tmp_path / "p.parquet", PREDICTIONS)


def test_a_zero_coefficient_is_no_incidence(tmp_path):
    frame = pd.DataFrame({"reaction_index": [0], "metabolite_index": [0], "coefficient": [0.0]})
    with pytest.raises(PipelineError, match="coefficient"):
        write_table(frame, tmp_path / "i.parquet", INCIDENCE)


@pytest.mark.parametrize("damage", ["truncated", "replaced"])
def test_a_damaged_parquet_is_refused(predictions, tmp_path, damage):
    path = tmp_path / "p.parquet"
    write_table(predictions, path, PREDICTIONS)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] if damage == "truncated" else b"<html>502</html>")
    with pytest.raises(PipelineError, match=r"p.parquet is truncated or not a parquet file"):
        read_table(path, PREDICTIONS)


def test_a_missing_table_is_an_error_that_names_what_to_run(tmp_path):
    with pytest.raises(PipelineError, match="does not exist; run the rule that makes it"):
        read_table(tmp_path / "p.parquet")


def test_a_table_of_another_contract_is_refused(predictions, tmp_path):
    write_table(predictions, tmp_path / "p.parquet", PREDICTIONS)
    with pytest.raises(PipelineError, match=r"lacks the column\(s\) coefficient"):
        read_table(tmp_path / "p.parquet", INCIDENCE)
