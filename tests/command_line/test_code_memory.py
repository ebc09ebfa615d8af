"""The memory of hashes: it speeds a start up and never changes what it says."""

import json

import pytest

from pipeline_lib.command_line import code_hash as module
from pipeline_lib.command_line.code_hash import code_hash, remembered_code_hash

ENTRY = "pipeline_lib.evaluation.cli:leaderboard"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module.remembered.cache_clear()
    yield tmp_path
    module.remembered.cache_clear()


def forget():
    module.remembered.cache_clear()


def test_what_is_remembered_is_what_is_worked_out(folder):
    first = remembered_code_hash(ENTRY)
    forget()
    assert remembered_code_hash(ENTRY) == first == code_hash(ENTRY)
    assert json.loads((folder / module.CODE_MEMORY).read_text())["hashes"] == {ENTRY: first}


def test_the_memory_is_read():
    package = module.package_digest()
    module.remember(package, {ENTRY: "0123456789ab"})
    assert remembered_code_hash(ENTRY) == "0123456789ab"


def test_hashes_of_other_code_are_forgotten():
    module.remember("other", {ENTRY: "0123456789ab"})
    assert remembered_code_hash(ENTRY) == code_hash(ENTRY)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"package": 1, "hashes": []}', '{"hashes'])
def test_a_damaged_memory_is_no_memory(folder, content):
    (folder / ".snakemake").mkdir()
    (folder / module.CODE_MEMORY).write_text(content)
    assert remembered_code_hash(ENTRY) == code_hash(ENTRY)


def test_a_folder_that_cannot_be_written_is_no_error(folder):
    (folder / ".snakemake").write_text("a file where a folder belongs")
    assert remembered_code_hash(ENTRY) == code_hash(ENTRY)
