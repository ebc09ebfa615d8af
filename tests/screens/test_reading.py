"""Reading one screen to parquet: filters, refusals, nothing half-written."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline_lib.artefacts.schemas import OBSERVATIONS
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes import names
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.reading import read_screen
from pipeline_lib.sources.row_block import Expected, Reason
from tests.screens.conftest import Read

COLUMNS = {"genes": "genes", "value": "score"}
FITNESS = {"columns": COLUMNS, "phenotype": "fitness"}


def table(folder: Path, *rows: str) -> Path:
    path = folder / "lab.csv"
    path.write_text("genes,score\n" + "".join(row + "\n" for row in rows))
    return path


def test_what_pandas_reads_has_the_types_of_the_contract(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    path = tmp_path / "lab.csv"
    path.write_text("genes,score,p\nTFC3,1,0.1\nTFC3+SLA1,2,\n")
    observations, _ = read(
        "table", few_names, {"table": path}, columns={**COLUMNS, "p_value": "p"}, p_sided=2, phenotype="fitness"
    )
    assert observations.columns[: len(OBSERVATIONS.columns)].tolist() == list(OBSERVATIONS.columns)
    assert observations["observation_id"].tolist() == [0, 1]
    assert str(observations["p_sided"].dtype) == "Int64"
    assert observations["p_sided"].tolist() == [2, pd.NA]
    assert observations["screen"].tolist() == ["screen", "screen"]
    assert observations["query"].iloc[0] is None


def test_only_metabolic_keeps_what_has_a_gene_of_the_model(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    path = table(tmp_path, "TFC3,1", "TFC3+SLA1,2", "NTG2,3", "HO+MCM2,4")
    observations, _ = read("table", few_names, {"table": path}, **FITNESS, only="metabolic")
    assert observations["value"].tolist() == [2, 3]
    assert observations["observation_id"].tolist() == [0, 1]


def test_orders_and_phenotypes_can_be_chosen(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    path = table(tmp_path, "TFC3,1", "TFC3+SLA1,2", "TFC3+SLA1+HO,3")
    observations, _ = read("table", few_names, {"table": path}, **FITNESS, orders=[1, 3])
    assert observations["value"].tolist() == [1, 3]
    with pytest.raises(PipelineError, match=r"0 rejected, 3 left out by the settings"):
        read("table", few_names, {"table": path}, **FITNESS, phenotypes=["interaction"])


@pytest.mark.parametrize("rows", [["nobody,1"], ["TFC3,", "SLA1,NaN"]])
def test_a_screen_without_observations_is_refused_and_leaves_nothing(
    rows: list[str], tmp_path: Path, few_names: GeneNames
) -> None:
    settings = ScreenSettings(reader="table", files={"table": "lab.csv"}, columns=COLUMNS)
    output = tmp_path / "out"
    with pytest.raises(PipelineError, match=r"screen 'lab': no row became an observation .* most often"):
        read_screen(
            "lab", settings, {"table": table(tmp_path, *rows)}, few_names, output / "a.parquet", output / "b.parquet"
        )
    assert list(output.iterdir()) == []


def test_unknown_genes_in_any_number_are_no_fault_of_the_layout(
    tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    path = table(tmp_path, "TFC3,1", *[f"unknown{i},1" for i in range(500)])
    observations, rejected = read("table", few_names, {"table": path}, **FITNESS)
    assert (len(observations), len(rejected)) == (1, 500)


def test_many_malformed_rows_refuse_the_file_with_the_first_of_them(
    tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    path = table(tmp_path, *["TFC3,1"] * 70, *["TFC3,1,2"] * 30)
    with pytest.raises(PipelineError, match=r"30 of 100 rows do not fit .*; lab.csv: row 72: 3 fields where"):
        read("table", few_names, {"table": path}, **FITNESS)


def test_the_same_file_gives_the_same_bytes(tmp_path: Path, few_names: GeneNames) -> None:
    settings = ScreenSettings(reader="table", files={"table": "lab.csv"}, **FITNESS)
    path = table(tmp_path, "TFC3,1", "SLA1+HO,2", "nobody,1")
    for run in ("first", "second"):
        read_screen(
            "lab", settings, {"table": path}, few_names, tmp_path / run / "o.parquet", tmp_path / run / "r.parquet"
        )
    for name in ("o.parquet", "r.parquet"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    assert isinstance(read_table(tmp_path / "first" / "o.parquet", OBSERVATIONS), pd.DataFrame)


def test_a_file_most_of_whose_rows_are_single_deletions_is_no_table_of_interactions(
    tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    some, most = (["TFC3+SLA1,1"] * (100 - single) + ["TFC3,1"] * single for single in (40, 60))
    observations, _ = read("table", few_names, {"table": table(tmp_path, *some)}, columns=COLUMNS)
    assert len(observations) == 60
    with pytest.raises(PipelineError, match=r"60 of 100 rows are rejected for one reason: one gene is named"):
        read("table", few_names, {"table": table(tmp_path, *most)}, columns=COLUMNS)


def test_numbers_beyond_measure_refuse_the_file_with_the_first_of_them(
    tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    path = table(tmp_path, *[f"TFC3+SLA1,{i}e199" for i in range(1, 60)])
    with pytest.raises(PipelineError, match=r"59 of 59 rows do not fit .*lab.csv: row 2: value 1e\+199 is beyond"):
        read("table", few_names, {"table": path}, columns=COLUMNS)


@pytest.mark.parametrize("expected", Expected)
def test_what_a_reason_lets_pass_is_no_matter_of_its_words(
    expected: Expected, tmp_path: Path, few_names: GeneNames, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of three rows are rejected: fine for genes that no index has, too many for rows of another layout."""
    monkeypatch.setattr(names, "UNKNOWN_GENE", Reason("gene '{}' is strange", expected))
    path = table(tmp_path, *["TFC3,1"] * 30, *["nobody,1"] * 60)
    sentences = {
        Expected.UP_TO_HALF: r"60 of 90 rows are rejected for one reason: gene 'nobody' is strange",
        Expected.FEW: r"60 of 90 rows do not fit the layout of its reader; lab.csv: row 32: gene 'nobody' is strange",
    }
    if expected in sentences:
        with pytest.raises(PipelineError, match=sentences[expected]):
            read("table", few_names, {"table": path}, **FITNESS)
    else:
        assert len(read("table", few_names, {"table": path}, **FITNESS)[1]) == 60


def test_rows_of_one_kind_of_reason_are_counted_together(tmp_path: Path, few_names: GeneNames) -> None:
    settings = ScreenSettings(reader="table", files={"table": "lab.csv"}, **FITNESS)
    path = table(
        tmp_path, *["TFC3,1"] * 30, "nobody,1", "it's me,1", "shared,1", "TFC3,high", "TFC3,1e12", "TFC3,-2e12"
    )
    counts = read_screen("lab", settings, {"table": path}, few_names, tmp_path / "o.parquet", tmp_path / "r.parquet")
    assert dict(counts.summary()) == {
        "gene ... is not in the gene index": 2,
        "gene name ... is ambiguous: ...": 1,
        "column ... holds ..., which is no number": 1,
        "value ... is beyond 1,000,000,000 in size, which no measurement reaches": 2,
    }
