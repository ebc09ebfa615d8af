"""Delimited text as it comes: marks, line ends, commas, broken rows."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.row_block import Column, Rejections, RowBlock, one_block
from pipeline_lib.sources.text_table import read_blocks

COLUMNS = {
    "strain": Column(("Strain ID",)),
    "score": Column(("Score (ε)", "Score (epsilon)"), "number"),
    "p_value": Column(("P-value",), "number"),
}
HEADER = "Strain ID\tScore (ε)\tP-value\n"
Load = Callable[..., tuple[RowBlock, Rejections]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load_text(content: str | bytes, **keywords: object) -> tuple[RowBlock, Rejections]:
        path = tmp_path / "table.tsv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        rejections = Rejections(path)
        return one_block(read_blocks(path, COLUMNS, rejections, **keywords), path), rejections

    return load_text


def test_a_plain_table(load: Load) -> None:
    block, rejections = load(HEADER + "a_dma1\t-0.03\t1.2e-02\nb_dma2\t0.5\tNaN\n")
    assert block.text("strain").to_pylist() == ["a_dma1", "b_dma2"]
    np.testing.assert_array_equal(block.number("score"), [-0.03, 0.5])
    np.testing.assert_array_equal(block.number("p_value"), [0.012, np.nan])
    assert block.lines.tolist() == [2, 3]
    assert rejections.rows == []


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [b"", b"end"])
def test_byte_order_mark_and_line_ends_do_not_matter(mark: bytes, end: bytes, last: bytes, load: Load) -> None:
    rows = [HEADER.strip().encode(), "ost3Δ\t1\t0.5".encode(), b"b\t2\t0.25"]
    block, rejections = load(mark + end.join(rows) + (end if last else b""))
    assert block.text("strain").to_pylist() == ["ost3Δ", "b"]
    np.testing.assert_array_equal(block.number("p_value"), [0.5, 0.25])
    assert rejections.rows == []


def test_columns_are_found_by_name_in_any_order_and_letter_case(load: Load) -> None:
    block, _ = load("p-VALUE\tother\tStrain  ID\tScore (epsilon)\n0.5\tx\ta\t1\n")
    assert block.text("strain").to_pylist() == ["a"]
    assert block.number("score").tolist() == [1.0]


def test_a_missing_column_is_named_with_the_header(load: Load) -> None:
    with pytest.raises(
        PipelineError, match=r"table.tsv: row 1: there is no column 'P-value'; the header has: 'Strain ID'"
    ):
        load("Strain ID\tScore (ε)\na\t1\n")


def test_a_column_that_is_there_twice_is_refused(load: Load) -> None:
    with pytest.raises(PipelineError, match="'P-value' is there 2 times"):
        load("Strain ID\tScore (ε)\tP-value\tP-value\na\t1\t1\t1\n")


def test_a_row_with_another_number_of_fields_is_rejected_with_its_line(load: Load) -> None:
    block, rejections = load(HEADER + "a\t1\t0.1\nb\t2\nc\t3\t0.3\t9\nd\t4\t0.4\n")
    assert block.text("strain").to_pylist() == ["a", "d"]
    assert block.lines.tolist() == [2, 5]
    assert rejections.rows == [3, 4]
    assert list(map(str, rejections.reasons)) == [
        "2 fields where there should be 3",
        "4 fields where there should be 3",
    ]
    assert rejections.texts == ["b\t2", "c\t3\t0.3\t9"]


def test_a_field_that_is_no_number_is_rejected_with_line_column_and_text(load: Load) -> None:
    block, rejections = load(HEADER + "a\t1\t0.1\n\nb\tlow\t0.2\nc\t3\t0.3\n")
    assert block.text("strain").to_pylist() == ["a", "c"]
    assert rejections.rows == [4]
    assert list(map(str, rejections.reasons)) == ["column 'Score (ε)' holds 'low', which is no number"]
    assert rejections.texts == ["b\tlow\t0.2"]


def test_empty_lines_keep_the_line_numbers_right(load: Load) -> None:
    block, rejections = load(HEADER + "\na\t1\t0.1\n\r\n\nb\t1\nc\t3\t0.3\n\n")
    assert block.lines.tolist() == [3, 7]
    assert rejections.rows == [6]


def test_decimal_commas_are_decimal_points(load: Load) -> None:
    block, rejections = load(HEADER + "a\t-0,0348\t5,042e-03\nb\t1\t0,5\n")
    np.testing.assert_allclose(block.number("score"), [-0.0348, 1])
    np.testing.assert_allclose(block.number("p_value"), [0.005042, 0.5])
    assert rejections.rows == []


def test_a_comma_that_separates_thousands_is_no_number(load: Load) -> None:
    _, rejections = load(HEADER + "a\t1,234.5\t0.1\nb\t1\t0.1\n")
    assert rejections.rows == [2]


def test_text_that_is_not_utf8_is_refused_with_its_row(load: Load) -> None:
    with pytest.raises(PipelineError, match=r"table.tsv: row 3 is not UTF-8"):
        load(HEADER.encode() + b"a\t1\t0.1\nost3\xc4\t1\t0.1\n")


def test_a_malformed_row_that_is_not_utf8_is_refused_without_a_traceback(load: Load, capfd) -> None:
    content = (HEADER + "a\t1\t0.1\n").encode() + b"\xff\tx\ty\tz\n"
    with pytest.raises(PipelineError, match=r"table.tsv: row 3 is not UTF-8"):
        load(content)
    assert "Exception ignored" not in capfd.readouterr().err


@pytest.mark.parametrize("content", ["", HEADER, HEADER + "\n\n"])
def test_a_file_without_rows_is_refused(content: str, load: Load) -> None:
    with pytest.raises(PipelineError, match=r"holds no rows|no column"):
        load(content)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "absent.tsv"
    with pytest.raises(PipelineError, match=r"absent.tsv does not exist"):
        list(read_blocks(path, COLUMNS, Rejections(path)))


def test_gzip_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv.gz"
    path.write_bytes(gzip.compress((HEADER + "a\t1\t0.1\n").encode()))
    assert one_block(read_blocks(path, COLUMNS, Rejections(path)), path).number("score").tolist() == [1.0]


def test_a_file_that_takes_a_while_shows_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "large.tsv"
    path.write_text(HEADER + "a\t1\t0.1\n" * 100)
    for worth_a_bar, shown in ((1 << 20, False), (1, True)):
        monkeypatch.setattr("pipeline_lib.sources.text_table._WORTH_A_BAR", worth_a_bar)
        list(read_blocks(path, COLUMNS, Rejections(path)))
        captured = capsys.readouterr()
        assert ("large.tsv" in captured.err) is shown
        assert captured.out == ""


def test_a_truncated_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv.gz"
    path.write_bytes(gzip.compress((HEADER + "a\t1\t0.1\n" * 5000).encode())[:-40])
    with pytest.raises(PipelineError, match="damaged"):
        list(read_blocks(path, COLUMNS, Rejections(path)))


FIELD = st.text(
    st.characters(codec="utf-8", exclude_characters="\t\n\r\ufeff\x00", exclude_categories=["Cs"]), min_size=1
)
ROW = st.tuples(
    FIELD, st.floats(allow_nan=False, allow_infinity=False), st.one_of(st.just(""), st.floats(0, 1).map(repr))
)


BAD = st.sampled_from([("short", "row"), ("x", "no number", "0.1")])


@given(rows=st.lists(st.one_of(ROW, BAD), min_size=1, max_size=30), block_bytes=st.integers(1, 200))
def test_every_row_is_read_or_rejected_whatever_the_block_size(
    rows: list[tuple], block_bytes: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("blocks") / "t.tsv"
    path.write_text(HEADER + "".join("\t".join(map(str, row)) + "\n" for row in rows), encoding="utf-8", newline="")
    rejections = Rejections(path)
    block = one_block(read_blocks(path, COLUMNS, rejections, block_bytes=block_bytes), path)
    good = [(line, row) for line, row in enumerate(rows, start=2) if len(row) == 3 and row[1] != "no number"]
    assert block.lines.tolist() == [line for line, _ in good]
    assert block.text("strain").to_pylist() == [row[0] for _, row in good]
    assert block.number("score").tolist() == [row[1] for _, row in good]
    assert sorted(rejections.rows + block.lines.tolist()) == list(range(2, len(rows) + 2))
