"""The commands: readers, read, combine."""

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from pipeline_lib.artefacts.schemas import EDGES, GENE_COVERAGE, GENES
from pipeline_lib.artefacts.tables import read_table, write_table
from pipeline_lib.config.features import NETWORK_READERS, NetworkSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.networks.cli import app

SETTINGS = {
    "own": {"reader": "edge_list", "files": {"edges": "own.txt"}, "evidence": ["physical"], "year": 2006},
    "tf": {"reader": "table", "files": {"table": "tf.csv"}, "directed": True, "evidence": ["regulation"]},
}


@pytest.fixture
def workplace(tmp_path: Path, genes: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_table(genes, "genes.parquet", GENES)
    (tmp_path / "own.txt").write_text("YAL001C YBR123C\nYAL001C tRNA\n")
    (tmp_path / "tf.csv").write_text("source,target\nYBR160W,YAL001C\nYAL001C,YBR123C\n")
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def read(name: str, *files: str) -> Result:
    options = [option for file in files for option in ("--file", file)]
    common = ("--settings", json.dumps(SETTINGS), "--name", name, "--genes", "genes.parquet")
    outputs = ("--output", f"{name}.parquet", "--coverage", f"{name}.coverage.parquet")
    return call("read", *common, *options, *outputs)


def combine(*names: str) -> Result:
    options = [option for name in names for option in ("--network-table", f"{name}.parquet")]
    common = ("--settings", json.dumps(SETTINGS), "--genes", "genes.parquet")
    return call("combine", *common, *options, "--edges", "edges.parquet", "--summary", "summary.parquet")


@pytest.mark.usefixtures("workplace")
def test_two_networks_become_one_table_with_their_losses() -> None:
    read("own", "edges=own.txt")
    read("tf", "table=tf.csv")
    combine("tf", "own")
    edges = read_table("edges.parquet", EDGES)
    assert edges.drop(columns="weight").to_numpy().tolist() == [
        ["own", 0, 2, False, False],
        ["tf", 0, 2, True, False],
        ["tf", 3, 0, True, False],
    ]
    summary = read_table("summary.parquet").set_index("network")
    assert summary.loc["own", ["rows", "rows_unknown", "unknown_genes"]].tolist() == [2, 1, 1]
    assert summary.loc["own", "shared_with_tf"] == 1
    assert summary.loc["tf", "shared_with_own"] == 0.5


def test_known_and_unknown_names_of_a_network_are_counted(workplace: Path) -> None:
    (workplace / "own.txt").write_text("YAL001C tfc1\nFUN24 YBR_123C\ntRNA SHARED\n")
    read("own", "edges=own.txt")
    row = read_table("own.coverage.parquet", GENE_COVERAGE).iloc[0]
    assert row[["kind", "name"]].tolist() == ["network", "own"]
    assert row[["named", "known", "unknown", "ambiguous", "by_alias"]].tolist() == [6, 4, 1, 1, 2]


@pytest.mark.parametrize("names", ["b0002 b0003", "ENSG00000000003 ENSG00000000005", "9606.ENSP1 9606.ENSP2"])
def test_a_network_of_another_organism_is_refused_in_one_sentence(workplace: Path, names: str) -> None:
    (workplace / "own.txt").write_text(f"{names}\n")
    with pytest.raises(PipelineError, match=r"^0 of 2 gene names of the network 'own' are in the gene table of 8"):
        read("own", "edges=own.txt")


@pytest.mark.usefixtures("workplace")
def test_a_run_without_networks_has_tables_without_rows() -> None:
    common = ("--settings", "{}", "--genes", "genes.parquet")
    call("combine", *common, "--edges", "edges.parquet", "--summary", "summary.parquet")
    edges = read_table("edges.parquet", EDGES)
    assert len(edges) == 0
    assert edges.dtypes.astype(str).to_dict()["source"] == "int64"
    assert EDGES.validate(edges, "edges") is not None
    assert len(read_table("summary.parquet")) == 0


@pytest.mark.usefixtures("workplace")
def test_the_same_input_gives_the_same_bytes() -> None:
    read("tf", "table=tf.csv")
    combine("tf")
    first = [Path(name).read_bytes() for name in ("tf.parquet", "edges.parquet", "summary.parquet")]
    read("tf", "table=tf.csv")
    combine("tf")
    assert first == [Path(name).read_bytes() for name in ("tf.parquet", "edges.parquet", "summary.parquet")]


@pytest.mark.parametrize(
    ("name", "files", "complaint"),
    [
        ("none", ["edges=own.txt"], "no network 'none'; there are own, tf"),
        ("own", ["own.txt"], "write it as ROLE=PATH"),
        ("own", ["table=own.txt"], "needs the files edges; given are table"),
        ("own", [], "needs the files edges; given are none"),
        ("own", ["edges=missing.txt"], "missing.txt does not exist"),
    ],
)
def test_a_wrong_call_is_answered_in_one_sentence(workplace: Path, name: str, files: list[str], complaint: str) -> None:
    with pytest.raises(PipelineError, match=complaint):
        read(name, *files)
    assert not list(workplace.glob("own.parquet"))


@pytest.mark.usefixtures("workplace")
def test_an_edge_beyond_the_gene_table_is_refused(genes: pd.DataFrame) -> None:
    read("tf", "table=tf.csv")
    write_table(genes.head(3), "genes.parquet", GENES)
    with pytest.raises(PipelineError, match=r"tf.parquet names gene 3 of 3"):
        combine("tf")


@pytest.mark.usefixtures("workplace")
def test_a_network_given_twice_or_unknown_to_the_settings_is_refused() -> None:
    read("tf", "table=tf.csv")
    with pytest.raises(PipelineError, match="two tables of network 'tf'"):
        combine("tf", "tf")
    with pytest.raises(PipelineError, match="no network 'tf', of which a table is given"):
        call(
            *"combine --settings {} --genes genes.parquet --network-table tf.parquet".split(),
            *"--edges edges.parquet --summary summary.parquet".split(),
        )


def test_an_unknown_reader_is_answered_with_the_list() -> None:
    from pipeline_lib.networks.edges import read_network

    with pytest.raises(
        PipelineError, match=r"no network reader 'bionic'; did you mean '[a-z_]+'\? There are edge_list, sgd_regulation"
    ):
        read_network({}, NetworkSettings(reader="bionic", files={}))


def test_readers_lists_every_reader_with_its_files() -> None:
    listed = call("readers").output
    for name, reader in NETWORK_READERS.built_in.items():
        assert name in listed
        assert " + ".join(reader.roles) in listed
