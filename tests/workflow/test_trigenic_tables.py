"""The full epsilon and tau tables: ``config/trigenic.yaml`` on files in exactly their layouts, put into a mirror."""

import csv
from pathlib import Path

import pandas as pd
import pytest
import yaml

LAYOUTS = {
    "costanzo2016": ["SGA_ExE.txt", "SGA_ExN_NxE.txt", "SGA_NxN.txt", "SGA_DAmP.txt"],
    "kuzmin2018": ["aao1729_data_s1.tsv"],
    "kuzmin2020": ["aaz5667-Table-S1.xlsx", "aaz5667-Table-S3.xlsx"],
}
SIZE = {"arrays": 60, "triples": 400, "queries": 12}
RUN = ("--cores", "2", "--configfile", "small.yaml")


def configure(checkout: Path, **content: object) -> None:
    (checkout / "small.yaml").write_text(yaml.safe_dump(content))


def simulate(snakemake, checkout: Path, mirror: Path) -> Path:
    """Simulate yeast-GEM in the three layouts and return a mirror that holds them beside the real files."""
    simulation = {name: {"layout": name, **SIZE} for name in LAYOUTS}
    configure(checkout, base="config/config.yaml", run="layouts", simulation=simulation)
    files = [f"results/layouts/simulated/{name}/{file}" for name, files in LAYOUTS.items() for file in files]
    done = snakemake(*files, *RUN, cwd=checkout, PIPELINE_MIRROR=str(mirror))
    assert done.returncode == 0, done.stdout + done.stderr
    full = checkout / "mirror"
    for source in mirror.rglob("*"):
        if source.is_file():
            target = full / source.relative_to(mirror)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(source)
    names = [file.removeprefix("results/layouts/simulated/") for file in files]
    for name, file in zip(names, files, strict=True):
        (full / name).symlink_to(checkout / file)
    forget_checksums(checkout, names)
    return full


def forget_checksums(checkout: Path, names: list[str]) -> None:
    """Take the checksums of published tables out of the checkout's catalogue: simulated ones stand in for them."""
    catalogue = checkout / "config/sources.yaml"
    sources = yaml.safe_load(catalogue.read_text())
    for name in names:
        sources[name].pop("sha256", None)
    catalogue.write_text(yaml.safe_dump(sources, sort_keys=False))


@pytest.fixture
def results(snakemake, checkout, mirror) -> Path:
    full = simulate(snakemake, checkout, mirror)
    grid = [{"models": ["mean", "query_mean"], "splits": ["query_disjoint"]}]
    splits = {"names": ["query_disjoint", "cross_screen"], "cross_screen_test": ["kuzmin2020"]}
    simulation = {"yeast-gem": {"triples": 500, "arrays": 60}}
    configure(checkout, base="config/trigenic.yaml", grid=grid, splits=splits, simulation=simulation)
    board = "results/trigenic/evaluation/leaderboard.parquet"
    done = snakemake(
        board, "results/trigenic/splits/cross_screen.parquet", *RUN, cwd=checkout, PIPELINE_MIRROR=str(full)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return checkout / "results"


def test_files_in_the_published_layouts_give_their_epsilon_and_tau(results):
    table = pd.read_parquet(results / "trigenic/tables/observations.parquet")
    of = dict(list(table.groupby("screen")))

    with (results / "layouts/simulated/kuzmin2018/aao1729_data_s1.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    adjusted = [float(row["Adjusted genetic interaction score (epsilon or tau)"]) for row in rows]
    kuzmin = of["kuzmin2018"]
    read = kuzmin[kuzmin["phenotype"] == "interaction"]
    assert sorted(read["value"].round(6)) == pytest.approx(sorted(round(value, 6) for value in adjusted), abs=1e-6)
    assert {"deletion"} >= set(kuzmin["kinds"].explode()) - {"ts", "damp"}

    for screen in ("kuzmin2018", "kuzmin2020"):
        scored = of[screen][of[screen]["phenotype"] == "interaction"]
        assert set(scored["order"]) == {2, 3}
        measured = scored.dropna(subset=["p_value"])
        assert (measured["p_sided"] == 1).all(), "Kuzmin's P-values are one-sided"
        assert measured["p_value"].max() <= 0.5
        assert "YDL227C" not in set(scored["genes"].explode()), "the neutral marker is no deletion of interest"
    pairs = of["costanzo2016_pairs"]
    assert set(pairs.loc[pairs["phenotype"] == "interaction", "order"]) == {2}
    assert (pairs.loc[pairs["p_value"].notna(), "p_sided"] == 1).all(), "so are those of the same scoring program"

    rejected = pd.read_parquet(results / "trigenic/tables/rejected.parquet")
    assert not set(rejected["screen"]) & {"kuzmin2018", "kuzmin2020", "costanzo2016_pairs"}

    board = pd.read_parquet(results / "trigenic/evaluation/leaderboard.parquet")
    assert {"kuzmin2018", "kuzmin2020", "costanzo2016_pairs"} <= set(board["screen"])

    folds = pd.read_parquet(results / "trigenic/splits/cross_screen.parquet").merge(
        table[["observation_id", "screen"]], on="observation_id"
    )
    assert set(folds.loc[folds["fold"] == "test", "screen"]) == {"kuzmin2020"}
