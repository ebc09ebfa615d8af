"""A file's checksum is worked out once, and again whenever its content may be another."""

import hashlib
import os
import time

import pytest

from pipeline_lib.command_line import code_hash
from pipeline_lib.command_line.code_hash import remembered_sha256
from pipeline_lib.errors import PipelineError


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Return a table that was written long enough ago to be remembered."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(code_hash, "_SETTLED_S", -1.0)
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n")
    return path


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_is_read_once(table, monkeypatch):
    assert remembered_sha256("table.csv") == sha256(table)
    monkeypatch.setattr(hashlib, "file_digest", lambda *_: pytest.fail("read again"))
    assert remembered_sha256("table.csv") == remembered_sha256(str(table)) == sha256(table)


def test_a_replaced_file_of_the_same_size_and_age_is_read_again(table):
    before, status = remembered_sha256("table.csv"), table.stat()
    time.sleep(0.05)
    table.write_text("a,b\n1,3\n")
    os.utime(table, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (table.stat().st_size, table.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)
    assert remembered_sha256("table.csv") == sha256(table) != before


def test_a_file_that_was_written_just_now_is_not_remembered(table, monkeypatch):
    monkeypatch.setattr(code_hash, "_SETTLED_S", 60.0)
    remembered_sha256(str(table))
    assert not code_hash.FILE_MEMORY.exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"table.csv', '{"%s": [1, 2]}'])
def test_a_damaged_memory_is_no_memory(table, content):
    code_hash.FILE_MEMORY.parent.mkdir()
    code_hash.FILE_MEMORY.write_text(content.replace("%s", str(table)))
    assert remembered_sha256("table.csv") == sha256(table)


def test_a_file_that_cannot_be_read_is_named(table):
    table.unlink()
    with pytest.raises(PipelineError, match=r"table\.csv cannot be read"):
        remembered_sha256("table.csv")
