"""Fetching: the mirror first, then the network; the right bytes in place, or nothing and one clear sentence."""

import io
import os
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.catalogue import Catalogue
from pipeline_lib.sources.fetch import Fetcher, RecordedSums
from tests.sources.conftest import (
    CONTENT,
    CONTENT_SUM,
    QUICK,
    LoopbackServer,
    answer,
    entry,
    files_below,
    stall,
)

MakeFetcher = Callable[..., Fetcher]
NOBODY = "https://127.0.0.1:9/file"


@pytest.fixture
def mirror_copy(tmp_path: Path) -> Path:
    """Return a mirror's copy of the source ``screen/file.tsv``."""
    path = tmp_path / "mirror" / "screen" / "file.tsv"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    return path


def known(url: str = NOBODY, **keys: object) -> dict[str, object]:
    return entry(url=url, sha256=CONTENT_SUM, bytes=len(CONTENT), **keys)


def test_copies_from_the_mirror_without_asking_the_network(
    make_fetcher: MakeFetcher, mirror_copy: Path, tmp_path: Path
) -> None:
    fetcher = make_fetcher({"screen/file.tsv": known()}, mirror_copy.parents[1])
    record = fetcher.fetch("screen/file.tsv", tmp_path / "out" / "file.tsv")
    assert (tmp_path / "out" / "file.tsv").read_bytes() == CONTENT
    assert (record.sha256, record.bytes, record.verified) == (CONTENT_SUM, len(CONTENT), "catalogue")
    assert record.place.startswith("mirror copy")
    assert record.url == NOBODY
    assert record.citation == {"paper": "Someone 2018"}


def test_never_links_to_the_mirror(make_fetcher: MakeFetcher, mirror_copy: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "file.tsv"
    make_fetcher({"screen/file.tsv": known()}, mirror_copy.parents[1]).fetch("screen/file.tsv", target)
    assert not target.is_symlink()
    assert target.stat().st_ino != mirror_copy.stat().st_ino
    target.write_bytes(b"edited")
    assert mirror_copy.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "damaged", [CONTENT[:-1], b"", CONTENT + b"x", CONTENT[:-1] + b"x"], ids=["cut", "empty", "longer", "one byte"]
)
def test_a_wrong_mirror_copy_is_named_and_the_next_place_is_tried(
    make_fetcher: MakeFetcher,
    mirror_copy: Path,
    https_server: LoopbackServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    damaged: bytes,
) -> None:
    mirror_copy.write_bytes(damaged)
    url = https_server.at("/file", answer())
    fetcher = make_fetcher({"screen/file.tsv": known(url)}, mirror_copy.parents[1])
    assert fetcher.fetch("screen/file.tsv", tmp_path / "out" / "file.tsv").place == url
    assert (tmp_path / "out" / "file.tsv").read_bytes() == CONTENT
    warning = capsys.readouterr().err
    assert f"warning: mirror copy {mirror_copy} is not used: refused" in warning or "more than" in warning


@pytest.mark.parametrize(
    "behaviour",
    [
        answer(CONTENT[:-1]),
        answer(CONTENT[:-1] + b"x"),
        answer(CONTENT[:-1], length=len(CONTENT)),
        answer(CONTENT[:-1], length=-1),
        answer(CONTENT + b"x"),
        answer(b"<!DOCTYPE html><p>Sign in", kind="text/html"),
        answer(b"", 503),
        answer(b"no such file", 404),
        stall(2),
    ],
    ids=["cut", "one byte", "broken off", "ends early", "longer", "web page", "503", "404", "stalls"],
)
def test_wrong_bytes_leave_nothing_on_the_disk(
    make_fetcher: MakeFetcher,
    mirror_copy: Path,
    https_server: LoopbackServer,
    tmp_path: Path,
    behaviour: Callable[..., None],
) -> None:
    mirror_copy.write_bytes(b"wrong too")
    url = https_server.at("/file", behaviour)
    fetcher = make_fetcher({"screen/file.tsv": known(url)}, mirror_copy.parents[1])
    with pytest.raises(PipelineError) as caught:
        fetcher.fetch("screen/file.tsv", tmp_path / "out" / "file.tsv")
    assert files_below(tmp_path / "out") == []
    assert str(mirror_copy) in str(caught.value)
    assert url in str(caught.value)


