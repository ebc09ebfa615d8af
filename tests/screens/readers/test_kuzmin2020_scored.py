"""The scored output of the trigenic protocol."""

from pathlib import Path

import numpy as np
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames
from tests.screens.conftest import Read

TWELVE = "scored_triple_test_small_digenic.txt.txt"
SIX = "scored_triple_test_small_trigenic.txt"

pytestmark = pytest.mark.mirror


@pytest.mark.parametrize("forms", [("twelve_columns",), ("six_columns",), ("twelve_columns", "six_columns")])
def test_both_forms_give_every_row(forms: tuple[str, ...], mirror: Path, yeast_names: GeneNames, read: Read) -> None:
    folder = mirror / "kuzmin2020"
    paths = {"twelve_columns": folder / TWELVE, "six_columns": folder / SIX}
    observations, rejected = read("kuzmin2020_scored", yeast_names, {form: paths[form] for form in forms})
    assert len(rejected) == 0
    raw = observations[observations["phenotype"] == "raw_interaction"]
    assert len(raw) == 10_432
    assert (raw["order"] == 3).sum() == 4_606
    assert raw["p_value"].notna().all()
    assert raw["p_value"].max() <= 0.5
    assert (raw["p_sided"] == 1).all()
    assert not (observations["phenotype"] == "interaction").any()


def test_raw_epsilon_is_observed_less_expected_fitness(mirror: Path, yeast_names: GeneNames, read: Read) -> None:
    path = mirror / "kuzmin2020" / TWELVE
    observations, _ = read("kuzmin2020_scored", yeast_names, {"twelve_columns": path})
    first = observations.iloc[0]
    assert first["value"] == pytest.approx(0.858510 - 0.856000)
    assert (first["query"], first["array"], first["p_value"]) == ("YAL015C+YDL227C_tm461", "YDR006C_dma836", 0.4753272)
    # A triple mutant's raw epsilon is its fitness less that of the double mutant times that of the array strain.
    wide = observations[(observations["order"] == 3)].pivot_table(
        index=["query", "array"], columns="phenotype", values="value"
    )
    fitness = observations[observations["phenotype"] == "fitness"]
    query = fitness[fitness["array"].isna()].set_index("query")["value"]
    array = fitness[fitness["query"].isna()].set_index("array")["value"]
    expected = wide.index.get_level_values(0).map(query) * wide.index.get_level_values(1).map(array)
    np.testing.assert_allclose(wide["fitness"] - expected, wide["raw_interaction"], atol=2e-6)


def test_the_sd_of_the_fitness_is_that_of_the_raw_score(mirror: Path) -> None:
    table = np.genfromtxt(mirror / "kuzmin2020" / TWELVE, usecols=(2, 3, 9, 10, 11))
    score, score_std, expected, observed, observed_std = table[np.abs(table[:, 2]) > 5].T
    # Scores in pixels and in fitness units differ by one factor a row; so do their SDs.
    np.testing.assert_allclose(observed_std / score_std, (observed - expected) / score, rtol=2e-3)


def test_forms_of_different_screens_are_refused(
    mirror: Path, tmp_path: Path, yeast_names: GeneNames, read: Read
) -> None:
    lines = (mirror / "kuzmin2020" / SIX).read_text().splitlines()
    fields = lines[5].split("\t")
    fields[2] = "0.9"
    other = tmp_path / "six.txt"
    other.write_text("\n".join([*lines[:5], "\t".join(fields), *lines[6:]]) + "\n")
    files = {"twelve_columns": mirror / "kuzmin2020" / TWELVE, "six_columns": other}
    with pytest.raises(PipelineError, match=r"six.txt: row 6: the score is not the raw epsilon"):
        read("kuzmin2020_scored", yeast_names, files)
