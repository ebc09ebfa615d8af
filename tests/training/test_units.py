"""The unit of an assay is what its screen states, or what its phenotype means by itself."""

import json

import pandas as pd
import pytest

from pipeline_lib.training.run_files import unit_of

SCREENS = {
    "emap": {"reader": "emap", "files": {"scores": "a.txt"}},
    "ours": {
        "reader": "table",
        "files": {"table": "b.csv"},
        "columns": {"genes": "g", "value": "v"},
        "unit": "log2 fold change",
    },
    "silent": {"reader": "table", "files": {"table": "c.csv"}, "columns": {"genes": "g", "value": "v"}},
    "of_another_version": {"reader": "table", "colour": "red"},
}


@pytest.mark.parametrize(
    ("screen", "phenotype", "unit"),
    [
        ("emap", "interaction", "S-score"),
        ("ours", "interaction", "log2 fold change"),
        ("ours", "fitness", "log2 fold change"),
        ("ours", "call", "0 or 1"),
        ("silent", "interaction", None),
        ("silent", "fitness", "fitness units"),
        ("of_another_version", "interaction", None),
        ("not_there", "interaction", None),
        ("", "interaction", "fitness units"),
    ],
)
def test_units_come_from_the_configuration_that_the_run_kept(tmp_path, screen, phenotype, unit):
    (tmp_path / "provenance.json").write_text(json.dumps({"configuration": {"screens": SCREENS}}))
    assert unit_of(tmp_path, screen, phenotype) == unit


def test_a_unit_of_the_summary_comes_first(tmp_path):
    (tmp_path / "tables").mkdir()
    pd.DataFrame({"screen": ["a", "b", "a"], "unit": ["S-score", None, "S-score"]}).to_parquet(
        tmp_path / "tables" / "screens_summary.parquet"
    )
    assert unit_of(tmp_path, "a", "interaction") == "S-score"
    assert unit_of(tmp_path, "b", "interaction") is None


def test_a_run_that_records_nothing_has_no_unit_of_interactions(tmp_path):
    assert unit_of(tmp_path, "emap", "interaction") is None