def test_an_older_right_file_stays_when_a_new_fetch_fails(make_fetcher: MakeFetcher, tmp_path: Path) -> None:
    target = tmp_path / "out" / "file.tsv"
    target.parent.mkdir()
    target.write_bytes(CONTENT)
    with pytest.raises(PipelineError):
        make_fetcher({"screen/file.tsv": known()}).fetch("screen/file.tsv", target)
    assert target.read_bytes() == CONTENT


def test_offline_and_not_mirrored_is_one_sentence_on_how_to_supply_the_file(
    make_fetcher: MakeFetcher, tmp_path: Path
) -> None:
    other = "https://127.0.0.1:9/elsewhere"
    fetcher = make_fetcher({"screen/file.tsv": known(alternatives=[other])}, tmp_path / "mirror")
    with pytest.raises(PipelineError) as caught:
        fetcher.fetch("screen/file.tsv", tmp_path / "out" / "file.tsv")
    sentence = str(caught.value)
    assert "\n" not in sentence
    for part in (
        "'screen/file.tsv'",
        f"mirror copy {tmp_path / 'mirror' / 'screen' / 'file.tsv'} (not there)",
        NOBODY,
        other,
        f"put the file at {tmp_path / 'mirror' / 'screen' / 'file.tsv'}",
        "sources mirror --to DIR screen/file.tsv",
    ):
        assert part in sentence
    assert files_below(tmp_path) == []


def test_without_a_mirror_the_sentence_states_how_to_name_one(make_fetcher: MakeFetcher, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"--mirror DIR or PIPELINE_MIRROR=DIR"):
        make_fetcher({"file.tsv": known()}).fetch("file.tsv", tmp_path / "file.tsv")


def test_an_unknown_source_is_answered_with_the_nearest_name(make_fetcher: MakeFetcher, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"no source 'screen/fil.tsv'; did you mean 'screen/file.tsv'\?"):
        make_fetcher({"screen/file.tsv": known()}).fetch("screen/fil.tsv", tmp_path / "file.tsv")


def test_a_mirror_that_is_a_folder_or_a_pipe_is_passed_over(
    make_fetcher: MakeFetcher, mirror_copy: Path, tmp_path: Path
) -> None:
    mirror_copy.unlink()
    os.mkfifo(mirror_copy)
    with pytest.raises(PipelineError, match="not a regular file"):
        make_fetcher({"screen/file.tsv": known()}, mirror_copy.parents[1]).fetch(
            "screen/file.tsv", tmp_path / "out" / "f"
        )


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(position=st.integers(0, len(CONTENT) - 1), change=st.integers(1, 255), cut=st.booleans())
def test_no_single_fault_of_a_mirror_copy_passes(
    make_fetcher: MakeFetcher, mirror_copy: Path, tmp_path: Path, position: int, change: int, cut: bool
) -> None:
    damaged = bytearray(CONTENT)
    damaged[position] ^= change
    mirror_copy.write_bytes(CONTENT[:position] if cut else bytes(damaged))
    fetcher = make_fetcher({"screen/file.tsv": known("https://127.0.0.1:9/")}, mirror_copy.parents[1])
    with pytest.raises(PipelineError):
        fetcher.fetch("screen/file.tsv", tmp_path / "out" / "file.tsv")
    assert files_below(tmp_path / "out") == []


# Sources without a known checksum


