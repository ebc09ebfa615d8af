"""A table of one's own."""

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.features.building import read_raw_features
from tests import table_files
from tests.features.conftest import build


def own(folder: Path, text: str, name: str = "own.csv") -> dict[str, Path]:
    (folder / name).write_text(text, encoding="utf-8")
    return {"table": folder / name}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("own.csv", "gene,age,size\nTFC3,1,2.5\nyal002w,3,\n"),
        ("own.csv", "gene;age;size\nTFC3;1;2.5\nyal002w;3;NA\n"),
        ("own.csv", "\ufeffgene,age,size\r\nTFC3,1,2.5\r\nyal002w,3,NaN\r\n"),
        ("own.csv", "gene,age,,\nTFC3,1,,\nyal002w,3,,\n"),
        ("own.tsv", "gene\tage\tsize\nTFC3\t1\t2.5\n yal002w \t3\t \n"),
    ],
)
def test_the_same_table_is_read_from_every_layout(tmp_path: Path, genes: pd.DataFrame, name: str, text: str) -> None:
    table = build("table", own(tmp_path, text, name), genes)
    assert table["age"].to_dict() == {"TFC3": 1.0, "VPS8": 3.0}
    # One value and one missing tell no genes apart.
    assert "size" not in table


def test_parquet_and_sheets_are_read_too(tmp_path: Path, genes: pd.DataFrame) -> None:
    frame = pl.DataFrame({"orf": ["YAL001C", "YAL002W"], "age": [1, 3], "flag": [True, False]})
    frame.write_parquet(tmp_path / "own.parquet")
    frame.with_columns(pl.col("flag").cast(pl.Int64)).to_pandas().to_excel(tmp_path / "own.xlsx", index=False)
    for name in ("own.parquet", "own.xlsx"):
        table = build("table", {"table": tmp_path / name}, genes, gene_column="orf")
        assert table[["age", "flag"]].to_numpy().tolist() == [[1.0, 1.0], [3.0, 0.0]]


@pytest.mark.parametrize("kind", table_files.KINDS)
def test_every_kind_of_file_gives_the_same_features_to_the_last_bit(tmp_path: Path, kind: str) -> None:
    frame = pd.DataFrame(
        {
            "gene": ["TFC3", "yal002w", "TFC1"],
            "Größe, µm": [0.1, 1e-12, np.nan],
            "signal": [1234.567890123456, -2 / 3, 5e-324],
            "essential": [True, False, True],
        }
    )
    path = table_files.write(frame, kind, tmp_path / "own.tab")
    raw = read_raw_features({"table": path}, FeatureSettings(reader="table"))
    assert raw.genes.to_list() == frame["gene"].tolist()
    expected = frame.drop(columns="gene").astype(float)
    pd.testing.assert_frame_equal(raw.numbers.to_pandas(), expected, check_exact=True)


def test_a_date_in_a_sheet_is_no_number(tmp_path: Path, genes: pd.DataFrame) -> None:
    frame = pd.DataFrame({"gene": ["TFC3", "VPS8"], "when": pd.to_datetime(["2020-01-01", "2020-01-02"])})
    frame.to_excel(tmp_path / "own.xlsx", index=False)
    with pytest.raises(PipelineError, match="row 2: column 'when' holds '2020-01-01"):
        build("table", {"table": tmp_path / "own.xlsx"}, genes)


def test_the_words_for_a_missing_value_are_missing(tmp_path: Path, genes: pd.DataFrame) -> None:
    files = own(tmp_path, "gene,age\nTFC3,1\nVPS8,2\nTFC1,-\nCDC28,n/a\nTFC6,.\n")
    assert build("table", files, genes)["age"].dropna().tolist() == [1.0, 2.0]


