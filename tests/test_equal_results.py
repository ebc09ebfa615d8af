"""The comparison of two run folders sees the last bit of a number, and nothing of when or where a run was."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from tests.equal_results import content, differences, main


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    """Return two equal run folders."""
    one = tmp_path / "one"
    (one / "logs").mkdir(parents=True)
    (one / "logs" / "fit.log").write_text("14:00")
    table = pd.DataFrame(
        {
            "genes": [["YAL001C", "YBL007C"], ["YAL002W"]],
            "value": [0.1, np.nan],
            "repeated": [True, None],
            "mb": [1.0, 2.0],
        }
    )
    table.to_parquet(one / "table.parquet", index=False)
    torch.save({"weights": torch.tensor([1.0, float("nan")]), "epochs": [1, 2]}, one / "model.pt")
    (one / "metrics.json").write_text(json.dumps({"fit_seconds": 3.0, "test": {"pearson": 0.5}}))
    (one / "provenance.json").write_text("{}")
    (one / "table.csv").write_text("gene,value\nYAL001C,0.1\n")
    shutil.copytree(one, tmp_path / "other")
    return one, tmp_path / "other"


def different(runs: tuple[Path, Path]) -> dict[str, str]:
    return {name: parts for name, parts in differences(*runs).items() if parts}


def test_a_run_equals_its_copy_though_unknown_values_equal_nothing(runs, capsys):
    assert not different(runs)
    assert main(*map(str, runs)) == 0
    assert "4 artefacts compared, 0 different" in capsys.readouterr().out


def test_times_memory_logs_and_provenance_are_no_results(runs):
    _, other = runs
    (other / "logs" / "fit.log").write_text("15:00")
    (other / "provenance.json").write_text('{"git": "abc"}')
    (other / "metrics.json").write_text(json.dumps({"fit_seconds": 4.0, "test": {"pearson": 0.5}}))
    pd.read_parquet(other / "table.parquet").assign(mb=[5.0, 6.0]).to_parquet(other / "table.parquet", index=False)
    assert not different(runs)


def test_one_bit_of_one_number_is_a_difference(runs, capsys):
    _, other = runs
    table = pd.read_parquet(other / "table.parquet")
    table.loc[0, "value"] = np.nextafter(0.1, 1)
    table.to_parquet(other / "table.parquet", index=False)
    assert different(runs) == {"table.parquet": "value"}
    assert main(*map(str, runs)) == 1
    assert "different  table.parquet: value" in capsys.readouterr().out


def test_genes_of_a_list_do_not_move_between_rows_unseen(runs):
    _, other = runs
    table = pd.read_parquet(other / "table.parquet")
    table["genes"] = [["YAL001C"], ["YBL007C", "YAL002W"]]
    table.to_parquet(other / "table.parquet", index=False)
    assert different(runs) == {"table.parquet": "genes"}


def test_a_null_is_neither_zero_nor_false_nor_nan(runs):
    _, other = runs
    table = pd.read_parquet(other / "table.parquet")
    table["repeated"] = [True, False]
    table["value"] = pd.array([0.1, pd.NA], dtype="Float64")
    table.to_parquet(other / "table.parquet", index=False)
    assert "repeated" in different(runs)["table.parquet"]


def test_weights_scores_and_text_count(runs):
    _, other = runs
    torch.save({"weights": torch.tensor([1.0, 2.0]), "epochs": [1, 2]}, other / "model.pt")
    (other / "metrics.json").write_text(json.dumps({"fit_seconds": 3.0, "test": {"pearson": 0.25}}))
    (other / "table.csv").write_text("gene,value\nYAL001C,0.10\n")
    assert different(runs) == {"metrics.json": "test.pearson", "model.pt": "weights", "table.csv": "bytes"}


def test_a_missing_artefact_is_a_difference_and_so_are_two_empty_folders(runs, tmp_path):
    one, other = runs
    (other / "model.pt").unlink()
    assert different(runs) == {"model.pt": f"only in {one}"}
    (tmp_path / "nothing").mkdir()
    assert main(str(tmp_path / "nothing"), str(tmp_path / "nothing")) == 1


def test_a_changed_length_of_a_nested_list_is_a_difference(tmp_path):
    first, second = tmp_path / "a.pt", tmp_path / "b.pt"
    torch.save({"layers": [torch.ones(1)]}, first)
    torch.save({"layers": [torch.ones(1), torch.ones(1)]}, second)
    assert content(first) != content(second)