def test_the_first_use_records_a_sum_that_later_uses_must_match(
    make_fetcher: MakeFetcher, mirror_copy: Path, tmp_path: Path
) -> None:
    fetcher = make_fetcher({"screen/file.tsv": entry(url=NOBODY)}, mirror_copy.parents[1])
    assert fetcher.fetch("screen/file.tsv", tmp_path / "out" / "1").verified == "first use"
    assert fetcher.recorded.read()["screen/file.tsv"]["sha256"] == CONTENT_SUM
    assert fetcher.fetch("screen/file.tsv", tmp_path / "out" / "2").verified == "recorded"
    mirror_copy.write_bytes(CONTENT + b"changed upstream")
    with pytest.raises(PipelineError, match=r"recorded on first use .*delete the entry 'screen/file.tsv'"):
        fetcher.fetch("screen/file.tsv", tmp_path / "out" / "3")
    assert files_below(tmp_path / "out") == ["1", "2"]


@pytest.mark.parametrize(
    "body", [b"<!doctype html>", b"\xef\xbb\xbf \n<HTML><body>", b"<html>\n<head>"], ids=["doctype", "mark", "html"]
)
def test_a_web_page_is_never_recorded_as_the_first_use(
    make_fetcher: MakeFetcher, https_server: LoopbackServer, tmp_path: Path, body: bytes
) -> None:
    url = https_server.at("/file", answer(body, kind="application/octet-stream"))
    fetcher = make_fetcher({"file.tsv": entry(url=url)})
    with pytest.raises(PipelineError, match="web page"):
        fetcher.fetch("file.tsv", tmp_path / "out" / "file.tsv")
    assert fetcher.recorded.read() == {}
    assert files_below(tmp_path / "out") == []


