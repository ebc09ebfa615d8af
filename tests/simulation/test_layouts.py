"""The files have the published columns, strain ids and markers, and the readers take every row."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from pipeline_lib.artefacts import schemas
from pipeline_lib.artefacts.tables import write_table
from pipeline_lib.config.organism import SimulationSettings
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork
from pipeline_lib.screens.cli import app as screens
from pipeline_lib.simulation.cli import write_layout
from pipeline_lib.simulation.layouts import PUBLISHED_ROWS, made_up_orfs, write_costanzo_sized
from pipeline_lib.simulation.screen import SimulatedScreen, simulate_screen

DATA_S1 = [
    "Query strain ID",
    "Query allele name",
    "Array strain ID",
    "Array allele name",
    "Combined mutant type",
    "Raw genetic interaction score (epsilon)",
    "Adjusted genetic interaction score (epsilon or tau)",
    "P-value",
    "Query single/double mutant fitness",
    "Array single mutant fitness",
    "Combined mutant fitness",
    "Combined mutant fitness standard deviation",
]
PAIRWISE = [
    "Query Strain ID",
    "Query allele name",
    "Array Strain ID",
    "Array allele name",
    "Arraytype/Temp",
    "Genetic interaction score (ε)",
    "P-value",
    "Query single mutant fitness (SMF)",
    "Array SMF",
    "Double mutant fitness",
    "Double mutant fitness standard deviation",
]


@pytest.fixture(scope="module")
def data_s1(screen: SimulatedScreen, genes: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kuzmin2018")
    write_layout("kuzmin2018", screen, genes, folder)
    assert [path.name for path in folder.iterdir()] == ["aao1729_data_s1.tsv"]
    return folder / "aao1729_data_s1.tsv"


def test_data_s1_has_the_columns_and_ids_of_kuzmin_2018(data_s1: Path, screen: SimulatedScreen) -> None:
    table = pd.read_csv(data_s1, sep="\t")
    assert list(table.columns) == DATA_S1
    assert table["Combined mutant type"].value_counts().to_dict() == {
        "digenic": len(screen.design.digenic),
        "trigenic": 1500,
    }
    digenic = table["Combined mutant type"] == "digenic"
    assert table.loc[digenic, "Query strain ID"].str.fullmatch(r"[bs]\d{4}\+YDL227C_tm\d+").all()
    assert table.loc[digenic, "Query allele name"].str.fullmatch(r"gen\d+Δ\+hoΔ").all()
    assert table.loc[~digenic, "Query strain ID"].str.fullmatch(r"([bs]\d{4})\+([bs]\d{4})_tm\d+").all()
    assert table["Array strain ID"].str.fullmatch(r"[bs]\d{4}_dma\d+").all()
    assert table["P-value"].between(0, 0.5).all()
    # One number belongs to one strain.
    numbers = table["Query strain ID"].drop_duplicates().str.extract(r"_tm(\d+)$")[0]
    assert numbers.is_unique
    per_strain = table.groupby("Query strain ID")["Query single/double mutant fitness"].nunique()
    assert (per_strain == 1).all()


def test_both_control_queries_of_a_double_mutant_are_in_the_file(data_s1: Path) -> None:
    queries = pd.read_csv(data_s1, sep="\t")["Query strain ID"].drop_duplicates()
    controls = {re.match(r"(\w+)\+YDL227C_", name)[1] for name in queries if "+YDL227C_" in name}
    for name in queries[~queries.str.contains("YDL227C")]:
        first, second = name.partition("_")[0].split("+")
        assert {first, second} <= controls


def test_the_reader_of_kuzmin_2018_takes_every_row(
    data_s1: Path, screen: SimulatedScreen, genes: pd.DataFrame, tmp_path: Path
) -> None:
    write_table(genes, tmp_path / "genes.parquet", schemas.GENES)
    settings = {"simulated": {"reader": "kuzmin2018", "files": {"table": str(data_s1)}}}
    done = CliRunner().invoke(
        screens,
        [
            "read",
            f"--settings={json.dumps(settings)}",
            "--name=simulated",
            f"--genes={tmp_path}/genes.parquet",
            f"--file=table={data_s1}",
            f"--output={tmp_path}/screen.parquet",
            f"--rejected={tmp_path}/rejected.parquet",
        ],
        catch_exceptions=False,
    )
    assert done.exit_code == 0, done.output
    assert len(pd.read_parquet(tmp_path / "rejected.parquet")) == 0
    table = pd.read_parquet(tmp_path / "screen.parquet")
    for order, crosses in ((2, screen.measured.digenic), (3, screen.measured.trigenic)):
        found = table[(table["phenotype"] == "interaction") & (table["order"] == order)]
        np.testing.assert_allclose(found["value"], crosses.adjusted, atol=1e-6)
    singles = table[(table["phenotype"] == "fitness") & (table["order"] == 1)]
    assert singles["genes"].map(tuple).nunique() == 130


def test_kuzmin_2020_is_two_workbooks_with_a_title_row(
    network: MetabolicNetwork, genes: pd.DataFrame, tmp_path: Path
) -> None:
    small = simulate_screen(network, SimulationSettings(arrays=20, triples=50))
    write_layout("kuzmin2020", small, genes, tmp_path)
    tables = {name: tmp_path / f"aaz5667-Table-{name}.xlsx" for name in ("S1", "S3")}
    assert sorted(tmp_path.iterdir()) == sorted(tables.values())
    read = {name: pd.read_excel(path, header=1, engine="openpyxl") for name, path in tables.items()}
    for name, table in read.items():
        title = pd.read_excel(tables[name], header=None, nrows=1, engine="openpyxl").iloc[0, 0]
        assert title.startswith(f"Table {name}.")
        assert list(table.columns) == [
            *DATA_S1[:-2],
            "Double/triple mutant fitness",
            "Double/triple mutant fitness standard deviation",
        ]
    assert len(read["S1"]) + len(read["S3"]) == len(small.design.digenic) + 50
    assert not set(read["S1"]["Query strain ID"]) & set(read["S3"]["Query strain ID"])


def test_costanzo_2016_is_four_files_by_essentiality(
    network: MetabolicNetwork, genes: pd.DataFrame, tmp_path: Path
) -> None:
    pairwise = simulate_screen(network, SimulationSettings(layout="costanzo2016", triples=500))
    assert len(pairwise.design.trigenic) == 0
    write_layout("costanzo2016", pairwise, genes, tmp_path)
    files = {name: tmp_path / f"SGA_{name}.txt" for name in ("ExE", "ExN_NxE", "NxN", "DAmP")}
    assert sorted(tmp_path.iterdir()) == sorted(files.values())
    tables = {name: pd.read_csv(path, sep="\t") for name, path in files.items()}
    assert sum(map(len, tables.values())) == len(pairwise.design.digenic) == 130 * 129 // 2
    assert all(list(table.columns) == PAIRWISE for table in tables.values())
    ids = {
        "ExE": (r"\w+_tsq\d+", r"\w+_tsa\d+"),
        "ExN_NxE": (r"\w+_(sn|tsq)\d+", r"\w+_(dma|tsa)\d+"),
        "NxN": (r"\w+_sn\d+", r"\w+_dma\d+"),
        "DAmP": (r"\w+_damp\d+", r"\w+_(dma|tsa)\d+"),
    }
    for name, (query, array) in ids.items():
        assert len(tables[name]) > 0
        assert tables[name]["Query Strain ID"].str.fullmatch(query).all()
        assert tables[name]["Array Strain ID"].str.fullmatch(array).all()
        sensitive = tables[name]["Array Strain ID"].str.contains("_tsa")
        assert (tables[name]["Arraytype/Temp"] == np.where(sensitive, "TSA30", "DMA30")).all()
    mixed = tables["ExN_NxE"]
    assert (mixed["Query Strain ID"].str.contains("_tsq") != mixed["Array Strain ID"].str.contains("_tsa")).all()
    assert tables["NxN"]["P-value"].between(0, 0.5).all()


@pytest.mark.parametrize("layout", ["kuzmin2018", "kuzmin2020", "costanzo2016"])
def test_equal_screens_are_equal_files(
    layout: str, network: MetabolicNetwork, genes: pd.DataFrame, tmp_path: Path
) -> None:
    small = simulate_screen(network, SimulationSettings(arrays=20, triples=50))
    sums = []
    for folder in (tmp_path / "one", tmp_path / "other"):
        write_layout(layout, small, genes, folder)
        sums.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()})
    assert sums[0] == sums[1]
    assert len(sums[0]) >= 1


def test_a_costanzo_sized_set_has_the_published_proportions(tmp_path: Path) -> None:
    assert sum(PUBLISHED_ROWS.values()) == 20_705_612
    orfs = made_up_orfs(500)
    assert len(set(orfs)) == 500
    rows = write_costanzo_sized(20_000, orfs, tmp_path)
    assert sum(rows.values()) == 20_000
    for name, count in rows.items():
        table = pd.read_csv(tmp_path / f"SGA_{name}.txt", sep="\t")
        assert len(table) == count
        assert abs(count - PUBLISHED_ROWS[name] * 20_000 / 20_705_612) < 3
        assert list(table.columns) == PAIRWISE
        query, array = (table[f"{role} Strain ID"].str.partition("_")[0] for role in ("Query", "Array"))
        assert (query != array).all()
        assert table["P-value"].between(0, 0.5).all()
        assert table.notna().all(axis=None)
    again = tmp_path / "again"
    write_costanzo_sized(20_000, orfs, again)
    assert (again / "SGA_NxN.txt").read_bytes() == (tmp_path / "SGA_NxN.txt").read_bytes()
