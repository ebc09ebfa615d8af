"""Whole runs of small own tables: from a csv file to a report, with a model that is trained."""

import zipfile
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from pipeline_lib.metabolism.model.gem import read_gem
from pipeline_lib.metabolism.model.stoichiometry import network_of

pytestmark = pytest.mark.slow


def own_table(checkout: Path, rows: int, phenotype: str) -> None:
    """Write a table of pairs of the E. coli core model, and a run of it with two cheap models and a trained one."""
    genes = network_of(read_gem("cobra:textbook")).genes
    random = np.random.default_rng(0)
    pairs = random.permutation(np.array(list(combinations(genes[:40], 2))))[:rows]
    table = pd.DataFrame(pairs, columns=["gene1", "gene2"])
    labels = (random.random(rows) < 0.3).astype(float)
    table["score"] = labels if phenotype == "call" else random.normal(0, 0.1, rows).round(4)
    table.to_csv(checkout / "own.csv", index=False)
    screen = {
        "reader": "table",
        "files": {"table": "own.csv"},
        "phenotype": phenotype,
        "columns": {"gene1": "gene1", "gene2": "gene2", "value": "score"},
    }
    content = {
        "run": "own",
        "metabolism": {"gem": "cobra:textbook"},
        "screens": {"mine": screen},
        "grid": [{"models": ["mean", "gene_ridge", "clp"], "splits": ["random"]}],
        "training": {"epochs": 2},
        "evaluation": {"resamples": 100, "ranking_resamples": 50},
        "reporting": {"png_dpi": 72},
    }
    (checkout / "own.yaml").write_text(yaml.safe_dump(content))


@pytest.mark.parametrize(
    ("rows", "phenotype", "sentence"),
    [
        (40, "interaction", "mine: nothing is called, for no threshold is stated"),
        (300, "call", "mine: a call is a label of the table"),
        (60, "raw_interaction", "its values are of the phenotype &#39;raw_interaction&#39;"),
    ],
)
def test_a_small_own_table_ends_in_a_report(
    rows: int, phenotype: str, sentence: str, snakemake, checkout: Path
) -> None:
    own_table(checkout, rows, phenotype)
    packed = ("--report-after-run", "--report", "own.zip")
    done = snakemake("--cores", "2", "--configfile", "own.yaml", *packed, cwd=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sentence in (checkout / "results/own/report.html").read_text(encoding="utf-8")
    board = pd.read_parquet(checkout / "results/own/evaluation/leaderboard.parquet")
    assert set(board["model"]) == {"mean", "gene_ridge", "clp"}
    ranked = board.loc[board["metric"] == "average_precision", "phenotype"]
    assert set(ranked) == ({"call"} if phenotype == "call" else set())
    with zipfile.ZipFile(checkout / "own.zip") as packed_report:
        files = {Path(name).name for name in packed_report.namelist()}
    assert {"report.html", "scoreboard.svg", "leaderboard.svg", "ranked.csv"} <= files, "the page, figures and a table"
    assert "p_value_histograms.svg" not in files, "the table has no P-values, so nothing of theirs is listed"
