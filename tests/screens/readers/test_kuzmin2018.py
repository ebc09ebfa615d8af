"""The trigenic table of Kuzmin et al. 2018 (Data S1) and, in workbooks, of 2020."""

from pathlib import Path

import pytest
from openpyxl import Workbook

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames
from tests.screens.conftest import Read

EXAMPLES = """
    Query strain ID                                     | YOL043C+YDL227C_tm461 | YOL043C+YAL001C_tm72
    Query allele name                                   | ntg2Δ+hoΔ             | ntg2Δ+tfc3-g349e
    Array strain ID                                     | YBL007C_dma91         | YBL007C_dma91
    Array allele name                                   | sla1Δ                 | sla1Δ
    Combined mutant type                                | digenic               | trigenic
    Raw genetic interaction score (epsilon)             | 0.007534              | -0.150000
    Adjusted genetic interaction score (epsilon or tau) | 0.007534              | -0.090000
    P-value                                             | 4.50E-01              | 1.0e-03
    Query single/double mutant fitness                  | 0.98                  | 0.85
    Array single mutant fitness                         | 0.962                 | 0.962
    Combined mutant fitness                             | 0.9695                | 0.6677
    Combined mutant fitness standard deviation          | 0.0465                | 0.0300
"""
HEADER, DIGENIC, TRIGENIC = (
    list(column)
    for column in zip(*(map(str.strip, line.split("|")) for line in EXAMPLES.strip().splitlines()), strict=True)
)


def table(path: Path, rows: list[list[str]], *, end: str = "\n", mark: str = "") -> Path:
    text = mark + end.join("\t".join(row) for row in [HEADER, *rows]) + end
    path.write_text(text, encoding="utf-8", newline="")
    return path


def changed(row: list[str], **fields: str) -> list[str]:
    places = {"query": 0, "array": 2, "mutant": 4, "raw": 5, "tau": 6, "p": 7, "std": 11}
    row = list(row)
    for name, value in fields.items():
        row[places[name]] = value
    return row


