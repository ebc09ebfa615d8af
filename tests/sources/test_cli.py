"""The commands: fetch, lock, list, mirror."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.cli import app
from tests.sources.conftest import CONTENT, CONTENT_SUM, LoopbackServer, answer, entry


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that the command runs in, without a mirror."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PIPELINE_MIRROR", raising=False)
    (tmp_path / "config").mkdir()
    return tmp_path


def write_catalogue(folder: Path, **entries: dict[str, object]) -> None:
    (folder / "config" / "sources.yaml").write_text(yaml.safe_dump(entries))


def call(*arguments: str) -> Result:
    catalogue = () if arguments[0] == "lock" else ("--catalogue", "config/sources.yaml")
    return CliRunner().invoke(app, [*arguments, *catalogue], catch_exceptions=False)


FETCH = ("--output", "out/a.tsv", "--record", "out/a.json", "--attempts", "1")


def test_fetch_finds_the_mirror_by_its_environment_variable(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_catalogue(workplace, **{"a.tsv": entry(url="https://127.0.0.1:9/", sha256=CONTENT_SUM)})
    (workplace / "copies").mkdir()
    (workplace / "copies" / "a.tsv").write_bytes(CONTENT)
    monkeypatch.setenv("PIPELINE_MIRROR", "copies")
    assert call("fetch", "a.tsv", *FETCH).exit_code == 0
    record = json.loads((workplace / "out" / "a.json").read_text())
    assert (record["sha256"], record["bytes"], record["name"]) == (CONTENT_SUM, len(CONTENT), "a.tsv")


def test_a_failed_fetch_writes_no_record(workplace: Path) -> None:
    write_catalogue(workplace, **{"a.tsv": entry(url="https://127.0.0.1:9/", sha256=CONTENT_SUM)})
    with pytest.raises(PipelineError, match="could not be fetched"):
        call("fetch", "a.tsv", *FETCH)
    assert list((workplace / "out").iterdir()) == []


def test_a_file_of_the_user_is_locked_with_its_checksum(workplace: Path) -> None:
    (workplace / "mine 1.csv").write_bytes(CONTENT)
    call("lock", "--own", "mine 1.csv", "--output", "lock.json")
    locked = json.loads((workplace / "lock.json").read_text())["mine 1.csv"]
    assert (locked["path"], locked["sha256"], locked["bytes"]) == ("mine 1.csv", CONTENT_SUM, len(CONTENT))
    assert locked["time"].endswith("+00:00")
    with pytest.raises(PipelineError, match=r"gone\.csv, a file that the run reads, is not there any more"):
        call("lock", "--own", "gone.csv", "--output", "lock.json")


def test_lock_collects_records_by_name(workplace: Path, https_server: LoopbackServer) -> None:
    url = https_server.at("/f", answer())
    write_catalogue(workplace, **{name: entry(url=url, sha256=CONTENT_SUM) for name in ("b.tsv", "a.tsv")})
    for name in ("b.tsv", "a.tsv"):
        call("fetch", name, "--output", name, "--record", f"{name}.json")
    call("lock", "--record", "b.tsv.json", "--record", "a.tsv.json", "--output", "lock.json")
    locked = json.loads((workplace / "lock.json").read_text())
    assert list(locked) == ["a.tsv", "b.tsv"]
    assert {key: locked["a.tsv"][key] for key in ("url", "sha256", "bytes")} == {
        "url": url,
        "sha256": CONTENT_SUM,
        "bytes": len(CONTENT),
    }
    assert locked["a.tsv"]["time"].endswith("+00:00")


def test_lock_refuses_records_that_disagree_or_are_none(workplace: Path, https_server: LoopbackServer) -> None:
    write_catalogue(workplace, **{"a.tsv": entry(url=https_server.at("/f", answer()))})
    call("fetch", "a.tsv", "--output", "a.tsv", "--record", "1.json")
    record = json.loads((workplace / "1.json").read_text())
    (workplace / "2.json").write_text(json.dumps({**record, "sha256": "0" * 64}))
    with pytest.raises(PipelineError, match="disagree"):
        call("lock", "--record", "1.json", "--record", "2.json", "--output", "lock.json")
    (workplace / "3.json").write_text("{}")
    with pytest.raises(PipelineError, match="lacks name, url"):
        call("lock", "--record", "3.json", "--output", "lock.json")
    assert not (workplace / "lock.json").exists()


def test_a_run_without_sources_has_an_empty_lock_file(workplace: Path) -> None:
    call("lock", "--output", "lock.json")
    assert json.loads((workplace / "lock.json").read_text()) == {}


def test_mirror_fills_a_folder_that_fetch_then_uses(workplace: Path, https_server: LoopbackServer) -> None:
    url = https_server.at("/f", answer())
    write_catalogue(workplace, **{"s/a.tsv": entry(url=url), "s/b.tsv": entry(url=url)})
    call("mirror", "--to", "copies", "s/a.tsv")
    assert (workplace / "copies" / "s" / "a.tsv").read_bytes() == CONTENT
    assert not (workplace / "copies" / "s" / "b.tsv").exists()
    call("mirror", "--to", "copies")
    assert https_server.requests["/f"] == 2
    https_server.at("/f", answer(b"", 404))
    assert call("fetch", "s/a.tsv", "--mirror", "copies", *FETCH).exit_code == 0


def test_mirror_goes_on_after_a_failure_and_reports_it_in_the_end(
    workplace: Path, https_server: LoopbackServer
) -> None:
    good = https_server.at("/f", answer())
    write_catalogue(
        workplace, **{"a.tsv": entry(url=https_server.at("/g", answer(b"", 404))), "b.tsv": entry(url=good)}
    )
    with pytest.raises(PipelineError, match="1 of 2 sources could not be mirrored"):
        call("mirror", "--to", "copies", "--attempts", "1")
    assert (workplace / "copies" / "b.tsv").exists()


def test_list_marks_the_sources_that_the_mirror_has(workplace: Path) -> None:
    write_catalogue(workplace, **{"a.tsv": entry(url="https://a.org/f"), "b.tsv": entry(url="https://a.org/f")})
    (workplace / "copies").mkdir()
    (workplace / "copies" / "a.tsv").touch()
    rows = call("list", "--mirror", "copies").output.splitlines()
    assert [row.split()[:4] for row in rows if ".tsv" in row] == [
        ["a.tsv", "first", "use", "yes"],
        ["b.tsv", "first", "use", "no"],
    ]


def studies(folder: Path, **texts: str) -> None:
    """Put a collection into the mirror ``copies`` and the catalogue."""
    files = {}
    for name, text in texts.items():
        path = folder / "copies" / "studies" / name / "table.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        files[f"{name}/table.txt"] = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "bytes": len(text)}
    write_catalogue(folder, studies=entry(url="https://127.0.0.1:9/data", files=files))


COLLECTION = ("fetch-collection", "studies", "--mirror", "copies", "--output", "out", "--record", "studies.json")


def test_a_collection_is_fetched_whole_and_locked_file_by_file(workplace: Path) -> None:
    studies(workplace, a="one", b="two")
    assert call(*COLLECTION).exit_code == 0
    assert (workplace / "out" / "b" / "table.txt").read_text() == "two"
    call("lock", "--record", "studies.json", "--output", "lock.json")
    assert list(json.loads((workplace / "lock.json").read_text())) == ["studies/a/table.txt", "studies/b/table.txt"]


def test_a_study_that_left_the_collection_leaves_its_folder(workplace: Path) -> None:
    studies(workplace, a="one", b="two")
    call(*COLLECTION)
    studies(workplace, a="ONE")
    call(*COLLECTION)
    assert [path.read_text() for path in (workplace / "out").rglob("*.txt")] == ["ONE"]


def test_a_collection_with_one_wrong_file_is_refused_by_its_name(workplace: Path) -> None:
    studies(workplace, a="one", b="two")
    (workplace / "copies" / "studies" / "b" / "table.txt").write_text("TWO")
    with pytest.raises(PipelineError, match=r"source 'studies/b/table.txt' could not be fetched.*sha256"):
        call(*COLLECTION, "--attempts", "1")
    assert not (workplace / "studies.json").exists()


def test_an_unknown_collection_is_refused_with_those_there_are(workplace: Path) -> None:
    studies(workplace, a="one")
    with pytest.raises(PipelineError, match="no collection 'study'; there are studies"):
        call("fetch-collection", "study", "--output", "out", "--record", "r.json")


def test_a_mirror_of_a_collection_holds_its_files_by_their_paths(workplace: Path, https_server: LoopbackServer) -> None:
    url = https_server.at("/data/a.txt", answer()).removesuffix("/a.txt")
    files = {"a.txt": {"sha256": CONTENT_SUM, "bytes": len(CONTENT)}}
    write_catalogue(workplace, studies=entry(url=url, files=files))
    assert call("mirror", "studies", "--to", "mine").exit_code == 0
    assert (workplace / "mine" / "studies" / "a.txt").read_bytes() == CONTENT
