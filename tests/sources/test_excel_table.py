"""Cells of a sheet keep their numbers to the last digit."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import statsmodels
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.excel_table import read_sheet
from pipeline_lib.sources.row_block import Column, Rejections, RowBlock

COLUMNS = {"gene": Column(("gene",)), "value": Column(("score",), "number")}
HEADER = ("gene", "score")


def sheet(path: Path, *rows: Sequence[object], titles: Sequence[str] = ("data",)) -> tuple[RowBlock, Rejections]:
    """Write a workbook the last of whose sheets holds the rows, and read it."""
    book = Workbook(write_only=True)
    sheets = [book.create_sheet(title) for title in titles]
    for row in rows:
        sheets[-1].append(row)
    book.save(path)
    rejections = Rejections(path)
    return read_sheet(path, COLUMNS, rejections), rejections


@settings(max_examples=20, deadline=None)
@given(values=st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=20))
def test_every_number_is_that_of_its_cell(values: list[float], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("book") / "t.xlsx"
    # Programs that write workbooks keep 16 digits, Excel itself shows 15.
    written = [float(f"{value:.15g}") for value in values]
    block, _ = sheet(path, HEADER, *[("TFC3", value) for value in written])
    assert block.number("value").tolist() == written


def test_small_p_values_stay(tmp_path: Path) -> None:
    small = [1e-12, 5.1e-10, 1.23456789e-5, 1e-300]
    block, _ = sheet(tmp_path / "t.xlsx", HEADER, *[("TFC3", value) for value in small])
    assert block.number("value").tolist() == small


def test_what_was_typed_as_text_is_read_by_the_rules_of_text(tmp_path: Path) -> None:
    cells = [0.25, "0,5", "1.5", None, "n/a", "#DIV/0!", "low", True, dt.date(2020, 5, 1), "1_000"]
    block, rejections = sheet(tmp_path / "t.xlsx", HEADER, *[("TFC3", cell) for cell in cells])
    np.testing.assert_array_equal(block.number("value"), [0.25, 0.5, 1.5, np.nan, np.nan, np.nan])
    assert rejections.rows == [8, 9, 10, 11]
    assert [str(reason).partition("'score' ")[2].partition(",")[0] for reason in rejections.reasons] == [
        "holds 'low'",
        "holds 'true'",
        "holds '2020-05-01 00:00:00'",
        "holds '1_000'",
    ]


def test_text_with_commas_that_may_be_thousands_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"holds '1,234' \(row 3\), which may be 1.234 or 1234"):
        sheet(tmp_path / "t.xlsx", HEADER, ("TFC3", 980), ("SLA1", "1,234"))


def test_empty_rows_are_left_out_and_rows_keep_their_numbers(tmp_path: Path) -> None:
    block, _ = sheet(tmp_path / "t.xlsx", (None,), ("A title",), HEADER, (None, None), ("TFC3", 1), (), ("SLA1", 2))
    assert block.lines.tolist() == [5, 7]


def test_the_first_sheet_that_has_the_columns_is_read(tmp_path: Path) -> None:
    block, _ = sheet(tmp_path / "t.xlsx", HEADER, ("TFC3", 1), titles=("README", "data"))
    assert block.text("gene").to_pylist() == ["TFC3"]
    with pytest.raises(PipelineError, match="sheet 'data': row 1: there is no column 'score'"):
        sheet(tmp_path / "t.xlsx", ("gene", "tau"), ("TFC3", 1), titles=("README", "data"))


def replicates(path: Path, *, hidden: str = "") -> Path:
    """Write a workbook of two replicates, one sheet each."""
    book = Workbook()
    book.remove(book.active)
    for title, value in (("replicate 1", 0.1), ("replicate 2", 0.9)):
        page = book.create_sheet(title)
        page.append(HEADER)
        page.append(("TFC3", value))
        page.sheet_state = "hidden" if title == hidden else "visible"
    book.save(path)
    return path


def test_which_of_two_replicates_is_meant_must_be_stated(tmp_path: Path) -> None:
    path = replicates(tmp_path / "t.xlsx")
    with pytest.raises(PipelineError, match="the sheets 'replicate 1', 'replicate 2' all have the wanted columns"):
        read_sheet(path, COLUMNS, Rejections(path))
    assert read_sheet(path, COLUMNS, Rejections(path), "replicate 2").number("value").tolist() == [0.9]
    with pytest.raises(PipelineError, match="there is no sheet 'replicate 3'; there are: 'replicate 1', 'replicate 2'"):
        read_sheet(path, COLUMNS, Rejections(path), "replicate 3")


def test_a_hidden_sheet_is_read_where_it_is_named_alone(tmp_path: Path) -> None:
    path = replicates(tmp_path / "t.xlsx", hidden="replicate 1")
    assert read_sheet(path, COLUMNS, Rejections(path)).number("value").tolist() == [0.9]
    assert read_sheet(path, COLUMNS, Rejections(path), "replicate 1").number("value").tolist() == [0.1]


@pytest.mark.parametrize(("cells", "refused"), [("A3:A5", True), ("A1:B1", False), ("C3:C5", False), ("A3:C3", False)])
def test_a_gene_whose_cell_spans_rows_is_refused(cells: str, refused: bool, tmp_path: Path) -> None:
    """Only the first of the rows would have the gene; a header over two columns takes nothing away."""
    book = Workbook()
    book.active.title = "scores & SD"
    for row in [("Pairs",), (*HEADER, "note"), ("TFC3", 0.1), ("SLA1", 0.2), ("MCM2", 0.3)]:
        book.active.append(row)
    book.active.merge_cells(cells)
    book.create_sheet("other").merge_cells("A3:A9")
    book.save(tmp_path / "t.xlsx")
    if refused:
        with pytest.raises(PipelineError, match="sheet 'scores & SD': the cells A3:A5 are merged"):
            read_sheet(tmp_path / "t.xlsx", COLUMNS, Rejections(tmp_path))
    else:
        read_sheet(tmp_path / "t.xlsx", COLUMNS, Rejections(tmp_path))


def test_old_workbooks_are_read() -> None:
    """An .xls that comes with statsmodels: economic data of the United States by months and quarters, notes first."""
    folder = Path(statsmodels.__file__).parent / "datasets" / "macrodata" / "src"
    path = next(
        path for path in (folder / "macrodata.xls", folder / "macrodata.xls" / "macrodata.xls") if path.is_file()
    )
    columns = {"gene": Column(("DATE",)), "value": Column(("GDPC96",), "number")}
    block = read_sheet(path, columns, Rejections(path))
    assert block.text("gene").to_pylist()[0].startswith("1947-01-01")
    assert block.number("value")[0] == 1772.204


def test_what_only_begins_as_a_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(
        PipelineError, match=r"begins as an old Excel workbook \(.xls\) but cannot be read .*; save it as"
    ):
        read_sheet(path, COLUMNS, Rejections(path))
    path.write_text("gene,score\nTFC3,1\n")
    with pytest.raises(PipelineError, match="is a text file; give the workbook"):
        read_sheet(path, COLUMNS, Rejections(path))
