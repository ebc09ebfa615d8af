"""A file is written whole or not at all."""

import errno
import os
import stat
import subprocess
import sys

import pytest

from pipeline_lib.artefacts.atomic import atomic_path, read_json, write_json, write_text
from pipeline_lib.errors import PipelineError


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    target = tmp_path / "table.tsv"
    write_text("old", target)

    def die_half_way():
        with atomic_path(target) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        die_half_way()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_the_target_appears_only_when_it_is_whole(tmp_path):
    target = tmp_path / "deep" / "table.tsv"
    with atomic_path(target) as temporary:
        temporary.write_text("whole")
        assert not target.exists()
        assert temporary.suffix == ".tsv"
    assert target.read_text() == "whole"


def test_the_data_and_the_folder_are_on_the_disk_before_and_after_the_rename(tmp_path, monkeypatch):
    happened = []
    flush, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (happened.append(os.fstat(handle).st_ino), flush(handle)))
    monkeypatch.setattr(os, "replace", lambda *a, **k: (happened.append("rename"), replace(*a, **k)))
    target = tmp_path / "table.tsv"
    write_text("whole", target)
    assert happened == [target.stat().st_ino, "rename", tmp_path.stat().st_ino]


DYING = """
import os, sys
from pipeline_lib.artefacts.atomic import atomic_path
with atomic_path(sys.argv[1]) as temporary:
    temporary.write_text("half")
    print(temporary, flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), 9)
"""


def test_what_a_killed_writer_left_is_swept_and_what_a_living_one_writes_is_not(tmp_path):
    target = tmp_path / "table.tsv"
    other = tmp_path / ".table.part-notes.txt"
    other.write_text("of another ending")
    with subprocess.Popen(
        [sys.executable, "-c", DYING, str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        temporary = writer.stdout.readline().strip()
        write_text("first", target)
        assert os.path.exists(temporary), "its writer lives"  # noqa: PTH110 - a printed path
        writer.communicate("\n")
    assert os.path.exists(temporary), "nobody can clean up after SIGKILL"  # noqa: PTH110
    write_text("second", target)
    assert target.read_text() == "second"
    assert sorted(tmp_path.iterdir()) == [other, target]


def test_others_may_read_what_the_umask_lets_them(tmp_path):
    target = tmp_path / "table.tsv"
    previous = os.umask(0o022)
    try:
        write_text("x", target)
    finally:
        os.umask(previous)
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


@pytest.mark.parametrize(
    ("code", "advice"),
    [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "read-only"), (errno.EACCES, "permission was denied")],
)
def test_an_error_of_the_file_system_states_what_to_do(tmp_path, code, advice):
    target = tmp_path / "table.tsv"
    with pytest.raises(PipelineError, match=rf"table.tsv could not be written: .*{advice}"), atomic_path(target):
        raise OSError(code, os.strerror(code))
    assert not list(tmp_path.iterdir())


def test_an_error_of_another_file_passes_through(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "table.tsv"):
        (tmp_path / "other").read_text()


def test_json_keeps_its_order_and_its_letters(tmp_path):
    write_json({"b": 1, "a": "hoΔ"}, tmp_path / "x.json")
    assert list(read_json(tmp_path / "x.json")) == ["b", "a"]
    assert "hoΔ" in (tmp_path / "x.json").read_text(encoding="utf-8")


def test_truncated_json_is_named(tmp_path):
    (tmp_path / "x.json").write_text('{"a": 1')
    with pytest.raises(PipelineError, match=r"x.json is not valid JSON"):
        read_json(tmp_path / "x.json")
    with pytest.raises(PipelineError, match="does not exist"):
        read_json(tmp_path / "y.json")
