"""Another organism from end to end: ``config/ecoli.yaml`` with a gene table and a screen that are made here."""

import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.model.gem import read_gem
from pipeline_lib.metabolism.model.stoichiometry import network_of

GENES, PAIRS = 30, 435
NOISE = 0.02
"""SD of a score, in units of the wild type's growth."""


def write_gene_table(path: Path, genes: tuple[str, ...]) -> None:
    """Write a table of the model's genes: a name and an alias each; every third one is not known to be essential."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(["id", "name", "aliases", "essential"])
        for number, gene in enumerate(sorted(genes)):
            essential = ("yes", "no", "")[min(number % 3, 2)]
            writer.writerow([gene, f"gene{number}", f"ECK{number:04d}|JW{number:04d}", essential])


def write_screen(path: Path) -> None:
    """Write noisy digenic interactions by flux balance analysis: every pair of genes whose deletion slows growth."""
    network = network_of(read_gem("cobra:iJO1366"))
    singles = np.arange(len(network.genes))[:, None]
    fitness = solve_knockouts(network, singles).fitness(singles)
    generator = np.random.default_rng(0)
    slow = np.flatnonzero((fitness > 0.1) & (fitness < 0.999))
    chosen = np.sort(generator.choice(slow, GENES, replace=False))
    first, second = (chosen[at] for at in np.triu_indices(GENES, 1))
    pairs = np.stack([first, second], axis=1)
    interaction = solve_knockouts(network, pairs).fitness(pairs) - fitness[first] * fitness[second]
    score = interaction + generator.normal(0, NOISE, PAIRS)
    names = np.array(network.genes)
    # As people write them: one column in capitals.
    table = pd.DataFrame({"gene_a": names[first], "gene_b": np.char.upper(names[second]), "score": score})
    table.assign(sd=NOISE).to_csv(path, index=False)


@pytest.fixture
def finished(snakemake, checkout: Path) -> Path:
    """Return the results of the run."""
    write_gene_table(checkout / "ecoli_genes.tsv", read_gem("cobra:iJO1366").genes)
    write_screen(checkout / "ecoli_screen.csv")
    done = snakemake("--cores", "2", "--configfile", "config/ecoli.yaml", cwd=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    return checkout / "results/ecoli"


def test_a_screen_of_e_coli_ends_in_a_report_about_e_coli(finished: Path) -> None:
    genes = pd.read_parquet(finished / "tables/genes.parquet")
    assert len(genes) == 1367
    assert genes["in_gem"].all()
    assert genes["essential"].isna().sum() == 1367 // 3

    coverage = pd.read_parquet(finished / "tables/gene_coverage.parquet").set_index("kind")
    assert coverage.loc["model", ["named", "known"]].tolist() == [1367, 1367]
    assert coverage.loc["screen", "named"] == coverage.loc["screen", "known"] == GENES

    observations = pd.read_parquet(finished / "tables/observations.parquet")
    assert len(observations) == PAIRS
    assert observations["genes"].explode().str.fullmatch(r"[bs]\d{4}").all()

    board = pd.read_parquet(finished / "evaluation/leaderboard.parquet")
    assert {"mean", "gene_ridge"} <= set(board["model"])

    page = (finished / "report.html").read_text(encoding="utf-8")
    assert "Gene names that the gene table knows" in page
    assert "1367" in page.replace(",", "")
    # Whole words: the page carries its pictures as letters and digits.
    named = set(re.findall(r"\b(?:yeast|cerevisiae|SGD|Kuzmin|Costanzo|Collins|hoΔ|YDL227C)\b", page))
    assert not named, "a page about E. coli has nothing to say of them"
