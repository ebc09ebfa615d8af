"""What an edit or a new dataset remakes: only what depends on it."""

import os

import pytest
import yaml

from tests.workflow.conftest import rules_of

QUICKSTART = ("--configfile", "config/quickstart.yaml", "--cores", "1")
CONFIG = (
    "base: config/quickstart.yaml\nscreens:\n"
    "  our_lab:\n    reader: table\n    files: {table: lab.csv}\n"
    "    columns: {gene1: gene_a, gene2: gene_b, value: epsilon}\n"
)
MINE = ("--configfile", "mine.yaml", "--cores", "1")


@pytest.fixture
def finished(snakemake, checkout):
    """Return a checkout whose run counts as finished: every output is there, empty, with Snakemake's record of it."""
    (checkout / "lab.csv").write_text("gene_a,gene_b,epsilon\nb0008,b0114,-0.1\n")
    (checkout / "mine.yaml").write_text(CONFIG)
    summary = snakemake("--summary", *MINE, cwd=checkout)
    assert summary.returncode == 0, summary.stderr
    for line in summary.stdout.splitlines():
        path = checkout / line.split("\t")[0]
        if line.startswith("results/"):
            path.parent.mkdir(parents=True, exist_ok=True)
            # The drawings that Snakemake's own report lists are a folder for each topic.
            path.mkdir() if path.parent.name == "listed" else path.touch()
    touched = snakemake("--touch", "--forceall", *MINE, cwd=checkout)
    assert touched.returncode == 0, touched.stderr
    assert rules_of(snakemake("-n", *MINE, cwd=checkout).stdout) == {}
    return checkout


def test_an_edit_in_the_reporting_code_retrains_nothing(snakemake, finished):
    reporting = finished / "pipeline_lib" / "reporting"
    sheet, style = reporting / "page" / "report.css", reporting / "style.py"
    sheet.write_text(sheet.read_text() + "/* another colour */\n")
    assert set(rules_of(snakemake("-n", *MINE, cwd=finished).stdout)) == {"report", "gallery", "default"}

    style.write_text(style.read_text().replace('INK = "#24292f"', 'INK = "#000000"'))
    rules = set(rules_of(snakemake("-n", *MINE, cwd=finished).stdout)) - {"report", "gallery", "default"}
    assert "figures_leaderboard" in rules
    assert all(rule.startswith("figures_") for rule in rules), rules


def test_a_new_dataset_reads_that_dataset_alone(snakemake, finished):
    (finished / "lab.csv").write_text("gene_a,gene_b,epsilon\nb0008,b0114,-0.2\n")
    rules = rules_of(snakemake("-n", *MINE, cwd=finished).stdout)
    assert rules["read_screen"] == 1, "the other screen stays as it is"
    assert {"observations", "fit", "leaderboard", "figures_datasets", "report"} <= set(rules)
    untouched = {"genes", "metabolism", "simulate", "networks", "cell_graph", "figures_metabolism", "figures_networks"}
    assert not untouched & set(rules)


def test_an_own_table_is_an_input_by_content_not_by_age(snakemake, finished):
    table = finished / "lab.csv"
    os.utime(table)
    assert rules_of(snakemake("-n", *MINE, cwd=finished).stdout) == {}, "the same content"
    table.write_text(table.read_text().replace("-0.1", "-0.2"))
    os.utime(table, (0, 0))
    rules = rules_of(snakemake("-n", *MINE, cwd=finished).stdout)
    assert rules["read_screen"] == 1
    assert {"observations", "split", "fit", "leaderboard", "lock_sources", "report"} <= set(rules)


def test_a_further_draw_makes_no_split_and_no_fit_anew(snakemake, finished):
    config = yaml.safe_load(CONFIG)
    config["splits"] = {"names": ["random", "query_disjoint", "random-1"]}
    config["grid"] = [
        {"models": ["mean"], "splits": ["random-1"]},
        *yaml.safe_load((finished / "config" / "quickstart.yaml").read_text())["grid"],
    ]
    (finished / "mine.yaml").write_text(yaml.safe_dump(config))
    rules = rules_of(snakemake("-n", *MINE, cwd=finished).stdout)
    assert (rules["split"], rules["fit"]) == (1, 1)
    assert "fit_on_gpu" not in rules
    assert "leaderboard" in rules


def test_a_further_seed_and_an_ablation_fit_nothing_again(snakemake, finished):
    config = yaml.safe_load(CONFIG)
    grid = yaml.safe_load((finished / "config" / "quickstart.yaml").read_text())["grid"]
    added = {"models": ["clp_derived", "clp"], "splits": ["random"], "seeds": [0, 1]}
    (finished / "mine.yaml").write_text(yaml.safe_dump({**config, "grid": [added, *grid]}))
    rules = rules_of(snakemake("-n", *MINE, cwd=finished).stdout)
    assert rules["fit_on_gpu"] == 3, "two seeds of the ablation and one of clp"
    assert "fit" not in rules
    assert "closed_form" not in rules, "all of them read the one that is there"


def test_figures_alone_can_be_asked_for(snakemake, checkout):
    done = snakemake("-n", "figures", *QUICKSTART, cwd=checkout)
    assert done.returncode == 0, done.stderr
    assert "figures_p_values" in rules_of(done.stdout)
    assert "report" not in rules_of(done.stdout)
