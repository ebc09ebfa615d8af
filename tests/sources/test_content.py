"""What a file is must agree with what its name says."""

import gzip
from pathlib import Path

import pytest

from pipeline_lib.sources.download import PlaceFailedError
from pipeline_lib.sources.file_kinds import check_content


def check(path: Path, content: bytes, name: str, limit: int = 10**6) -> None:
    path.write_bytes(content)
    check_content(path, name, limit=limit)


def test_a_whole_gzip_file_passes_and_a_cut_one_does_not(tmp_path: Path) -> None:
    content = gzip.compress(b"4932.YAL001C 4932.YBR123C 999\n" * 1000)
    check(tmp_path / "f", content, "links.txt.gz")
    for cut in (1, 4, 8, len(content) // 2):
        with pytest.raises(PlaceFailedError, match="not a whole gzip file"):
            check(tmp_path / "f", content[:-cut], "links.txt.gz")


def test_a_gzip_bomb_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlaceFailedError, match="unfolds to more than"):
        check(tmp_path / "f", gzip.compress(bytes(20_000_000)), "links.txt.gz")


@pytest.mark.parametrize("name", ["tables.zip", "table.xlsx", "links.gz"])
def test_text_is_no_archive(tmp_path: Path, name: str) -> None:
    with pytest.raises(PlaceFailedError, match="not a whole"):
        check(tmp_path / "f", b"404: Not Found", name)


def test_an_rdf_file_with_a_tag_inside_is_no_web_page(tmp_path: Path) -> None:
    check(tmp_path / "f", b'@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"<html>"', "reguls.ttl")
