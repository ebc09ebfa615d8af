"""Growth by medium beside measurements: a medium that fits is recognised, and intervals are paired."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.metabolism.measurements.benchmarks import growth_by_medium, media_benchmark
from pipeline_lib.metabolism.model.gem import Gem


@pytest.fixture(scope="module")
def fitness() -> pd.DataFrame:
    """Return fitness on a right and on a wrong medium; a tenth of 300 genes is lethal on each, others on either."""
    random = np.random.default_rng(3)
    right, wrong = (np.where(random.random(300) < 0.15, 0.0, random.uniform(0.2, 1, 300)) for _ in range(2))
    return pd.DataFrame({"wrong": wrong, "right": right}, index=[f"gene{at}" for at in range(300)])


def test_the_medium_of_the_measurement_is_recognised(fitness: pd.DataFrame) -> None:
    random = np.random.default_rng(4)
    essential = fitness["right"] == 0
    measured = fitness["right"] + random.normal(0, 0.1, 300)
    table = media_benchmark(fitness, essential, {"screen": measured}, resamples=200).set_index(["measure", "medium"])
    assert table.loc[("mcc", "right"), "value"] == pytest.approx(1)
    assert table.loc[("auroc", "right"), "value"] == pytest.approx(1)
    assert abs(table.loc[("mcc", "wrong"), "value"]) < 0.2
    for measure in ("pearson", "spearman"):
        right, wrong = table.loc[(measure, "right")], table.loc[(measure, "wrong")]
        assert right["low"] < right["value"] < right["high"]
        assert right["difference_low"] > 0
        assert wrong[["difference", "difference_low", "difference_high"]].tolist() == [0, 0, 0]
    assert table.loc[("pearson", "right"), "value"] == pytest.approx(np.corrcoef(fitness["right"], measured)[0, 1])


def test_measures_are_those_of_the_libraries(fitness: pd.DataFrame) -> None:
    from scipy.stats import spearmanr
    from sklearn.metrics import matthews_corrcoef, roc_auc_score

    essential = pd.Series(np.random.default_rng(5).random(300) < 0.2, index=fitness.index)
    measured = pd.Series(np.random.default_rng(6).random(300), index=fitness.index)
    table = media_benchmark(fitness, essential, {"screen": measured}, resamples=10).set_index(["measure", "medium"])
    growth = fitness["right"]
    assert table.loc[("mcc", "right"), "value"] == pytest.approx(matthews_corrcoef(essential, growth < 1e-6))
    assert table.loc[("auroc", "right"), "value"] == pytest.approx(roc_auc_score(essential, -growth))
    assert table.loc[("spearman", "right"), "value"] == pytest.approx(spearmanr(growth, measured).statistic)


def test_what_nobody_measured_is_not_compared(fitness: pd.DataFrame) -> None:
    measured = pd.Series([0.5], index=["gene1"])
    essential = fitness["right"] == 0
    table = media_benchmark(fitness, essential, {"too few": measured}, resamples=10)
    assert set(table["data"]) == {"essential genes"}
    assert not len(media_benchmark(fitness, essential.head(0), {"too few": measured}, resamples=10))


def test_a_medium_that_does_not_fit_is_left_out_with_the_reason(textbook: Gem) -> None:
    reactions = textbook.reactions.assign(id="x" + textbook.reactions["id"])
    renamed = Gem(textbook.id, textbook.metabolites, reactions, textbook.stoichiometry, textbook.genes)
    table = growth_by_medium(renamed, ["model", "sga_dm"])
    assert list(table.columns) == ["model"]
    assert table.loc["b0720", "model"] == 0
    assert "does not fit" in table.attrs["left_out"]["sga_dm"] or "do not fit" in table.attrs["left_out"]["sga_dm"]


def test_the_command_takes_deletions_alone(textbook: Gem, tmp_path: Path, index_of_genes: Any) -> None:
    """A ts allele is no deletion: its fitness is not held against a knockout's."""
    from click.testing import CliRunner

    from pipeline_lib.artefacts import schemas
    from pipeline_lib.artefacts.tables import write_table
    from pipeline_lib.metabolism.cli import app

    genes = list(textbook.genes)
    write_table(index_of_genes(textbook.genes, frozenset(genes[:40])), tmp_path / "genes.parquet", schemas.GENES)
    growth = growth_by_medium(textbook, ["model"])["model"]
    kinds = [["deletion"]] * 100 + [["ts"]] * 37
    values = [*growth[genes[:100]], *np.zeros(37)]
    table = {"screen": "mine", "genes": [[gene] for gene in genes], "order": 1, "phenotype": "fitness"}
    pd.DataFrame({**table, "value": values, "kinds": kinds}).to_parquet(tmp_path / "observations.parquet")
    arguments = [f"--{name}={tmp_path}/{name}.parquet" for name in ("genes", "observations")]
    output = tmp_path / "media.parquet"
    options = [f"--growth={tmp_path}/growth.parquet", f"--output={output}"]
    done = CliRunner().invoke(app, ["media", "--gem=cobra:textbook", *arguments, *options])
    assert done.exit_code == 0, done.output
    found = pd.read_parquet(output).set_index(["data", "measure", "medium"])
    assert found.loc[("mine", "pearson", "model"), "value"] == pytest.approx(1)
    assert found.loc[("mine", "pearson", "model"), "genes"] == 100
    assert found.loc[("essential genes", "mcc", "model"), "genes"] == 137
    grown = pd.read_parquet(tmp_path / "growth.parquet").set_index(["gene", "medium"])["fitness"]
    assert grown[("b0720", "model")] == pytest.approx(0, abs=1e-9)
    assert grown[("b1723", "model")] == pytest.approx(1)
    assert found.loc[("mine", "pearson", "model"), "wild_type_growth"] == pytest.approx(0.8739215, rel=1e-6)
    done = CliRunner().invoke(app, ["media", "--gem=cobra:textbook", "--background=b3956", *arguments, *options])
    assert done.exit_code == 0, done.output
    found = pd.read_parquet(output).set_index(["data", "measure", "medium"])["wild_type_growth"]
    assert found["mine", "pearson", "model"] == pytest.approx(0.8739215 * grown["b3956", "model"], rel=1e-6)
    grown = pd.read_parquet(tmp_path / "growth.parquet").set_index(["gene", "medium"])["fitness"]
    assert grown["b3956", "model"] == pytest.approx(1), "the strain lacks it anyway"
