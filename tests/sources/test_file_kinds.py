"""A file is what its first bytes say, not what its name says."""

import bz2
import gzip
import io
import lzma
import pickle

import pandas as pd
import pyarrow as pa
import pytest

from pipeline_lib.sources import file_kinds as kinds

TABLE = "gene1,gene2,score\nTFC3,SLA1,0.5\n"


def columnar(write: str) -> bytes:
    content = io.BytesIO()
    getattr(pd.DataFrame({"score": [0.5]}), write)(content)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (TABLE.encode(), kinds.TEXT),
        (b"\xef\xbb\xbf" + TABLE.encode(), kinds.TEXT),
        ("score (30 °C)\n1\n".encode("cp1252"), kinds.TEXT),
        *((TABLE.encode(encoding), kinds.TEXT) for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32")),
        (gzip.compress(TABLE.encode(), mtime=0), kinds.GZIP),
        (bz2.compress(TABLE.encode()), kinds.BZIP2),
        (lzma.compress(TABLE.encode()), kinds.XZ),
        (pa.compress(TABLE.encode(), "zstd", asbytes=True), kinds.ZSTD),
        (columnar("to_parquet"), kinds.PARQUET),
        (columnar("to_feather"), kinds.FEATHER),
        (b"", kinds.EMPTY),
    ],
)
def test_what_is_read_is_known_by_its_first_bytes(content: bytes, kind: kinds.FileKind) -> None:
    assert kinds.kind_of(content[: kinds.HEAD_BYTES]) is kind


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"%PDF-1.7\n", "PDF"),
        (b"<html><table>", "web page"),
        (b"\n\n<!DOCTYPE html>", "web page"),
        (b"\xef\xbb\xbf<!-- saved -->\n<table border=0>", "web page"),
        (b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook xmlns="x">', "Excel 2003 XML"),
        (b'{"gene1": ["TFC3"]}', "JSON"),
        (b"RDX3\nX\n", "R workspace"),
        (b"X\n\x00\x00\x00\x03", "R object"),
        *((pickle.dumps([TABLE], protocol), "pickle") for protocol in (2, 3, 4, 5)),
        (b"SQLite format 3\x00", "SQLite"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS"),
        (b"a" * 257 + b"ustar\x0000", "tar archive"),
        (bytes(range(1, 256)) + bytes(64), "binary file"),
    ],
)
def test_what_is_not_read_is_named_with_what_to_do(content: bytes, name: str) -> None:
    kind = kinds.kind_of(content)
    assert kind.holds == "nothing"
    assert name in kind.name
    assert kind.advice


@pytest.mark.parametrize("name", ["PARENT", "RDA_score", "RDX", "BZH1", "FEA1", "Rar1", "MATLAB", "PKC1", "X"])
def test_a_first_column_whose_name_begins_as_a_kind_does_is_text(name: str) -> None:
    assert kinds.kind_of(f"{name},score\nTFC3,0.5\n".encode()) is kinds.TEXT
