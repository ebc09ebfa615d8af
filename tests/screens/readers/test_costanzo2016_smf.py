"""Single-mutant fitness of Costanzo et al. 2016."""

from pathlib import Path

import pytest
from openpyxl import Workbook

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames
from tests.screens.conftest import Read

HEADER = [
    "Strain ID",
    "Systematic gene name",
    "Allele/Gene name",
    "Single mutant fitness (26°)",
    "Single mutant fitness (26°) stddev",
    "Single mutant fitness (30°)",
    "Single mutant fitness (30°) stddev",
]


@pytest.mark.mirror
def test_published_strains_are_read_or_accounted_for(mirror: Path, yeast_names: GeneNames, read: Read) -> None:
    path = mirror / "costanzo2016" / "strain_ids_and_single_mutant_fitness.xlsx"
    observations, rejected = read("costanzo2016_smf", yeast_names, {"fitness": path})
    assert observations["query"].nunique() + len(rejected) == 10_859
    assert (rejected["reason"] == "no measurement at either temperature").sum() == 582
    assert rejected["reason"].str.contains("is not in the gene index").sum() == 7
    assert observations["temperature"].value_counts().to_dict() == {26.0: 10_253, 30.0: 10_217}
    assert (observations["order"] == 1).all()
    assert (observations["phenotype"] == "fitness").all()
    assert observations["std"].notna().all()


@pytest.mark.mirror
def test_a_temperature_sensitive_strain_by_hand(mirror: Path, yeast_names: GeneNames, read: Read) -> None:
    path = mirror / "costanzo2016" / "strain_ids_and_single_mutant_fitness.xlsx"
    observations, _ = read("costanzo2016_smf", yeast_names, {"fitness": path})
    strain = observations[observations["query"] == "YAL001C_tsq508"].set_index("temperature")
    assert strain.loc[26.0, ["value", "std"]].tolist() == [0.8658, 0.1789]
    assert strain.loc[30.0, ["value", "std"]].tolist() == [0.8285, 0.1964]
    assert strain["kinds"].iloc[0].tolist() == ["ts"]
    # The array strain tsa508 of the same allele comes first in the workbook, with the same numbers.
    assert strain["repeated"].all()


def workbook(path: Path, rows: list[list[object]], *, title: bool = False) -> Path:
    book = Workbook()
    for row in ([["Data file S1"]] if title else []) + [HEADER, *rows]:
        book.active.append(row)
    book.save(path)
    return path


def test_copies_of_one_measurement_are_marked(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    rows = [
        ["YAL001C_tsa1", "YAL001C", "tfc3-1", 0.8, 0.1, 0.7, 0.1],
        ["YAL001C_tsq1", "YAL001C", "tfc3-1", 0.8, 0.1, 0.7, 0.1],
        ["YBL007C_dma2", "YBL007C", "sla1", 0.9, 0.2, 0.9, 0.2],
        ["YBL007C_sn3", "YBL007C", "sla1", 0.9, 0.3, None, None],
    ]
    path = workbook(tmp_path / "fitness.xlsx", rows)
    observations, rejected = read("costanzo2016_smf", few_names, {"fitness": path})
    assert observations["repeated"].tolist() == [False, False, True, True, False, True, False]
    assert observations["replicate"].tolist() == [0, 1, 2, 3, 0, 1, 2]
    assert len(rejected) == 0


def test_a_title_row_is_looked_past_and_rows_keep_their_numbers(
    tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    rows = [
        ["YAL001C_dma1", "YAL001C", "tfc3", 0.8, 0.1, 0.8, 0.1],
        ["nonsense", "YAL001C", "tfc3", 0.8, 0.1, 0.8, 0.1],
        ["YBL007C_dma1", "YBL007C", "sla1", "sick", 0.1, 0.8, 0.1],
        ["YOL043C_dma1", "YOL043C", "ntg2", None, None, None, None],
    ]
    path = workbook(tmp_path / "fitness.xlsx", rows, title=True)
    observations, rejected = read("costanzo2016_smf", few_names, {"fitness": path})
    assert observations["query"].unique().tolist() == ["YAL001C_dma1"]
    found = rejected.sort_values("row")
    assert found["row"].tolist() == [4, 5, 6]
    assert "is not a strain id" in found["reason"].iloc[0]
    assert found["reason"].iloc[1] == "column 'Single mutant fitness (26°)' holds 'sick', which is no number"
    assert found["reason"].iloc[2] == "no measurement at either temperature"


def test_a_workbook_without_the_columns_is_refused(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    book = Workbook()
    book.active.append(["Strain", "Fitness"])
    book.save(tmp_path / "other.xlsx")
    with pytest.raises(PipelineError, match=r"other.xlsx: row 1: there is no column 'Strain ID'"):
        read("costanzo2016_smf", few_names, {"fitness": tmp_path / "other.xlsx"})


@pytest.mark.parametrize("content", [b"", b"plain text", b"PK\x03\x04 cut short"])
def test_what_is_no_workbook_is_refused(content: bytes, tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    path = tmp_path / "fitness.xlsx"
    path.write_bytes(content)
    with pytest.raises(PipelineError, match=r"fitness.xlsx"):
        read("costanzo2016_smf", few_names, {"fitness": path})


def test_an_empty_workbook_is_refused(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    path = workbook(tmp_path / "fitness.xlsx", [])
    with pytest.raises(PipelineError, match="holds no rows"):
        read("costanzo2016_smf", few_names, {"fitness": path})
