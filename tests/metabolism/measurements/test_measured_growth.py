"""Flux balance beside measurements: which rows are compared, by subsystem, and why the strongest are there."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from pipeline_lib.artefacts import schemas
from pipeline_lib.artefacts.schemas import EXPLANATIONS, MEDIA, SUBSYSTEM_BENCHMARK
from pipeline_lib.artefacts.tables import read_table, write_table
from pipeline_lib.metabolism.cli import app
from pipeline_lib.metabolism.knockouts.growth_tables import knockout_growth
from pipeline_lib.metabolism.measurements.agreement import measured_growth, strongest_interactions
from pipeline_lib.metabolism.measurements.benchmarks import gene_subsystems, subsystem_benchmark
from pipeline_lib.metabolism.medium import media_table
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.stoichiometry import incidence_table, network_of

PAIRS = [["b1723", "b3916"], ["b0728", "b0729"], ["b0116", "b0726"], ["b1723", "b0720"]]
"""The two phosphofructokinases, subunits of two enzymes, and two genes of different pathways."""


@pytest.fixture(scope="module")
def run(textbook: Gem, tmp_path_factory: pytest.TempPathFactory, index_of_genes: Any) -> Path:
    """Return a run of the E. coli core: its tables, what was measured of pairs, and their knockouts."""
    folder = tmp_path_factory.mktemp("run")
    network = network_of(textbook)
    write_table(index_of_genes(textbook.genes), folder / "genes.parquet", schemas.GENES)
    write_table(textbook.reactions, folder / "reactions.parquet", schemas.REACTIONS)
    write_table(textbook.metabolites, folder / "metabolites.parquet", schemas.METABOLITES)
    write_table(incidence_table(textbook.stoichiometry), folder / "incidence.parquet", schemas.INCIDENCE)
    write_table(network.rules.to_table(), folder / "complexes.parquet", schemas.COMPLEXES)
    write_table(media_table(textbook, "model", {}), folder / "media.parquet", MEDIA)
    solved = knockout_growth(textbook, PAIRS, threads=1, progress=False)
    fitness = solved["fitness"].to_numpy()
    interaction = np.array([fitness[0] - 1.0, 0.0, 0.0, 0.0])
    solved = solved[["genes", "growth", "fitness"]].assign(
        order=2, medium="model", screens="*", interaction=interaction
    )
    solved.to_parquet(folder / "knockouts.parquet")
    rows = [
        ("screen", pair, 2, "interaction", value, ["deletion"] * 2)
        for pair, value in zip(PAIRS, (-0.8, 0.0, 0.1, 0.0), strict=True)
    ]
    rows += [
        ("screen", PAIRS[0], 2, "interaction", -0.6, ["deletion"] * 2),
        ("screen", PAIRS[0], 2, "interaction", 0.9, ["deletion", "ts"]),
    ]
    columns = ["screen", "genes", "order", "phenotype", "value", "kinds"]
    pd.DataFrame(rows, columns=columns).to_parquet(folder / "observations.parquet")
    return folder


def joined(run: Path) -> pd.DataFrame:
    return measured_growth(run / "observations.parquet", run / "knockouts.parquet", run / "genes.parquet")


def test_repeats_are_averaged_and_partial_alleles_left_out(run: Path) -> None:
    table = joined(run)
    assert len(table) == len(PAIRS)
    strongest = table.sort_values("predicted").iloc[0]
    assert strongest["value"] == pytest.approx(-0.7)
    assert strongest["medium"] == "model"


def test_the_strongest_are_of_one_sign_in_both(run: Path) -> None:
    chosen = strongest_interactions(joined(run), {2: 10, 3: 5})
    assert len(chosen) == 1
    assert chosen.iloc[0][["rank", "order"]].tolist() == [1, 2]
    for unseen in (0.0, -0.019):
        assert not len(strongest_interactions(joined(run).assign(predicted=unseen), {2: 10})), "no screen sees it"


def test_simulated_screens_fill_up_after_real_ones() -> None:
    row = {"phenotype": "interaction", "order": 2, "gene_1": 0, "gene_3": -1, "medium": "model", "predicted": -0.1}
    real = [{**row, "screen": "real", "gene_2": gene, "value": value} for gene, value in ((1, -0.1), (2, 0.2))]
    simulated = [{**row, "screen": "made", "gene_2": gene, "value": value} for gene, value in ((3, -0.9), (4, -0.8))]
    chosen = strongest_interactions(pd.DataFrame(real + simulated), {2: 2}, ["made"])
    assert chosen["gene_2"].tolist() == [1, 3]
    assert chosen["rank"].tolist() == [1, 2]


def test_a_called_triple_is_a_negative_interaction() -> None:
    row = {"screen": "calls", "phenotype": "call", "order": 3, "gene_1": 0, "gene_2": 1, "gene_3": 2, "medium": "model"}
    rows = pd.DataFrame([{**row, "value": 1.0, "predicted": 0.5}, {**row, "gene_3": 3, "value": 0.0, "predicted": 0.9}])
    chosen = strongest_interactions(rows, {3: 5})
    assert chosen["gene_3"].tolist() == [2]
    assert chosen["predicted"].tolist() == [-0.5]


def test_phosphofructokinases_are_explained_by_their_one_reaction(run: Path) -> None:
    tables = ("reactions", "incidence", "complexes", "genes", "metabolites", "media", "observations", "knockouts")
    output = run / "explanations.parquet"
    arguments = [f"--{name}={run}/{name}.parquet" for name in tables]
    done = CliRunner().invoke(app, ["explain", *arguments, "--screen=screen", f"--output={output}"])
    assert done.exit_code == 0, done.output
    table = read_table(output, EXPLANATIONS)
    blocked = table[table["finding"] == "blocked reaction"]
    assert blocked["id"].tolist() == ["PFK"]
    assert sorted(blocked["genes"].iloc[0]) == PAIRS[0]
    assert table.loc[table["finding"] == "rescuing reaction", "value"].tolist() == pytest.approx([1.0])


def test_a_run_without_a_shared_interaction_has_an_empty_table(run: Path) -> None:
    tables = ("reactions", "incidence", "complexes", "genes", "metabolites", "media", "observations", "knockouts")
    output = run / "none.parquet"
    arguments = [f"--{name}={run}/{name}.parquet" for name in tables]
    done = CliRunner().invoke(app, ["explain", *arguments, "--screen=another", f"--output={output}"])
    assert done.exit_code == 0, done.output
    assert not len(read_table(output, EXPLANATIONS))


def singles(values: np.ndarray, predicted: np.ndarray) -> pd.DataFrame:
    at = np.arange(len(values))
    return pd.DataFrame(
        {
            "screen": "mine",
            "phenotype": "fitness",
            "order": 1,
            "gene_1": at,
            "gene_2": -1,
            "gene_3": -1,
            "value": values,
            "predicted": predicted,
        }
    )


def test_a_subsystem_that_flux_balance_knows_stands_out() -> None:
    random = np.random.default_rng(0)
    predicted = random.uniform(0, 1, 120)
    known = np.arange(120) < 60
    values = np.where(known, predicted + random.normal(0, 0.05, 120), random.uniform(0, 1, 120))
    subsystems = pd.DataFrame({"gene_index": np.arange(120), "subsystem": np.where(known, "known", "unknown")})
    small = pd.DataFrame({"gene_index": np.arange(5), "subsystem": "small"})
    table = subsystem_benchmark(singles(values, predicted), pd.concat([subsystems, small]), resamples=200)
    of = table.set_index("subsystem")
    assert set(of.index) == {"all", "known", "unknown"}
    assert of.loc["known", "low"] > 0.9
    assert of.loc["unknown", "low"] < 0 < of.loc["unknown", "high"]
    expected = np.corrcoef(predicted[known], values[known])[0, 1]
    assert of.loc["known", "value"] == pytest.approx(expected)
    assert of.loc["all", ["n", "genes", "predicted"]].tolist() == [120, 120, 120]


def test_a_constant_prediction_has_no_correlation_and_pairs_of_one_gene_widen_the_interval() -> None:
    random = np.random.default_rng(1)
    values = random.normal(size=60)
    nothing = pd.DataFrame({"gene_index": pd.Series(dtype="int64"), "subsystem": pd.Series(dtype="object")})
    flat = subsystem_benchmark(singles(values, np.ones(60)), nothing, resamples=50)
    assert flat["value"].isna().all()
    assert flat["predicted"].tolist() == [0]
    predicted = values + random.normal(size=60)
    apart = subsystem_benchmark(singles(values, predicted), nothing, resamples=400)
    pairs = singles(values, predicted).assign(gene_1=np.arange(60) % 3, gene_2=10 + np.arange(60), order=2)
    together = subsystem_benchmark(pairs, nothing, resamples=400)
    assert (together["high"] - together["low"]).iloc[0] > (apart["high"] - apart["low"]).iloc[0]


def test_a_gene_serves_each_subsystem_of_its_reactions_once() -> None:
    complexes = pd.DataFrame({"complex_index": [0, 1, 2], "reaction_index": [0, 1, 2], "gene_index": [4, 4, 4]})
    reactions = pd.DataFrame({"reaction_index": [0, 1, 2], "subsystem": ["TCA", "TCA", ""]})
    assert gene_subsystems(complexes, reactions).to_numpy().tolist() == [[4, "TCA"]]


def test_the_command_writes_its_contract(run: Path) -> None:
    output = run / "subsystems.parquet"
    names = ("reactions", "complexes", "genes", "observations", "knockouts")
    arguments = [f"--{name}={run}/{name}.parquet" for name in names]
    done = CliRunner().invoke(app, ["subsystem-benchmark", *arguments, f"--output={output}"])
    assert done.exit_code == 0, done.output
    assert not len(read_table(output, SUBSYSTEM_BENCHMARK)), "four pairs are too few"
