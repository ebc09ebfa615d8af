"""The header of a table of text is found and taken apart by the rules of its rows."""

import io
from pathlib import Path

import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.row_block import Column
from pipeline_lib.sources.table_layout import DELIMITERS, TableLayout, TextLines, find_layout

COLUMNS = {"gene": Column(("gene",)), "value": Column(("score, norm",))}


def layout(text: str, columns: dict[str, Column] = COLUMNS) -> TableLayout:
    stream = io.BufferedReader(io.BytesIO(text.encode()))  # type: ignore[arg-type]
    return find_layout(TextLines(stream, Path("t.csv"), 1 << 16), Path("t.csv"), columns, DELIMITERS, '"')


@pytest.mark.parametrize("delimiter", list(DELIMITERS))
def test_quoted_names_may_hold_any_delimiter(delimiter: str) -> None:
    found = layout(delimiter.join(["gene", '"score, norm"', '"a; b | c, d\te"']) + "\n" + delimiter.join("A12") + "\n")
    assert found.delimiter == delimiter
    assert found.places == {"gene": 0, "value": 1}


def test_the_delimiter_is_the_one_that_gives_the_columns_not_the_most_frequent() -> None:
    assert layout("gene;score, norm;a, b, c, d\nA;1;2\n").delimiter == ";"


def test_doubled_quotes_and_line_ends_within_quotes_belong_to_the_name() -> None:
    columns = {"gene": Column(("gene",)), "value": Column(('score "S" norm',))}
    found = layout('gene,"score ""S""\nnorm"\nA,1\n', columns)
    assert found.places == {"gene": 0, "value": 1}
    assert found.lines == 2


@pytest.mark.parametrize("above", ["sep=;\n", "Table S1, of ours, 2020\n", "\n\n", "# a\n# b, c; d\n"])
def test_titles_may_stand_above_the_header(above: str) -> None:
    found = layout(above + "gene;score, norm\nA;1\n")
    assert (found.delimiter, found.lines) == (";", above.count("\n") + 1)


@pytest.mark.parametrize(
    ("text", "names", "place"),
    [
        ('gene\t"score, norm"\n"1"\t"A"\t1\n"2"\t"A"\t2\n', ["", "gene", "score, norm"], 1),
        ("gene\tscore, norm\n1\tA\t1\n2\tA\t2\n", ["", "gene", "score, norm"], 1),
        ("gene\tscore, norm\nA\t1\t\nA\t2\t\n", ["gene", "score, norm", ""], 0),
        ("gene\tscore, norm\t\nA\t1\nA\t2\n", ["gene", "score, norm"], 0),
        ("gene\tscore, norm\t\nA\t1\t\nA\t2\t\n", ["gene", "score, norm", ""], 0),
        ("gene\tscore, norm\nA\tB\t1\nA\tC\t2\n", ["gene", "score, norm"], 0),
    ],
)
def test_row_names_of_r_and_delimiters_at_the_end_are_columns_without_a_name(
    text: str, names: list[str], place: int
) -> None:
    found = layout(text)
    assert found.names == names
    assert found.places["gene"] == place


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"gene,score\nA,1\n', "t.csv: row 1: the quotes of the header do not match"),
        ("gene,score_norm\nA,1\n", r"no column 'score, norm' \(did you mean 'score_norm'\?\); the header has: 'gene'"),
        ("gene,gene,x\nA,1,2\n", "column 'gene' is there 2 times; rename"),
        ("\n \n", "the file holds no rows"),
    ],
)
def test_a_header_without_the_columns_is_refused(text: str, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        layout(text)


def test_an_exact_name_wins_over_another_letter_case() -> None:
    columns = {"gene": Column(("gene",)), "value": Column(("score",))}
    assert layout("Gene,Score,score\nA,1,2\n", columns).places == {"gene": 0, "value": 2}


def test_columns_aligned_by_blanks_are_refused_by_what_they_are() -> None:
    with pytest.raises(PipelineError, match="row 2: several blanks lie between the columns; write the table with"):
        layout('A title of blanks\ngene   "score, norm"\nA      1\n')
    assert layout('gene "score, norm"\nA 1\n').delimiter == " "
