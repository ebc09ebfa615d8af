"""A table of one's own."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.readers.table import check_header
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