def test_columns_choose_what_is_read(tmp_path: Path, genes: pd.DataFrame) -> None:
    files = own(tmp_path, "gene,class,age\nTFC3,kinase,1\nVPS8,none,2\n")
    assert list(build("table", files, genes, columns=["age"])) == ["gene_index", "age"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("gene,class\nTFC3,kinase\nVPS8,other\n", "row 2: column 'class' holds 'kinase', which is no number \\(1 more"),
        ('gene,age\nTFC3,"0,5"\nVPS8,1\n', "row 2: column 'age' holds '0,5', which is no number"),
        ("gene,age\nTFC3,1\nVPS8,inf\n", "row 3: column 'age' holds 'inf'"),
        ("orf,age\nTFC3,1\n", "there is no column 'gene'; the header has: 'orf', 'age'"),
        ("gene,age\nTFC3,1\n,2\n", "row 3: column 'gene' names no gene"),
        ("gene,age\nTFC3,1\nYAL001C,2\n", "rows 2 \\('TFC3'\\) and 3 \\('YAL001C'\\) mean one gene"),
        ("gene,age,age\nTFC3,1,2\n", "the column 'age' is there 2 times"),
        ("gene\nTFC3\n", "no column of features beside 'gene'"),
        ("gene,age\n", "holds no rows"),
        ("gene,age\nb0001,1\nb0002,2\n", "none of the 2 genes is in the gene table"),
        ("gene,age\nTFC3,1\nVPS8,1\n", "none of its 1 columns differs"),
    ],
)
def test_what_cannot_be_features_is_refused_in_one_sentence(
    tmp_path: Path, genes: pd.DataFrame, text: str, sentence: str
) -> None:
    with pytest.raises(PipelineError, match=sentence):
        build("table", own(tmp_path, text), genes)


def test_missing_and_damaged_files_are_refused(tmp_path: Path, genes: pd.DataFrame) -> None:
    (tmp_path / "own.parquet").write_bytes(b"PAR1")
    (tmp_path / "own.xlsx").write_bytes(b"PK\x03\x04")
    for name, sentence in (
        ("own.parquet", "truncated or damaged"),
        ("own.xlsx", "damaged or cut short"),
        ("missing.csv", "does not exist"),
    ):
        with pytest.raises(PipelineError, match=sentence):
            build("table", {"table": tmp_path / name}, genes)


def test_a_list_or_a_date_is_refused_by_its_column(tmp_path: Path, genes: pd.DataFrame) -> None:
    frame = pd.DataFrame({"gene": ["TFC3", "VPS8"], "when": pd.to_datetime(["2020-01-01", "2020-01-02"])})
    frame.to_parquet(tmp_path / "own.parquet")
    with pytest.raises(PipelineError, match="column 'when' is timestamp"):
        build("table", {"table": tmp_path / "own.parquet"}, genes)


def test_a_word_of_leave_out_that_no_column_holds_is_refused(tmp_path: Path, genes: pd.DataFrame) -> None:
    files = own(tmp_path, "gene,age\nTFC3,1\nVPS8,2\n")
    with pytest.raises(PipelineError, match="leave_out: no column holds 'heat'"):
        build("table", files, genes, leave_out=["heat"])
    with pytest.raises(PipelineError, match="no column is left"):
        build("table", files, genes, leave_out=["AGE"])


def test_a_quoted_header_is_read_as_rows_are(tmp_path: Path, genes: pd.DataFrame) -> None:
    files = own(tmp_path, 'gene;"age (h, mean)";"size (um, mean)"\nTFC3;1;2\nVPS8;2;4\n')
    assert list(build("table", files, genes))[1:] == ["age (h, mean)", "size (um, mean)"]
    files = own(tmp_path, 'gene,"age; h","size; h"\nTFC3,1,2\nVPS8,2,4\n')
    assert list(build("table", files, genes))[1:] == ["age; h", "size; h"]


@pytest.mark.parametrize("text", ["", "gene,age\nTFC3,1,2,3\n", "\x00\x00\x00"])
def test_what_is_no_table_is_refused_in_one_sentence(tmp_path: Path, genes: pd.DataFrame, text: str) -> None:
    with pytest.raises(PipelineError) as caught:
        build("table", own(tmp_path, text), genes)
    assert "own.csv" in str(caught.value)
    assert "\n" not in str(caught.value)
