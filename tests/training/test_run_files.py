"""A fitted model's files are found in the folder of its run, or the sentence lists those there; units are stated."""

import json

import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.training.run_files import find_fit, unit_of

FITS = (
    "clp/random/seed0",
    "clp/random/seed1",
    "clp/query_disjoint/seed1",
    "clp/query_disjoint/seed2",
    "mean/query_disjoint/seed4",
    "fba/random-1/seed0",
    "fba/query_disjoint/seed0",
)
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


@pytest.fixture
def run(tmp_path):
    for fit in FITS:
        folder = tmp_path / "results" / "yeast" / "models" / fit
        folder.mkdir(parents=True)
        (folder / "model.pt").touch()
    # An interrupted fit has no model yet.
    (tmp_path / "results" / "yeast" / "models" / "dango" / "random" / "seed0").mkdir(parents=True)
    return tmp_path / "results" / "yeast"


@pytest.mark.parametrize(
    ("model", "split", "seed", "found"),
    [
        ("clp", None, None, "clp/random/seed0"),
        ("clp", None, 1, "clp/random/seed1"),
        ("clp", "query_disjoint", 2, "clp/query_disjoint/seed2"),
        ("mean", None, None, "mean/query_disjoint/seed4"),
    ],
)
def test_the_fit_that_is_meant_is_found(run, model, split, seed, found):
    assert find_fit(run, model, split, seed).fitted == run / "models" / found / "model.pt"


@pytest.mark.parametrize(
    ("model", "split", "seed", "message"),
    [
        ("clpp", None, None, "no fitted model 'clpp'; its models: clp, fba, mean."),
        ("dango", None, None, "no fitted model 'dango'"),
        ("clp", "gene_disjoint_one", None, "split 'gene_disjoint_one'; its splits: query_disjoint, random."),
        ("clp", None, 7, "split random was not fitted with seed '7'; its seeds: 0, 1."),
        ("clp", "query_disjoint", None, "several seeds; choose one by its seed: 1, 2."),
        ("fba", None, None, "several splits; choose one by its split: query_disjoint, random-1."),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(run, model, split, seed, message):
    with pytest.raises(PipelineError) as refused:
        find_fit(run, model, split, seed)
    assert message in str(refused.value)


def test_an_unknown_run_is_refused_with_the_runs_beside_it(run):
    # The checkout may hold runs of its own, which are listed behind.
    with pytest.raises(PipelineError, match=r"yest is no folder of a run.* runs with models: .*results/yeast[.,]"):
        find_fit(run.with_name("yest"), "clp")
    run.with_name("empty").mkdir()
    with pytest.raises(PipelineError, match=r"empty holds no fitted models"):
        find_fit(run.with_name("empty"), "clp")


def test_feature_tables_of_a_run_that_has_not_ended_are_not_taken_for_none(run):
    files = find_fit(run, "clp")
    assert files.features == []
    (run / "features").mkdir()
    (run / "features" / "phenotypes.parquet").touch()
    with pytest.raises(PipelineError, match=r"features/summary\.parquet does not exist; let the run end"):
        _ = files.features


@pytest.mark.parametrize(
    ("screen", "phenotype", "unit"),
    [
        ("emap", "interaction", "S-score"),
        ("ours", "interaction", "log2 fold change"),
        ("ours", "fitness", "log2 fold change"),
        ("ours", "call", "0 or 1"),
        ("silent", "interaction", ""),
        ("silent", "fitness", "fitness units"),
        ("of_another_version", "interaction", ""),
        ("not_there", "interaction", ""),
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
    assert unit_of(tmp_path, "b", "interaction") == ""


def test_a_run_that_records_nothing_has_no_unit_of_interactions(tmp_path):
    assert unit_of(tmp_path, "emap", "interaction") == ""
