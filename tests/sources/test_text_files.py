"""A small text file is read whole, however it is packed and encoded."""

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.table_layout import read_text

TEXT = "YAL001C\tTFC3\n\nYBR123C\tµ\n"


def zipped(content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("genes.txt", content)
    return archive.getvalue()


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress, zipped])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_packing_encoding_and_line_ends_change_no_text(tmp_path: Path, pack, encoding: str, end: str) -> None:
    (tmp_path / "genes").write_bytes(pack(TEXT.replace("\n", end).encode(encoding)))
    assert read_text(tmp_path / "genes") == TEXT


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"PAR1....", "is no text file but a Parquet file; save it as tab-separated text"),
        (b"%PDF-1.4", "is a PDF document"),
        ("µ\n".encode() + b"\xb5\n", r"is no text file \(row 2 is not UTF-8\)"),
        (b"YAL001C\x07", r"is no text file \(character 8 is U\+0007\)"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-9], "damaged or cut short"),
    ],
)
def test_what_is_no_text_is_refused_in_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "genes.txt").write_bytes(content)
    with pytest.raises(PipelineError, match=sentence):
        read_text(tmp_path / "genes.txt")