@pytest.mark.parametrize(("end", "mark"), [("\n", ""), ("\r\n", "\ufeff")])
def test_a_digenic_row_drops_the_neutral_control(
    end: str, mark: str, tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    path = table(tmp_path / "s1.tsv", [DIGENIC], end=end, mark=mark)
    observations, rejected = read("kuzmin2018", few_names, {"table": path})
    assert len(rejected) == 0
    epsilon = observations[observations["phenotype"] == "interaction"].iloc[0]
    assert epsilon["genes"].tolist() == ["YBL007C", "YOL043C"]
    assert epsilon["kinds"].tolist() == ["deletion", "deletion"]
    assert (epsilon["query"], epsilon["array"]) == ("YOL043C+YDL227C_tm461", "YBL007C_dma91")
    # Raw and adjusted score are one number, so its P-value and SD are the interaction's own.
    assert (epsilon["value"], epsilon["std"], epsilon["p_value"], epsilon["p_sided"]) == (0.007534, 0.0465, 0.45, 1)
    assert not (observations["phenotype"] == "raw_interaction").any()


def test_a_trigenic_p_value_stands_on_the_raw_score_it_tests(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    observations, _ = read("kuzmin2018", few_names, {"table": table(tmp_path / "s1.tsv", [TRIGENIC])})
    tau, raw = (observations[observations["phenotype"] == kind].iloc[0] for kind in ("interaction", "raw_interaction"))
    assert tau["genes"].tolist() == raw["genes"].tolist() == ["YAL001C", "YBL007C", "YOL043C"]
    assert tau["kinds"].tolist() == ["ts", "deletion", "deletion"]
    assert (tau["value"], raw["value"]) == (-0.09, -0.15)
    assert (raw["p_value"], raw["p_sided"], raw["std"]) == (0.001, 1, 0.03)
    assert tau[["p_value", "std"]].isna().all()
    assert (tau["raw_p_value"], tau["p_sided"]) == (0.001, 1)


def test_fitness_of_the_combined_mutant_and_of_every_strain_once(
    tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    again = changed(DIGENIC, array="YAL001C_tsa5")
    again[9] = "0.8"
    path = table(tmp_path / "s1.tsv", [DIGENIC, TRIGENIC, again])
    observations, _ = read("kuzmin2018", few_names, {"table": path})
    fitness = observations[observations["phenotype"] == "fitness"]
    found = {
        ("+".join(row.genes), row.query or "", row.array or ""): (row.value, row.std) for row in fitness.itertuples()
    }
    assert found[("YBL007C+YOL043C", "YOL043C+YDL227C_tm461", "YBL007C_dma91")] == (0.9695, 0.0465)
    assert found[("YAL001C+YBL007C+YOL043C", "YOL043C+YAL001C_tm72", "YBL007C_dma91")] == (0.6677, 0.03)
    singles = fitness[fitness["query"].isna() | fitness["array"].isna()]
    assert sorted((tuple(row.genes), row.value) for row in singles.itertuples()) == [
        (("YAL001C",), 0.8),
        (("YAL001C", "YOL043C"), 0.85),
        (("YBL007C",), 0.962),
        (("YOL043C",), 0.98),
    ]


def test_repeated_strain_pairs_are_replicates(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    path = table(tmp_path / "s1.tsv", [DIGENIC, changed(DIGENIC, raw="0.01", tau="0.01")])
    observations, _ = read("kuzmin2018", few_names, {"table": path})
    epsilon = observations[observations["phenotype"] == "interaction"]
    assert epsilon["replicate"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (changed(DIGENIC, p="0.7"), "P-value 0.7 is not within 0 and 0.5"),
        (changed(DIGENIC, p="-0.1"), "P-value -0.1 is not within 0 and 0.5"),
        (changed(DIGENIC, std="-0.1"), "standard deviation -0.1 is negative"),
        (changed(DIGENIC, tau="NaN"), "no measurement"),
        (changed(DIGENIC, tau="inf"), "holds 'inf', which is no number"),
        (changed(DIGENIC, tau="strong"), "holds 'strong', which is no number"),
        (changed(DIGENIC, mutant="trigenic"), "mutant type 'trigenic' contradicts the query strain"),
        (changed(DIGENIC, query="YXX001C+YDL227C_tm1"), "gene 'YXX001C' is not in the gene index"),
        (changed(DIGENIC, array="YOL043C_dma1"), "query and array lack the same gene"),
        (changed(DIGENIC, query="YBL007C_dma91", array="YOL043C+YAL001C_tm461"), "are query and array swapped?"),
        (changed(DIGENIC, array="sla1"), "'sla1' is not a strain id"),
        (DIGENIC[:-1], "11 fields where there should be 12"),
    ],
)
def test_a_bad_row_is_rejected_with_its_line_reason_and_text(
    row: list[str], reason: str, tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    path = table(tmp_path / "s1.tsv", [TRIGENIC, row])
    observations, rejected = read("kuzmin2018", few_names, {"table": path})
    assert len(rejected) == 1
    first = rejected.iloc[0]
    assert (first["screen"], first["file"], first["row"]) == ("screen", "s1.tsv", 3)
    assert reason in first["reason"]
    assert first["text"] == "\t".join(row)
    assert (observations["phenotype"] == "interaction").sum() == 1


def test_the_wild_type_query_makes_no_interaction(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    control = changed(DIGENIC, query="URA3control+YDL227C_y13096", array="YDL227C_dma1")
    _, rejected = read("kuzmin2018", few_names, {"table": table(tmp_path / "s1.tsv", [TRIGENIC, control])})
    assert rejected["reason"].tolist() == ["no gene of interest is deleted"]


def test_swapped_columns_are_refused_with_the_first_row(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    swapped = [*DIGENIC[2:4], *DIGENIC[:2], *DIGENIC[4:]]
    path = table(tmp_path / "s1.tsv", [[*TRIGENIC[2:4], *TRIGENIC[:2], *TRIGENIC[4:]]] * 15 + [swapped] * 15)
    with pytest.raises(PipelineError, match=r"do not fit the layout of its reader; s1.tsv: row 2: "):
        read("kuzmin2018", few_names, {"table": path})


def workbook(path: Path, rows: list[list[str]]) -> Path:
    book = Workbook()
    book.active.append(["Table S1. Digenic and trigenic interactions"])
    book.active.append([name.replace("Combined mutant fitness", "Double/triple mutant fitness") for name in HEADER])
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_tables_s1_and_s3_of_2020_are_replicates(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    first = workbook(tmp_path / "s1.xlsx", [[*DIGENIC[:8], "", *DIGENIC[9:]], TRIGENIC])
    third = workbook(tmp_path / "s3.xlsx", [[*changed(DIGENIC, raw="0.02", tau="0.02")[:8], "1", *DIGENIC[9:]]])
    observations, rejected = read("kuzmin2020", few_names, {"S1": first, "S3": third})
    assert len(rejected) == 0
    epsilon = observations[(observations["phenotype"] == "interaction") & (observations["order"] == 2)]
    assert epsilon[["value", "replicate"]].to_numpy().tolist() == [[0.007534, 0], [0.02, 1]]


def test_the_placeholder_fitness_of_control_queries_of_2020_is_not_read(
    tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    path = workbook(tmp_path / "s1.xlsx", [[*DIGENIC[:8], "1", *DIGENIC[9:]], TRIGENIC])
    observations, _ = read("kuzmin2020", few_names, {"S1": path})
    queries = observations[(observations["phenotype"] == "fitness") & observations["array"].isna()]
    assert [(tuple(row.genes), row.value) for row in queries.itertuples()] == [(("YAL001C", "YOL043C"), 0.85)]


def test_small_p_values_of_a_workbook_keep_their_digits(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    book = Workbook()
    p_values = [1e-12, 5.1e-10, 1.23456789e-05]
    rows = [TRIGENIC, changed(TRIGENIC, array="YBL023C_dma5"), changed(TRIGENIC, array="YDR169C-A_dma6")]
    book.active.append(["Table S1"])
    book.active.append(HEADER)
    for row, p_value in zip(rows, p_values, strict=True):
        book.active.append([*row[:5], *map(float, row[5:7]), p_value, *map(float, row[8:])])
    book.save(tmp_path / "s1.xlsx")
    observations, _ = read("kuzmin2020", few_names, {"S1": tmp_path / "s1.xlsx"})
    raw = observations[observations["phenotype"] == "raw_interaction"]
    assert raw["p_value"].tolist() == p_values
    assert set(raw["value"]) == {-0.15}