def test_jobs_that_use_a_source_first_at_the_same_time_agree_on_one_sum(tmp_path: Path) -> None:
    contents = [b"A" * 1000, b"B" * 1000]
    for number, content in enumerate(contents):
        folder = tmp_path / f"mirror{number}"
        folder.mkdir()
        (folder / "file.tsv").write_bytes(content)
    catalogue = Catalogue.model_validate({"sources": {"file.tsv": entry(url=NOBODY)}})
    outcomes: list[str] = []

    def job(number: int) -> None:
        fetcher = Fetcher(
            catalogue=catalogue,
            mirror=tmp_path / f"mirror{number % 2}",
            recorded=RecordedSums(tmp_path / "recorded.json"),
            patience=QUICK,
        )
        try:
            outcomes.append(fetcher.fetch("file.tsv", tmp_path / "out" / str(number)).sha256)
        except PipelineError:
            outcomes.append("refused")

    threads = [threading.Thread(target=job, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorded = RecordedSums(tmp_path / "recorded.json").read()["file.tsv"]["sha256"]
    assert outcomes.count(str(recorded)) == 6
    assert outcomes.count("refused") == 6


# Members of archives


def archive_of(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def zipped(url: str) -> dict[str, dict[str, object]]:
    return {
        "screen/tables.zip": entry(url=url),
        "screen/one.txt": entry(archive="screen/tables.zip", member="one.txt"),
        "screen/two.txt": entry(archive="screen/tables.zip", member="Data File S1/two.txt"),
    }


TABLES = archive_of(("Raw: data/Data File S1/one.txt", b"1\n" * 5000), ("Raw: data/Data File S1/two.txt", b"2\n"))


def test_members_share_one_download_of_their_archive(
    make_fetcher: MakeFetcher, https_server: LoopbackServer, tmp_path: Path
) -> None:
    url = https_server.at("/tables.zip", answer(TABLES))
    fetcher = make_fetcher(zipped(url))
    jobs = [
        threading.Thread(target=fetcher.fetch, args=(f"screen/{name}.txt", tmp_path / "out" / f"{name}.txt"))
        for name in ("one", "two")
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert (tmp_path / "out" / "one.txt").read_bytes() == b"1\n" * 5000
    assert (tmp_path / "out" / "two.txt").read_bytes() == b"2\n"
    assert https_server.requests["/tables.zip"] == 1
    assert set(fetcher.recorded.read()) == {"screen/one.txt", "screen/tables.zip", "screen/two.txt"}


def test_a_members_record_names_its_archives_address(
    make_fetcher: MakeFetcher, https_server: LoopbackServer, tmp_path: Path
) -> None:
    url = https_server.at("/tables.zip", answer(TABLES))
    record = make_fetcher(zipped(url)).fetch("screen/two.txt", tmp_path / "two.txt")
    assert (record.url, record.place) == (url, "screen/tables.zip:Data File S1/two.txt")


def test_a_damaged_kept_archive_is_fetched_again(
    make_fetcher: MakeFetcher, https_server: LoopbackServer, tmp_path: Path
) -> None:
    url = https_server.at("/tables.zip", answer(TABLES))
    fetcher = make_fetcher(zipped(url))
    fetcher.fetch("screen/one.txt", tmp_path / "one.txt")
    (fetcher.archives / "screen" / "tables.zip").write_bytes(TABLES[:-30])
    fetcher.fetch("screen/two.txt", tmp_path / "two.txt")
    assert (fetcher.archives / "screen" / "tables.zip").read_bytes() == TABLES
    assert https_server.requests["/tables.zip"] == 2


def test_a_member_that_the_mirror_holds_by_itself_needs_no_archive(make_fetcher: MakeFetcher, tmp_path: Path) -> None:
    (tmp_path / "mirror" / "screen").mkdir(parents=True)
    (tmp_path / "mirror" / "screen" / "one.txt").write_bytes(b"1\n")
    make_fetcher(zipped(NOBODY), tmp_path / "mirror").fetch("screen/one.txt", tmp_path / "one.txt")
    assert (tmp_path / "one.txt").read_bytes() == b"1\n"


def test_a_missing_member_and_its_archive_are_one_sentence(make_fetcher: MakeFetcher, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    with pytest.raises(PipelineError) as caught:
        make_fetcher(zipped(NOBODY), mirror).fetch("screen/one.txt", tmp_path / "out" / "one.txt")
    sentence = str(caught.value)
    assert sentence.startswith("source 'screen/one.txt' could not be fetched")
    for part in (f"{mirror}/screen/one.txt (not there)", f"{mirror}/screen/tables.zip (not there)", NOBODY):
        assert part in sentence
    assert f"put the file at {mirror}/screen/one.txt or its archive at {mirror}/screen/tables.zip" in sentence


def test_a_cut_archive_is_never_recorded(
    make_fetcher: MakeFetcher, https_server: LoopbackServer, tmp_path: Path
) -> None:
    url = https_server.at("/tables.zip", answer(TABLES[:-30]))
    fetcher = make_fetcher(zipped(url))
    with pytest.raises(PipelineError, match="not a whole zip archive"):
        fetcher.fetch("screen/one.txt", tmp_path / "out" / "one.txt")
    assert fetcher.recorded.read() == {}
    assert files_below(tmp_path) == ["authority.pem"]


# Filling a mirror


def test_ensure_keeps_a_right_file_and_replaces_a_wrong_one(
    make_fetcher: MakeFetcher, https_server: LoopbackServer, mirror_copy: Path
) -> None:
    url = https_server.at("/file", answer())
    fetcher = make_fetcher({"screen/file.tsv": known(url)})
    fetcher.ensure("screen/file.tsv", mirror_copy)
    assert https_server.requests["/file"] == 0
    mirror_copy.write_bytes(CONTENT[:100])
    fetcher.ensure("screen/file.tsv", mirror_copy)
    assert https_server.requests["/file"] == 1
    assert mirror_copy.read_bytes() == CONTENT


@pytest.mark.mirror
def test_every_mirrored_file_is_the_one_of_the_catalogue(mirror: Path, root: Path, tmp_path: Path) -> None:
    from pipeline_lib.sources.catalogue import read_catalogue

    catalogue = read_catalogue(root / "config" / "sources.yaml")
    summed = (name for name, source in catalogue.sources.items() if source.sha256 is not None)
    present = [name for name in summed if (mirror / name).exists()]
    fetcher = Fetcher(catalogue=catalogue, mirror=mirror, recorded=RecordedSums(tmp_path / "recorded.json"))
    records = [fetcher.fetch(name, tmp_path / name) for name in present]
    assert len(present) >= 26
    assert {record.verified for record in records} == {"catalogue"}
