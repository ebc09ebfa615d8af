"""Two kinds of gene table, known by their content."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.gene_tables import read_gene_table


def table(folder: Path, content: str | bytes) -> pd.DataFrame:
    path = folder / "genes.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_gene_table(path)


@pytest.mark.mirror
def test_sgd_names_every_open_reading_frame_once(mirror: Path) -> None:
    features = read_gene_table(mirror / "essentiality/SGD_features.tab")
    assert features["gene"].is_unique
    assert features["gene"].str.match(r"^(Y[A-P][LR]\d{3}[WC]|Q\d{4}|R\d{4}[WC])").mean() > 0.98
    by_gene = features.set_index("gene")
    assert by_gene.loc["YAL001C", "name"] == "TFC3"
    assert "FUN24" in by_gene.loc["YAL001C", "aliases"]
    assert by_gene.loc["YDL227C", "name"] == "HO"
    assert features["essential"].isna().all()


def test_deleted_and_merged_reading_frames_of_sgd_are_no_genes(tmp_path: Path) -> None:
    read = table(
        tmp_path,
        "S1\tORF\tVerified\tYFL007W\tBLM10\tYFL006W\t\nS2\tORF\tMerged\tYFL006W\t\t\t\nS3\tORF\tDeleted|Dubious\tYCL006C\t\t\t\n"
        "S4\tARS\t\tARS1\t\t\t\n",
    )
    assert read["gene"].tolist() == ["YFL007W"]
    assert read["aliases"].tolist() == [["YFL006W"]]


ROWS = [["b0001", "thrL", ["ECK0001", "JW4367"], False], ["b0002", "thrA", [], True], ["b0003", "b0003", [], pd.NA]]


@pytest.mark.parametrize(
    "content",
    [
        "id\tname\taliases\tessential\nb0001\tthrL\tECK0001|JW4367\tno\nb0002\tthrA\t\tyes\nb0003\t\t\t\n",
        "id,name,aliases,essential\nb0001,thrL,ECK0001;JW4367,0\nb0002,thrA,,1\nb0003,,,\n",
        'id;name;aliases;essential\nb0001;thrL;"ECK0001;JW4367";FALSE\nb0002;thrA;;TRUE\nb0003;;;NA\n',
        (
            '\ufeff"ID","Name","Aliases","Essential","note"\n"b0001","thrL","ECK0001 | JW4367","n","x"\n'
            "b0002,thrA,,Y,\n\nb0003,,,-,\n"
        ),
        "essential\tid\taliases\tname\r\nFalse\tb0001\tECK0001|JW4367\tthrL\r\nTrue\tb0002\t\tthrA\r\n\tb0003\t\t\r\n",
        "id\tname\taliases\tessential\nb0001\tthrL\tECK0001|JW4367\tno\nb0002\tthrA\t\tyes\nb0003\n",
    ],
    ids=["tsv", "csv", "semicolon", "quotes, mark, more columns", "other order, Windows line ends", "short row"],
)
def test_one_table_in_many_layouts(tmp_path: Path, content: str) -> None:
    assert table(tmp_path, content).to_numpy().tolist() == ROWS


def test_only_ids_are_enough(tmp_path: Path) -> None:
    read = table(tmp_path, "id\nYAL001C\nADE5,7\n")
    assert read["gene"].tolist() == read["name"].tolist() == ["YAL001C", "ADE5,7"]
    assert read["essential"].isna().all()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_the_encodings_of_spreadsheets_are_read(tmp_path: Path, encoding: str) -> None:
    assert table(tmp_path, "id\tname\ng1\tCôté\n".encode(encoding))["name"].tolist() == ["Côté"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id\nb1\nb2\nb1\n", r"the gene 'b1' stands in row 2 and in row 4"),
        ("id\tname\nb1\tx\n\ty\n", r"row 3 has no id"),
        ("id\tessential\nb1\tmaybe\n", r"row 2: essential is 'maybe'; write yes or no"),
        ("id\tname\n", r"has a header and no row"),
        ("id\tid\nb1\tb2\n", r"the column 'id' stands in the header twice"),
        ("id,name\nb1,ADE5,7\n", r"row 2 has 3 fields and the header 2"),
        ('id,name\nb1,"x\nb2,y\n', r"row 3: unexpected end of data; mend its quotes"),
        ("a\tb\n1\t2\n", r"no table of genes: .* header with the column 'id'"),
        ("\n", r"no table of genes"),
        ("", r"is empty; the file holds no rows"),
        (b"PK\x03\x04....", r"begins as a zip archive or a workbook but is damaged"),
        (b"PAR1....", r"no text file but a Parquet file; save it as tab-separated text"),
        (b"id\n\x00\x01\n", r"no text file \(character 4 is U\+0000\)"),
        (b"id\n\x07\n", r"no text file \(character 4 is U\+0007\)"),
    ],
)
def test_what_is_wrong_is_named_with_its_row(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        table(tmp_path, content)
