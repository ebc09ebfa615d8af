"""Where numbers came from: a hash that only content moves, and the time of every job."""

import pandas as pd
import pytest

from pipeline_lib.artefacts.atomic import read_json, write_json, write_text
from pipeline_lib.config.loading import read_run_config
from pipeline_lib.reporting.provenance import git_state, provenance, rule_times
from pipeline_lib.reporting.results_table import published_sources, write_reference


@pytest.fixture
def lock(tmp_path):
    write_json({"sources": {}}, tmp_path / "lock.json")
    return tmp_path / "lock.json"


def test_the_hash_is_that_of_the_configuration(root, lock, tmp_path):
    run = read_run_config(root / "config" / "quickstart.yaml")
    first = provenance(run, lock, tmp_path, root)
    again = provenance(run.model_copy(), lock, tmp_path, root)
    other = provenance(run.model_copy(update={"description": "another"}), lock, tmp_path, root)
    assert first["configuration_sha256"] == again["configuration_sha256"] != other["configuration_sha256"]


def test_it_tells_versions_hardware_and_seeds(root, lock, tmp_path):
    content = provenance(read_run_config(root / "config" / "quickstart.yaml"), lock, tmp_path, root)
    assert {"torch", "numpy", "snakemake"} <= set(content["packages"])
    assert content["hardware"]["cores"] >= 1
    assert content["seeds"]["models"] == [0]


def test_jobs_are_listed_from_the_longest(tmp_path):
    for name, seconds in (("a", 1.5), ("b", 60.0)):
        write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:01\t-\n", tmp_path / f"{name}.tsv")
    assert rule_times(tmp_path) == [
        {"job": "b", "seconds": 60.0, "peak_mb": None},
        {"job": "a", "seconds": 1.5, "peak_mb": None},
    ]


def test_a_measurement_that_a_power_loss_emptied_is_passed_over(tmp_path):
    write_text("s\th:m:s\tmax_rss\n1.5\t0:00:01\t-\n", tmp_path / "whole.tsv")
    for name, content in (("empty", ""), ("zeros", "\0" * 40), ("cut", "s\th:m:s\tmax_rss\n1.")):
        (tmp_path / f"{name}.tsv").write_text(content)
    assert [row["job"] for row in rule_times(tmp_path)] == ["whole"]


def test_outside_a_checkout_there_is_no_commit(tmp_path):
    assert git_state(tmp_path) == {}


def test_reference_tables_stay_small_and_carry_their_provenance(run_folder, tmp_path):
    write_reference(run_folder, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "differences.csv",
        "leaderboard.csv",
        "noise_ceiling.csv",
        "p_value_correlations.csv",
        "p_values.csv",
        "provenance.json",
        "scoreboard.csv",
        "screens.csv",
    }
    assert all(path.stat().st_size < 1e6 for path in tmp_path.iterdir())
    # Of two-tailed P-values both questions are published: the size of a prediction, and how negative it is.
    quantities = set(pd.read_csv(tmp_path / "p_value_correlations.csv")["quantity"])
    assert quantities >= {"spearman_size", "enrichment_size", "spearman", "enrichment"}
    content = read_json(tmp_path / "provenance.json")
    assert content["configuration_sha256"] == read_json(run_folder / "provenance.json")["configuration_sha256"]


def test_the_worth_of_every_part_is_published_with_its_interval(run_folder, tmp_path):
    write_reference(run_folder, tmp_path)
    table = pd.read_csv(tmp_path / "differences.csv")
    ablation = table[(table["model"] == "clp_no_metabolism") & (table["reference"] == "clp")]
    assert len(ablation)
    assert ablation[["value", "low", "high", "q_value", "seeds"]].notna().all().all()
    assert not ((table["model"] == "mean") & (table["role"] == "reference")).any(), "no part of the model"


def test_where_a_machine_took_its_copy_from_is_not_published():
    source = {"url": "https://example.org/a", "place": "mirror copy /home/someone/a", "sha256": "0" * 64}
    assert published_sources({"a": source}) == {"a": {"url": "https://example.org/a", "sha256": "0" * 64}}
