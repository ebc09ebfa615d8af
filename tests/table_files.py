"""One table, written as every kind of file that people keep tables in."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd


def _text(frame: pd.DataFrame, delimiter: str, decimal: str = ".") -> str:
    return frame.to_csv(None, sep=delimiter, decimal=decimal, index=False)


def _bytes_of(write: Callable[[io.BytesIO], object]) -> bytes:
    content = io.BytesIO()
    write(content)
    return content.getvalue()


def _zipped(frame: pd.DataFrame) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("table.csv", _text(frame, ","))
    return content.getvalue()


_WRITERS: dict[str, Callable[[pd.DataFrame], bytes]] = {
    "commas": lambda frame: _text(frame, ",").encode(),
    "semicolons and decimal commas": lambda frame: _text(frame, ";", ",").encode(),
    "tabs and decimal commas": lambda frame: _text(frame, "\t", ",").encode(),
    "UTF-8 with its mark": lambda frame: _text(frame, ",").encode("utf-8-sig"),
    "UTF-16": lambda frame: _text(frame, "\t").encode("utf-16"),
    "Windows-1252": lambda frame: _text(frame, ";").encode("cp1252"),
    "gzip": lambda frame: gzip.compress(_text(frame, ",").encode()),
    "bzip2": lambda frame: bz2.compress(_text(frame, "\t").encode()),
    "xz": lambda frame: lzma.compress(_text(frame, ",").encode("utf-16")),
    "zip": _zipped,
    "xlsx": lambda frame: _bytes_of(lambda file: frame.to_excel(file, index=False, engine="openpyxl")),
    "parquet": lambda frame: _bytes_of(frame.to_parquet),
    "feather": lambda frame: _bytes_of(frame.to_feather),
    "gzipped parquet": lambda frame: gzip.compress(_bytes_of(frame.to_parquet)),
}
KINDS = tuple(_WRITERS)


def write(frame: pd.DataFrame, kind: str, path: Path) -> Path:
    """Write a table as one of `KINDS`, whatever the suffix of `path`, and return the path."""
    path.write_bytes(_WRITERS[kind](frame))
    return path
