"""No name out of a configuration reaches a shell unquoted, and names that become folders are plain."""

import re

import pytest

from pipeline_lib.config.loading import parse_run_config
from pipeline_lib.errors import PipelineError

HOSTILE = (
    "; touch x",
    "$(touch x)",
    "`touch x`",
    "a b",
    "../up",
    "/etc/passwd",
    "a\n",
    "-rf",
    "a'b",
    'a"b',
    "",
    ".x",
    "é",
)
CONFIG = {
    "run": "lab",
    "metabolism": {"gem": "cobra:textbook"},
    "screens": {"lab": {"reader": "kuzmin2018", "files": {"table": "x.tsv"}}},
    "grid": [{"models": ["mean"], "splits": ["random"]}],
}


def test_every_rule_quotes_what_it_fills_in(root):
    filled = 0
    for path in sorted((root / "workflow" / "rules").glob("*.smk")):
        for command in re.findall(r"\n +shell:\n((?: +\".*\n)+)", path.read_text(encoding="utf-8")):
            for name in re.findall(r"\{([^}]*)\}", command):
                filled += 1
                assert name.endswith(":q") or name == "threads", f"{path.name}: {{{name}}} is not quoted"
    assert filled > 100


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("key", ["run", "screens", "networks", "simulation"])
def test_a_name_that_becomes_a_folder_is_plain(key, name):
    sections = {
        "run": name,
        "screens": {name: CONFIG["screens"]["lab"]},
        "networks": {name: {"reader": "table", "files": {"table": "x.csv"}}},
        "simulation": {name: {}},
    }
    with pytest.raises(PipelineError, match="begin with a letter and use letters, digits, _ and - only"):
        parse_run_config({**CONFIG, key: sections[key]}, "mine.yaml")


@pytest.mark.parametrize("name", HOSTILE)
def test_models_splits_and_readers_are_known_names(name):
    with pytest.raises(PipelineError):
        parse_run_config({**CONFIG, "splits": {"names": [name]}}, "mine.yaml")
    with pytest.raises(PipelineError):
        parse_run_config({**CONFIG, "screens": {"lab": {"reader": name, "files": {"table": "x"}}}}, "mine.yaml")
