"""A table of one's own."""

import bz2
import gzip
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.readers.table import check_header
from pipeline_lib.sources.text_table import read_blocks
from tests.screens.conftest import Read

COLUMNS = {"gene1": "first", "gene2": "second", "value": "score", "std": "sd", "p_value": "p", "query": "plate"}
FRAME = pd.DataFrame(
    {
        "score": [-0.25, 0.5, 0.125],
        "first": ["TFC3", "sla1", "YAL001C"],
        "second": ["YBL007C", "scr2", "MCM2"],
        "sd": [0.5, None, 0.25],
        "p": [0.9, 0.01, None],
        "plate": ["p1", "", "p2"],
    }
)


def written(path: Path) -> Path:
    if path.suffix == ".parquet":
        FRAME.to_parquet(path)
    elif path.suffix == ".xlsx":
        FRAME.to_excel(path, index=False)
    elif path.name.startswith("semicolon"):
        FRAME.to_csv(path, sep=";", decimal=",", index=False)
    else:
        FRAME.to_csv(path, sep="," if path.suffix == ".csv" else "\t", index=False)
    return path


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.parquet", "t.xlsx", "semicolon.csv"])
def test_every_format_gives_the_same_observations(name: str, tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    observations, rejected = read("table", few_names, {"table": written(tmp_path / name)}, columns=COLUMNS, p_sided=2)
    assert len(rejected) == 0
    assert [genes.tolist() for genes in observations["genes"]] == [
        ["YAL001C", "YBL007C"],
        ["YBL007C", "YOL043C"],
        ["YAL001C", "YBL023C"],
    ]
    assert observations["value"].tolist() == [-0.25, 0.5, 0.125]
    assert observations["std"].fillna(-1).tolist() == [0.5, -1, 0.25]
    assert observations["p_value"].fillna(-1).tolist() == [0.9, 0.01, -1]
    assert observations["p_sided"].fillna(0).tolist() == [2, 2, 0]
    assert observations["query"].fillna("none").tolist() == ["p1", "none", "p2"]
    assert set(observations["phenotype"]) == {"interaction"}


@pytest.mark.parametrize("name", ["t.csv", "semicolon.csv", "t.parquet", "t.xlsx"])
@pytest.mark.parametrize("packing", ["none", "gzip", "bzip2", "zip"])
def test_the_kind_of_a_table_follows_its_content_not_its_name(
    name: str, packing: str, tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    content = written(tmp_path / name).read_bytes()
    path = tmp_path / "table.txt"
    if packing == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inside", content)
    else:
        path.write_bytes({"none": bytes, "gzip": gzip.compress, "bzip2": bz2.compress}[packing](content))
    settings = ScreenSettings(reader="table", files={"table": str(path)}, columns=COLUMNS, p_sided=2)
    check_header(path, settings)
    observations, _ = read("table", few_names, {"table": path}, columns=COLUMNS, p_sided=2)
    assert observations["value"].tolist() == [-0.25, 0.5, 0.125]


def test_genes_in_one_column_and_another_phenotype(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    path = tmp_path / "lab.csv"
    path.write_text('strain,growth\n"TFC3; SLA1",0.5\nYAL001C+YBL007C|ntg2,0.25\n')
    observations, _ = read(
        "table", few_names, {"table": path}, columns={"genes": "strain", "value": "growth"}, phenotype="fitness"
    )
    assert [len(genes) for genes in observations["genes"]] == [2, 3]
    assert set(observations["phenotype"]) == {"fitness"}


def test_rows_that_cannot_be_used_are_rejected(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    path = tmp_path / "lab.csv"
    rows = [
        "genes,score",
        "TFC3,0.5",
        "TFC3+nobody,1",
        "SHARED,1",
        "TFC3+FUN24,1",
        ",1",
        "TFC3 SLA1 HO NTG2,1",
        "TFC3,",
    ]
    path.write_text("\n".join(rows))
    columns = {"genes": "genes", "value": "score"}
    observations, rejected = read("table", few_names, {"table": path}, columns=columns, phenotype="fitness")
    assert len(observations) == 1
    assert rejected.sort_values("row")["reason"].tolist() == [
        "gene 'nobody' is not in the gene index",
        "gene name 'SHARED' is ambiguous: YBL007C, YBL023C",
        "one gene is named twice; the genes of a genotype are different",
        "no gene is named; a genotype has one to three genes",
        "more than three genes are named; a genotype has one to three",
        "no measurement",
    ]


@pytest.mark.parametrize("sentinel", ["-999", "9999", "-99.0", "999999"])
def test_a_number_that_stands_for_a_missing_one_is_no_score(
    sentinel: str, tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    """Half of the screen is missing; its largest score is 0.9."""
    path = tmp_path / "t.csv"
    scores = [str(tenths / 10) for tenths in range(-9, 10)] + [sentinel] * 19
    path.write_text("genes,score\n" + "".join(f"TFC3+SLA1,{score}\n" for score in scores))
    observations, rejected = read("table", few_names, {"table": path}, columns={"genes": "genes", "value": "score"})
    assert observations["value"].abs().max() == 0.9
    assert set(rejected["reason"]) == {f"no measurement: {float(sentinel):g}, where no other value is a tenth as great"}
    # Colonies of 99 and of 50 pixels are both colonies.
    path.write_text("genes,score\n" + "".join(f"TFC3+SLA1,{pixels}\n" for pixels in range(50, 100)))
    observations, _ = read("table", few_names, {"table": path}, columns={"genes": "genes", "value": "score"})
    assert len(observations) == 50


def test_fitness_that_is_not_relative_to_the_wild_type_is_refused(
    tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    """A strain may outgrow the wild type tenfold; that half of them do shows percentages or colony sizes."""
    path = tmp_path / "t.csv"
    options = {"columns": {"genes": "genes", "value": "growth"}, "phenotype": "fitness"}
    path.write_text("genes,growth\nTFC3,98\nSLA1,103\nHO,45\n")
    with pytest.raises(PipelineError, match="'growth' lie above 98, but fitness is relative to the wild type"):
        read("table", few_names, {"table": path}, **options)
    path.write_text("genes,growth\nTFC3,0.98\nSLA1,12\nHO,0.45\n")
    observations, _ = read("table", few_names, {"table": path}, **options)
    assert observations["value"].tolist() == [0.98, 12, 0.45]


def test_one_sided_p_values_are_at_most_a_half(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    path = written(tmp_path / "t.csv")
    _, rejected = read("table", few_names, {"table": path}, columns=COLUMNS, p_sided=1)
    assert rejected["reason"].tolist() == ["P-value 0.9 is not within 0 and 0.5"]


def test_a_quoted_field_over_two_lines_is_refused(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    path = tmp_path / "lab.csv"
    path.write_text('genes,score,note\nTFC3,1,"two\nlines"\n')
    with pytest.raises(PipelineError, match="a quoted field runs over several lines"):
        read("table", few_names, {"table": path}, columns={"genes": "genes", "value": "score"})


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"PAR1 cut short", "is a Parquet file that is truncated or damaged"), (None, "does not exist")],
)
def test_a_broken_parquet_is_refused(
    content: bytes | None, message: str, tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    path = tmp_path / "t.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PipelineError, match=message):
        read("table", few_names, {"table": path}, columns=COLUMNS, p_sided=2)


def test_a_parquet_column_of_the_wrong_type_is_named(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    path = tmp_path / "t.parquet"
    FRAME.assign(score=["low", "high", "none"]).to_parquet(path)
    with pytest.raises(PipelineError, match="column 'score' is string, not number"):
        read("table", few_names, {"table": path}, columns=COLUMNS, p_sided=2)


def test_a_header_alone_is_refused(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    path = tmp_path / "t.csv"
    path.write_text("first,second,score\nTFC3\n")
    with pytest.raises(PipelineError, match="no row became an observation"):
        read("table", few_names, {"table": path}, columns={"gene1": "first", "gene2": "second", "value": "score"})


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.parquet", "t.xlsx", "semicolon.csv"])
def test_the_header_alone_tells_whether_the_columns_are_there(name: str, tmp_path: Path) -> None:
    path = written(tmp_path / name)
    given = {"reader": "table", "files": {"table": str(path)}, "p_sided": 2}
    check_header(path, ScreenSettings(columns=COLUMNS, **given))
    with pytest.raises(PipelineError, match=f"{name}.*there is no column 'tau'; .*the header has: 'score', 'first'"):
        check_header(path, ScreenSettings(columns={**COLUMNS, "value": "tau"}, **given))


def test_the_header_of_a_file_that_is_not_there_cannot_be_checked(tmp_path: Path) -> None:
    settings = ScreenSettings(reader="table", files={"table": "t.csv"}, columns={"gene1": "a", "value": "b"})
    with pytest.raises(PipelineError, match=r"absent.csv does not exist"):
        check_header(tmp_path / "absent.csv", settings)


CALLS = {"gene1": "first", "gene2": "second", "value": "sl"}
PAIR = {"gene1": "first", "gene2": "second", "value": "score"}


def text_table(folder: Path, *rows: str, header: str = "first,second,score") -> dict[str, Path]:
    path = folder / "t.csv"
    path.write_text("\n".join([header, *rows, ""]))
    return {"table": path}


def test_csv_workbook_and_parquet_of_one_table_give_the_same_numbers_bit_by_bit(
    tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    rng = np.random.default_rng(0)
    n = 500
    frame = pd.DataFrame(
        {
            "first": rng.choice(["TFC3", "SLA1", "MCM2"], n),
            "second": rng.choice(["HO", "NTG2"], n),
            "score": rng.normal(0, 0.1, n),
            "sd": rng.exponential(0.01, n),
            "p": 10.0 ** rng.uniform(-300, 0, n),
            "plate": "p1",
        }
    )
    # Workbooks hold 15 to 16 digits of a number.
    for column in ("score", "sd", "p"):
        frame[column] = [float(f"{value:.15g}") for value in frame[column]]
    frame.loc[::7, "p"] = None
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_csv(tmp_path / "t.tsv", index=False, sep="\t", decimal=",")
    frame.to_excel(tmp_path / "t.xlsx", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_feather(tmp_path / "t.feather")
    for name in ("t.csv", "t.tsv", "t.xlsx", "t.parquet", "t.feather"):
        found, rejected = read("table", few_names, {"table": tmp_path / name}, columns=COLUMNS, p_sided=2)
        assert len(rejected) == 0
        for column, values in (("value", frame["score"]), ("std", frame["sd"]), ("p_value", frame["p"])):
            assert found[column].to_numpy(float).tobytes() == values.to_numpy(float).tobytes(), (name, column)


def test_an_interaction_has_two_different_genes(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    files = text_table(tmp_path, "TFC3,SLA1,1", "TFC3,,2", ",SLA1,3", ",,4", "TFC3,FUN24,5", "NA,SLA1,6", "SLA1,TFC3,7")
    observations, rejected = read("table", few_names, files, columns=PAIR)
    assert observations["value"].tolist() == [1, 7]
    single = "one gene is named; an interaction needs at least two different genes"
    assert dict(zip(rejected["row"], rejected["reason"], strict=True)) == {
        3: single,
        4: single,
        5: "no gene is named; a genotype has one to three genes",
        6: "one gene is named twice; the genes of a genotype are different",
        7: single,
    }
    fitness, _ = read("table", few_names, files, columns=PAIR, phenotype="fitness")
    assert fitness["value"].tolist() == [1, 2, 3, 6, 7]


def test_a_list_of_four_genes_is_rejected_and_one_with_a_missing_name_has_fewer(
    tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    path = tmp_path / "t.parquet"
    lists = [["TFC3", "SLA1"], ["TFC3", "SLA1", "HO", "NTG2"], ["TFC3", None], [], None, ["MCM2", "SLA1", "HO"]]
    pd.DataFrame({"mutant": lists, "score": range(6)}).to_parquet(path)
    observations, rejected = read("table", few_names, {"table": path}, columns={"genes": "mutant", "value": "score"})
    assert observations["order"].tolist() == [2, 3]
    assert rejected["row"].sort_values().tolist() == [2, 3, 4, 5]


def test_a_date_where_a_gene_should_be_is_explained(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    files = text_table(tmp_path, "TFC3,SLA1,1", "1-Oct,SLA1,1", "2022-10-01,SLA1,1", "44835,SLA1,1", "OCT9,SLA1,1")
    _, rejected = read("table", few_names, files, columns=PAIR)
    assert rejected["reason"].str.endswith("; it is a date, as a spreadsheet makes of genes such as OCT1").tolist() == [
        True,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("missing", ["-", ".", "n/a", "NA", "--", "?", "#N/A", "None"])
def test_any_number_of_rows_may_have_no_measurement(
    missing: str, tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    files = text_table(tmp_path, *["TFC3,SLA1,0.5"] * 10, *[f"TFC3,SLA1,{missing}"] * 90)
    observations, rejected = read("table", few_names, files, columns=PAIR)
    assert len(observations) == 10
    assert set(rejected["reason"]) == {"no measurement"}


def test_thousands_separators_are_not_decimal_commas(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    files = text_table(tmp_path, 'TFC3,SLA1,"1,234"', 'TFC3,MCM2,"12,500"', "TFC3,HO,980", "TFC3,NTG2,1_000")
    observations, rejected = read("table", few_names, files, columns=PAIR)
    assert observations["value"].tolist() == [980]
    assert rejected["row"].tolist() == [2, 3, 5]


def test_points_between_thousands_are_not_decimal_points(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    rows = ["TFC3;SLA1;1.234", "TFC3;MCM2;12.500", "TFC3;HO;980"]
    with pytest.raises(PipelineError, match=r"holds '12.500' .* beside '980' .*; write nothing between thousands"):
        read("table", few_names, text_table(tmp_path, *rows, header="first;second;score"), columns=PAIR)
    files = text_table(tmp_path, *rows, "TFC3;NTG2;0.125", header="first;second;score")
    observations, _ = read("table", few_names, files, columns=PAIR)
    assert observations["value"].tolist() == [1.234, 12.5, 980, 0.125]


def test_two_decimal_signs_far_apart_in_a_large_file_are_noticed(
    tmp_path: Path, few_names: GeneNames, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(read_blocks.__kwdefaults__, "block_bytes", 100)
    files = text_table(tmp_path, *["TFC3;SLA1;0.5"] * 50, *["TFC3;SLA1;0,5"] * 50, header="first;second;score")
    with pytest.raises(PipelineError, match=r"commas \(row 52: '0,5'\) and points \(row 2: '0.5'\)"):
        read("table", few_names, files, columns=PAIR)


@pytest.mark.parametrize("magnitude", ["1e200", "-7.9e199", "2e9"])
def test_a_magnitude_that_no_measurement_has_is_rejected_with_its_value(
    magnitude: str, tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    files = text_table(tmp_path, "TFC3,SLA1,120000", f"TFC3,SLA1,{magnitude}", "TFC3,SLA1,-12.5")
    observations, rejected = read("table", few_names, files, columns=PAIR)
    assert observations["value"].tolist() == [120000, -12.5]
    assert rejected["row"].tolist() == [3]
    assert rejected["reason"][0].startswith(f"value {float(magnitude):g} is beyond 1,000,000,000 in size")


def test_calls_are_zero_and_one_in_every_spelling_of_a_column(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    for spelled in (["0", "1", "1"], ["FALSE", "TRUE", "TRUE"], ["no", "yes", "Yes"]):
        rows = [f"TFC3,{gene},{call}" for gene, call in zip(("SLA1", "HO", "MCM2"), spelled, strict=True)]
        files = text_table(tmp_path, *rows, header="first,second,sl")
        observations, _ = read("table", few_names, files, columns=CALLS, phenotype="call")
        assert observations["value"].tolist() == [0, 1, 1]
    pd.DataFrame({"first": "TFC3", "second": ["SLA1", "HO"], "sl": [True, False]}).to_parquet(tmp_path / "t.parquet")
    observations, _ = read("table", few_names, {"table": tmp_path / "t.parquet"}, columns=CALLS, phenotype="call")
    assert observations["value"].tolist() == [1, 0]


def test_calls_of_other_values_are_refused(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    files = text_table(tmp_path, "TFC3,SLA1,SL", "TFC3,HO,non-SL", header="first,second,sl")
    with pytest.raises(PipelineError, match=r"column 'sl' holds 'SL', 'non-SL', which are no calls; write 1 for"):
        read("table", few_names, files, columns=CALLS, phenotype="call")


@pytest.mark.parametrize(
    ("columns", "refused"),
    [
        (
            {"gene1": "first", "gene2": "first", "value": "score"},
            "'gene1' and 'gene2' are both given the column 'first'",
        ),
        ({**PAIR, "std": "score"}, "'value' and 'std' are both given the column 'score'"),
        ({**PAIR, "query": "first", "array": "second"}, ""),
    ],
)
def test_one_column_is_one_thing_but_a_gene_may_label_the_query(
    columns: dict[str, str], refused: str, tmp_path: Path, few_names: GeneNames, read: Read
) -> None:
    files = text_table(tmp_path, "TFC3,SLA1,1")
    if refused:
        with pytest.raises(PipelineError, match=refused):
            read("table", few_names, files, columns=columns)
    else:
        observations, _ = read("table", few_names, files, columns=columns)
        assert observations[["query", "array"]].to_numpy().tolist() == [["TFC3", "SLA1"]]


def test_a_quoted_header_is_taken_apart_as_the_rows_are(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    files = text_table(tmp_path, 'TFC3;SLA1;"0,5"', header='"first";"second";"score (SGA, 30C), ""raw"""')
    observations, _ = read("table", few_names, files, columns={**PAIR, "value": 'score (SGA, 30C), "raw"'})
    assert observations["value"].tolist() == [0.5]


def test_row_names_of_r_are_no_genes(tmp_path: Path, few_names: GeneNames, read: Read) -> None:
    files = text_table(tmp_path, '"1" "TFC3" "SLA1" 0.5', '"2" "TFC3" "HO" 1', header='"first" "second" "score"')
    observations, _ = read("table", few_names, files, columns=PAIR)
    assert observations["value"].tolist() == [0.5, 1]
