"""Tables of genotypes to predict: the layouts that people bring, and the row of what is no genotype."""

import pandas as pd
import pytest
from openpyxl import Workbook

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.training.genotypes import read_gene_list, read_genotype_table
from tests.training.run_folders import named_genes

PAIR, SINGLE = [1, 3, -1], [5, -1, -1]


def write_sheet(path, rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    with path.open("wb") as stream:
        book.save(stream)


@pytest.fixture(scope="module")
def names():
    return GeneNames.from_table(named_genes())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.csv", "genes\nYAL003C+YAL001C\nYAL005C\n"),
        ("unquoted.csv", "genes\nYAL003C,YAL001C\nADE5,7\n"),
        ("quoted.csv", 'Genes,note\n"yal003c,gen1",a\n"ADE5,7",b\n'),
        ("semicolon.csv", "GENES;note\nYAL003C,YAL001C;a\nADE5,7;b\n"),
        ("tab.tsv", "note\tgenes\na\tYAL003C|YAL001C\nb\tYAL005C\n"),
        ("text.txt", "genes\tnote\nYAL003C;YAL001C\ta\nYAL005C\tb\n"),
        ("columns.csv", "Gene1,Gene2,value\nYAL003C,GEN1,1\nYAL005C,,2\n"),
        ("three.csv", 'gene 1,gene_2,gene3\nYAL003C,YAL001C,-\n"ADE5,7",,\n'),
        ("letters.csv", "gene_a,gene_b,score\nYAL003C,YAL001C,1\nYAL005C,NA,2\n"),
        ("blank.csv", "genes,note\n\nYAL003C+YAL001C,a\n\nYAL005C,b\n,\n,\n"),
        ("mac.csv", "genes,note\rYAL003C+YAL001C,a\rYAL005C,b\r"),
        ("windows.csv", "genes,note\r\nYAL003C+YAL001C,a\r\nYAL005C,b\r\n"),
        ("UPPER.CSV", "genes\nYAL003C+YAL001C\nYAL005C"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_layout_gives_the_same_genotypes(tmp_path, names, name, content, encoding):
    (tmp_path / name).write_bytes(content.encode(encoding))
    assert read_genotype_table(tmp_path / name, names).tolist() == [PAIR, SINGLE]


@pytest.mark.parametrize(
    "frame",
    [
        {"genes": [["YAL003C", "YAL001C"], ["YAL005C"]]},
        {"genes": ["YAL003C+YAL001C", "ADE5,7"]},
        {"gene1": ["YAL003C", "ADE5,7"], "gene2": ["gen1", None]},
    ],
)
def test_parquet_holds_lists_or_text_or_a_column_a_gene(tmp_path, names, frame):
    pd.DataFrame(frame).to_parquet(tmp_path / "t.parquet")
    assert read_genotype_table(tmp_path / "t.parquet", names).tolist() == [PAIR, SINGLE]


@pytest.mark.parametrize(
    "rows",
    [
        [["genes"], ["YAL003C+YAL001C"], ["ADE5,7"]],
        [["mutants to make"], [], ["Gene 1", "note", "gene_2"], ["gen3", 7, "YAL001C"], ["ADE5,7", "x", "-"]],
        [["gene_a", "gene_b", "gene_c"], ["yal003c", None, "GEN1"], ["YAL005C", "NA", ""]],
    ],
)
@pytest.mark.parametrize("name", ["t.xlsx", "exported.csv"])
def test_a_workbook_gives_the_genotypes_of_its_cells_whatever_it_is_called(tmp_path, names, rows, name):
    write_sheet(tmp_path / name, rows)
    assert read_genotype_table(tmp_path / name, names).tolist() == [PAIR, SINGLE]


def test_a_row_of_a_sheet_is_named_as_the_spreadsheet_counts_it(tmp_path, names):
    write_sheet(tmp_path / "t.xlsx", [["my mutants"], ["gene1", "gene2"], ["GEN1", "GEN3"], [], ["GEN1", "YZZ9W"]])
    with pytest.raises(PipelineError, match="row 5: gene 'YZZ9W' is not in the gene index"):
        read_genotype_table(tmp_path / "t.xlsx", names)


@pytest.mark.parametrize("name", ["t.feather", "t.parquet", "t.csv.gz", "t.csv.bz2", "t.csv.zip"])
def test_the_content_of_a_file_decides_how_it_is_read(tmp_path, names, name):
    frame = pd.DataFrame({"gene1": ["YAL003C", "ADE5,7"], "gene2": ["gen1", None]})
    write = {".feather": frame.to_feather, ".parquet": frame.to_parquet}.get(f".{name.split('.')[-1]}")
    if write:
        write(tmp_path / name)
    else:
        frame.to_csv(tmp_path / name, index=False)
    (tmp_path / name).rename(tmp_path / "table")
    assert read_genotype_table(tmp_path / "table", names).tolist() == [PAIR, SINGLE]


def test_a_genotype_that_stands_twice_is_predicted_twice(tmp_path, names):
    (tmp_path / "t.csv").write_text("genes\nYAL003C,YAL001C\nYAL001C,YAL003C\n")
    assert read_genotype_table(tmp_path / "t.csv", names).tolist() == [PAIR, PAIR]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "genes\nYAL001C+YAL002C\nYAL001C+gen1\n", "row 2: one gene is named twice"),
        ("t.csv", "gene1,gene2\nYAL001C,YAL001C\n", "row 1: one gene is named twice"),
        ("t.csv", "genes,x\nYAL001C+YAL002C,1\n,2\nYAL003C+YAL004C,3\n", "row 2 has no genes"),
        ("t.csv", "gene1,gene2\nYAL001C,YAL002C\n,\nYAL003C,YAL004C\n", "row 2: no gene is named"),
        ("t.csv", "gene1,gene2\nYAL001C,YAL002C\nYAL003C,\n", "row 2: one gene is named; an interaction needs"),
        ("t.csv", "genes\nYAL001C+YAL002C+YAL003C+YAL004C\n", "row 1: more than three genes"),
        ("t.csv", "gene1,gene2,gene3,gene4\nYAL001C,YAL002C,YAL003C,YAL004C\n", "row 1: more than three genes"),
        ("t.csv", "genes\nYAL001C+YAL002C\nYAL001C+YZZ9W\n", "row 2: gene 'YZZ9W' is not in the gene index"),
        ("t.csv", "genes\nYAL001C+shared\n", "row 1: gene name 'shared' is ambiguous: YAL008C, YAL009C"),
        ("t.csv", "genes,x\n", "has no row"),
        ("t.csv", "a,b\n1,2\n", "no column 'genes'; its columns are a, b"),
        ("t.csv", "genes,Genes\nYAL001C,YAL002C\n", "columns genes and Genes, which mean the same"),
        ("t.csv", "gene1,gene_a\nYAL001C,YAL002C\n", "columns gene1 and gene_a, which mean the same"),
        ("t.csv", "genes,x\nYAL001C,YAL002C,1\n", "is no table"),
        ("t.csv", "", "holds no rows"),
        ("t.csv", 'genes,"x\n', "is no table"),
        ("t.json", '{"genes": "YAL001C"}', "is a JSON file"),
    ],
)
def test_what_is_no_genotype_is_refused_with_its_row(tmp_path, names, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(PipelineError) as refused:
        read_genotype_table(tmp_path / name, names, least=2)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        ([["YAL001C", "YAL002C"], []], "row 2: no gene is named"),
        ([["YAL001C", "YAL002C"], None], "row 2 has no genes"),
        ([["YAL001C", "gen1"]], "row 1: one gene is named twice"),
        ([["YAL001C", None]], "row 1: a gene name is missing"),
    ],
)
def test_lists_that_are_no_genotype_are_refused_with_their_row(tmp_path, names, lists, message):
    pd.DataFrame({"genes": lists}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(PipelineError) as refused:
        read_genotype_table(tmp_path / "t.parquet", names, least=1)
    assert message in str(refused.value)


def test_bytes_that_are_no_text_are_refused(tmp_path, names):
    (tmp_path / "t.csv").write_bytes(b"PK\x03\x04genes\n")
    with pytest.raises(PipelineError, match="a zip archive or a workbook but is damaged"):
        read_genotype_table(tmp_path / "t.csv", names)
    (tmp_path / "genes.txt").write_bytes(b"YAL001C\n\x81\n")
    with pytest.raises(PipelineError, match="row 2 is neither UTF-8 nor Windows-1252"):
        read_gene_list(tmp_path / "genes.txt", names)


def test_a_line_that_is_no_gene_is_named(tmp_path, names):
    (tmp_path / "genes.txt").write_text("YAL001C\n\nYZZ9W\n")
    with pytest.raises(PipelineError, match="line 3: gene 'YZZ9W' is not in the gene index"):
        read_gene_list(tmp_path / "genes.txt", names)
