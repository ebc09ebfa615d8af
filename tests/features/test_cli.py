"""The commands: readers, read, summarise."""

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from pipeline_lib.artefacts.schemas import FEATURES_SUMMARY, GENES
from pipeline_lib.artefacts.tables import read_table, write_table
from pipeline_lib.config.features import FEATURE_READERS
from pipeline_lib.config.registry import load
from pipeline_lib.errors import PipelineError
from pipeline_lib.features.cli import app

SETTINGS = {
    "own": {"reader": "table", "files": {"table": "own.csv"}, "evidence": ["phenotype"], "holds_genetic": "no"},
    "silent": {"reader": "table", "files": {"table": "own.csv"}, "year": 2001},
    "unread": {"reader": "guess", "files": {"table": "own.csv"}},
}


@pytest.fixture
def workplace(tmp_path: Path, genes: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_table(genes, "genes.parquet", GENES)
    (tmp_path / "own.csv").write_text("gene,age,same,size\nTFC3,1,5,\nVPS8,2,5,1\ntRNA,9,9,3\nTFC1,,5,2\n")
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def read(name: str, *files: str) -> Result:
    options = [option for file in files for option in ("--file", file)]
    common = ("--settings", json.dumps(SETTINGS), "--name", name, "--genes", "genes.parquet")
    return call("read", *common, *options, "--output", f"{name}.parquet")


def summarise(*names: str, used: tuple[str, ...] = ()) -> Result:
    options = [option for name in names for option in ("--table", f"{name}.parquet")]
    options += [option for name in used for option in ("--used", name)]
    return call("summarise", "--settings", json.dumps(SETTINGS), *options, "--output", "summary.parquet")


@pytest.mark.usefixtures("workplace")
def test_a_table_is_read_and_summarised_with_its_losses() -> None:
    done = read("own", "table=own.csv")
    assert "2 columns, 3 genes" in done.stderr
    read("silent", "table=own.csv")
    done = summarise("own", "silent", used=("own",))
    summary = read_table("summary.parquet", FEATURES_SUMMARY).set_index("name")
    row = summary.loc["own"]
    assert row[["columns", "genes", "rows", "unknown_genes", "columns_constant"]].tolist() == [2, 3, 4, 1, 1]
    assert row["measured"] == pytest.approx(4 / 6)
    assert row[["holds_genetic", "evidence", "used", "source"]].tolist() == ["no", "phenotype", True, "own.csv"]
    # What nobody states is unknown, not clean, and the table is not read by default.
    assert summary.loc["silent", ["holds_genetic", "used", "year"]].tolist() == ["unknown", False, 2001]
    assert "models do not read 'silent' (holds genetic interactions: unknown)" in done.stderr


@pytest.mark.usefixtures("workplace")
def test_a_run_without_features_has_an_empty_summary_and_a_message() -> None:
    done = summarise()
    assert "this run has no feature tables" in done.stderr
    assert len(read_table("summary.parquet", FEATURES_SUMMARY)) == 0


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize(
    ("name", "files", "sentence"),
    [
        ("unread", ("table=own.csv",), "no feature reader 'guess'; did you mean 'descriptions'"),
        ("own", (), "reader 'table' needs the files table; given are none"),
        ("own", ("own.csv",), "write it as ROLE=PATH"),
        ("absent", ("table=own.csv",), "no feature table 'absent'; there are own, silent, unread"),
    ],
)
def test_wrong_settings_are_refused(name: str, files: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(PipelineError, match=sentence):
        read(name, *files)


def test_readers_are_listed_and_have_a_function_each() -> None:
    listed = call("readers").stdout
    assert all(name in listed for name in FEATURE_READERS.built_in)
    assert len({load(FEATURE_READERS.get(name).target) for name in FEATURE_READERS.built_in}) == len(
        FEATURE_READERS.built_in
    )
