"""Archives are not trusted: one named member comes out, to one named file, in bounded size."""

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline_lib.sources.download import PlaceFailedError
from pipeline_lib.sources.file_kinds import extract_member
from tests.sources.conftest import files_below


def write_archive(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content, compress_type=zipfile.ZIP_DEFLATED)
    return path


def test_finds_a_member_below_any_leading_folder(tmp_path: Path) -> None:
    archive = write_archive(
        tmp_path / "a.zip",
        ("Data File S1. Raw: Pair-wise/SGA_NxN.txt", b"right"),
        ("Data File S1. Raw: Pair-wise/Other_SGA_NxN.txt", b"wrong"),
        ("__MACOSX/Data File S1. Raw: Pair-wise/SGA_NxN.txt", b"a shadow"),
    )
    digest = extract_member(archive, "SGA_NxN.txt", tmp_path / "out", limit=100)
    assert (tmp_path / "out").read_bytes() == b"right"
    assert digest.bytes == 5


def test_refuses_to_choose_between_two_members(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "a.zip", ("one/t.txt", b"1"), ("two/t.txt", b"2"))
    with pytest.raises(PlaceFailedError, match=r"holds 2 files named 't.txt'"):
        extract_member(archive, "t.txt", tmp_path / "out", limit=100)
    extract_member(archive, "two/t.txt", tmp_path / "out", limit=100)
    assert (tmp_path / "out").read_bytes() == b"2"


def test_a_missing_member_is_an_error_that_lists_the_archive(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "a.zip", ("Table-S2.xlsx", b"2"))
    with pytest.raises(PlaceFailedError, match=r"holds 0 files named 'Table-S1.xlsx' \(it starts with 'Table-S2.xlsx'"):
        extract_member(archive, "Table-S1.xlsx", tmp_path / "out", limit=100)


@pytest.mark.parametrize("name", ["../../t.txt", "/etc/t.txt", "..\\..\\t.txt/t.txt", "C:/x/t.txt", "a/../../t.txt"])
def test_a_path_that_leaves_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    archive = write_archive(tmp_path / "a.zip", (name, b"planted"))
    with pytest.raises(PlaceFailedError, match="leads out of the archive"):
        extract_member(archive, "t.txt", tmp_path / "out" / "t.txt", limit=100)
    assert files_below(tmp_path) == ["a.zip"]


def test_a_nameless_member_is_passed_over(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.zip", ("n.txt", b"nameless"), ("t.txt", b"right"))
    content = path.read_bytes().replace(b"n.txt", b"\0.txt")
    path.write_bytes(content)
    extract_member(path, "t.txt", tmp_path / "out", limit=100)
    assert (tmp_path / "out").read_bytes() == b"right"


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("t.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive = write_archive(tmp_path / "a.zip", (link, b"/etc/passwd"))
    with pytest.raises(PlaceFailedError, match="symbolic link"):
        extract_member(archive, "t.txt", tmp_path / "out", limit=100)


def test_a_bomb_is_refused_before_a_byte_is_written(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "a.zip", ("t.txt", bytes(50_000_000)))
    assert archive.stat().st_size < 100_000
    with pytest.raises(PlaceFailedError, match="as a zip bomb does"):
        extract_member(archive, "t.txt", tmp_path / "out", limit=10**9)
    with pytest.raises(PlaceFailedError, match="unfolds to 50,000,000 bytes"):
        extract_member(archive, "t.txt", tmp_path / "out", limit=10**6)
    assert not (tmp_path / "out").exists()


def test_a_bomb_that_lies_about_its_size_is_stopped(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.zip", ("t.txt", bytes(3_000_000)))
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<I", 3_000_000), struct.pack("<I", 1000)))
    with pytest.raises(PlaceFailedError):
        extract_member(path, "t.txt", tmp_path / "out", limit=10**6)
    assert not (tmp_path / "out").exists() or (tmp_path / "out").stat().st_size <= 1000


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.zip", ("t.txt", b"secret"))
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(content))
    with pytest.raises(PlaceFailedError, match="encrypted"):
        extract_member(path, "t.txt", tmp_path / "out", limit=100)


def test_a_real_tables_compression_passes(tmp_path: Path) -> None:
    rows = "".join(f"YAL001C\tYBR{i % 900:03}W\t{i / 7:.4f}\n" for i in range(20_000)).encode()
    archive = write_archive(tmp_path / "a.zip", ("t.txt", rows))
    assert extract_member(archive, "t.txt", tmp_path / "out", limit=10**7).bytes == len(rows)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_damaged_archive_gives_the_true_content_or_a_reason(tmp_path: Path, data: st.DataObject) -> None:
    content = b"YAL001C\tYBR123C\t0.5\n" * 50
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.txt", content)
    damaged = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "a.zip").write_bytes(bytes(damaged))
    try:
        extract_member(tmp_path / "a.zip", "t.txt", tmp_path / "out", limit=10**6)
    except PlaceFailedError:
        return
    assert (tmp_path / "out").read_bytes() == content
