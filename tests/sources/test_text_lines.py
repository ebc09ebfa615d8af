"""Text is text in every encoding and with every line end."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.file_kinds import TEXT as TEXT_FILE
from pipeline_lib.sources.file_kinds import kind_of
from pipeline_lib.sources.table_layout import TextLines

TEXT = "gene1,score,note\nOST3,0.5,30 °C\nSLA1,0.25,é\n"


def lines_of(content: bytes, block_bytes: int = 1 << 16) -> str:
    stream = io.BufferedReader(io.BytesIO(content))  # type: ignore[arg-type]
    blocks = list(TextLines(stream, Path("t.csv"), block_bytes).blocks())
    return b"".join(raw for _, raw in blocks).decode("utf-8")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("block_bytes", [1, 7, 1 << 16])
def test_every_encoding_and_line_end_gives_the_same_text(encoding: str, end: str, block_bytes: int) -> None:
    assert lines_of(TEXT.replace("\n", end).encode(encoding), block_bytes) == TEXT


def test_utf16_with_its_bytes_exchanged_is_known_by_its_mark() -> None:
    assert lines_of(b"\xfe\xff" + TEXT.encode("utf-16-be")) == TEXT


def test_utf32_with_its_bytes_exchanged_is_text() -> None:
    content = b"\x00\x00\xfe\xff" + TEXT.encode("utf-32-be")
    assert kind_of(content) is TEXT_FILE
    assert lines_of(content) == TEXT


def test_windows_1252_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    lines_of(TEXT.encode("cp1252"))
    assert capsys.readouterr().err == "t.csv is not UTF-8; it is read as Windows-1252.\n"


def test_a_byte_that_windows_1252_does_not_have_is_refused_with_its_row() -> None:
    with pytest.raises(PipelineError, match=r"t.csv: row 3 is neither UTF-8 nor Windows-1252"):
        lines_of(b"gene1,note\nOST3,a\nSLA1,\x81\n")


def test_utf16_that_is_cut_within_a_letter_is_refused() -> None:
    with pytest.raises(PipelineError, match="begins as UTF-16 but is damaged or cut short"):
        lines_of(TEXT.encode("utf-16")[:-1])


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\ufeff\x00"), min_size=1), min_size=1),
    st.integers(1, 50),
)
def test_lines_are_numbered_and_none_is_lost(texts: list[str], block_bytes: int) -> None:
    content = "header\n" + "\n".join(texts)
    stream = io.BufferedReader(io.BytesIO(content.encode()))  # type: ignore[arg-type]
    lines = TextLines(stream, Path("t.csv"), block_bytes)
    assert lines.first(1) == ["header"]
    lines.take(1)
    found: dict[int, str] = {}
    for first, raw in lines.blocks():
        found |= dict(enumerate(raw.decode().removesuffix("\n").split("\n"), start=first))
    assert {row: text for row, text in found.items() if text.strip()} == {
        row: text for row, text in enumerate(texts, start=2) if text.strip()
    }
