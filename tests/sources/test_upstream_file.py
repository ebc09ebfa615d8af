"""A table is read out of whatever it is packed in; what cannot be unpacked ends in one sentence."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.upstream_file import open_upstream

TABLE = b"gene1,gene2,score\nTFC3,SLA1,0.5\n" * 200


def zipped(*members: tuple[str, bytes], flags: int = 0) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    # The flags stand at the seventh byte of a member and at the ninth of its entry in the directory.
    written = bytearray(content.getvalue())
    written[6] |= flags
    written[written.index(b"PK\x01\x02") + 8] |= flags
    return bytes(written)


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda data: pa.compress(data, "zstd", asbytes=True),
    "lz4": lambda data: pa.compress(data, "lz4", asbytes=True),
    "zip": lambda data: zipped(("table.csv", data)),
}


def content_of(path: Path, content: bytes) -> bytes:
    path.write_bytes(content)
    with open_upstream(path) as upstream:
        return upstream.stream.read()


@pytest.mark.parametrize("packing", PACKINGS)
def test_what_is_packed_is_unpacked_whatever_the_name(packing: str, tmp_path: Path) -> None:
    assert content_of(tmp_path / "table.csv", PACKINGS[packing](TABLE)) == TABLE


@pytest.mark.parametrize("outer", PACKINGS)
@pytest.mark.parametrize("inner", PACKINGS)
def test_one_packing_inside_another_is_undone(outer: str, inner: str, tmp_path: Path) -> None:
    assert content_of(tmp_path / "table.csv", PACKINGS[outer](PACKINGS[inner](TABLE))) == TABLE


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("lost", [0.2, 0.9])
def test_a_packing_that_is_cut_short_is_refused_by_name(packing: str, lost: float, tmp_path: Path) -> None:
    packed = PACKINGS[packing](TABLE)
    with pytest.raises(
        PipelineError, match=r"table.csv begins as an? .* but is damaged or cut short .*; fetch it again"
    ):
        content_of(tmp_path / "table.csv", packed[: int(len(packed) * (1 - lost))])


def test_a_changed_byte_in_a_zip_archive_is_noticed(tmp_path: Path) -> None:
    packed = bytearray(zipped(("table.csv", TABLE)))
    packed[45] ^= 0xFF
    with pytest.raises(PipelineError, match="damaged"):
        content_of(tmp_path / "table.zip", bytes(packed))


def test_what_a_system_left_in_an_archive_is_no_table(tmp_path: Path) -> None:
    packed = zipped(("data/", b""), ("data/t.csv", TABLE), ("__MACOSX/data/._t.csv", b"x"), ("data/.DS_Store", b"y"))
    assert content_of(tmp_path / "table.zip", packed) == TABLE


PACKED_FOUR_TIMES = gzip.compress(gzip.compress(gzip.compress(gzip.compress(TABLE))))


@pytest.mark.parametrize(
    ("packed", "message"),
    [
        (zipped(("a.csv", TABLE), ("b.csv", TABLE)), r"is a zip archive of 2 files \('a.csv', 'b.csv'\); unpack it"),
        (zipped(("data/", b"")), "is a zip archive without a file in it"),
        (zipped(("a.csv", TABLE), flags=1), "is a zip archive with a password"),
        (zipped(("[Content_Types].xml", b""), ("word/document.xml", b"")), "is a Word document; copy the table"),
        (gzip.compress(b"RDX3\nX\n", mtime=0), r"is, once unpacked, an R workspace .*; write the table in R"),
        (gzip.compress(b"", mtime=0), "is, once unpacked, empty"),
        (b"", "is empty; the file holds no rows"),
        (PACKED_FOUR_TIMES, "packed more than 3 times"),
    ],
    ids=lambda value: value if isinstance(value, str) else "file",
)
def test_what_cannot_be_unpacked_to_a_table_is_refused(packed: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=message):
        content_of(tmp_path / "table.zip", packed)


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    for path, message in ((tmp_path, "is a folder; give the path"), (tmp_path / "no.csv", "no.csv does not exist")):
        with pytest.raises(PipelineError, match=message), open_upstream(path):
            pass
