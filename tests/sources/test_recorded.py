"""Trust on first use holds when many processes record at once."""

import multiprocessing
from pathlib import Path

import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.download import Digest, PlaceFailedError
from pipeline_lib.sources.fetch import RecordedSums


def record_many(path: Path, worker: int) -> None:
    for number in range(10):
        RecordedSums(path).verify(f"file{worker}-{number}", Digest(f"{worker:064}", number), "somewhere")


def test_no_entry_is_lost_when_processes_record_at_once(tmp_path: Path) -> None:
    path = tmp_path / "recorded.json"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=record_many, args=(path, worker)) for worker in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(RecordedSums(path).read()) == 60


def test_the_file_is_sorted_and_dated(tmp_path: Path) -> None:
    sums = RecordedSums(tmp_path / "recorded.json")
    for name in ("b", "a"):
        assert sums.verify(name, Digest("0" * 64, 7), "https://a.org") is True
    assert list(sums.read()) == ["a", "b"]
    assert set(sums.read()["a"]) == {"sha256", "bytes", "place", "time"}


def test_another_sum_is_refused_and_the_first_one_stays(tmp_path: Path) -> None:
    sums = RecordedSums(tmp_path / "recorded.json")
    sums.verify("a", Digest("0" * 64, 7), "https://a.org")
    with pytest.raises(PlaceFailedError, match=r"recorded on first use \(20.*, https://a.org\)"):
        sums.verify("a", Digest("1" * 64, 7), "https://b.org")
    assert sums.read()["a"]["sha256"] == "0" * 64
    assert sums.verify("a", Digest("0" * 64, 7), "https://b.org") is False


@pytest.mark.parametrize("text", ["[]", '{"a": 1}', "{", ""])
def test_a_damaged_file_of_sums_is_never_overwritten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "recorded.json"
    path.write_text(text)
    with pytest.raises(PipelineError, match=r"recorded.json"):
        RecordedSums(path).verify("a", Digest("0" * 64, 7), "https://a.org")
    assert path.read_text() == text
