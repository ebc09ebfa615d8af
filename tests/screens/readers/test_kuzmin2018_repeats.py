"""The repeated rows of Kuzmin et al. 2018."""

from pathlib import Path

import pytest

from pipeline_lib.genes.names import GeneNames
from tests.screens.conftest import Read

pytestmark = pytest.mark.mirror


def test_every_published_row_is_read_and_its_p_value_is_one_sided(
    mirror: Path, yeast_names: GeneNames, read: Read
) -> None:
    path = mirror / "kuzmin2018" / "unique_triples.tsv"
    observations, rejected = read("kuzmin2018_repeats", yeast_names, {"table": path})
    assert len(observations) == 15_095
    assert len(rejected) == 0
    assert observations["p_value"].notna().all()
    assert observations["p_value"].max() == 0.5
    assert (observations["p_sided"] == 1).all()
    assert (observations["phenotype"] == "fitness").all()
    # 15,034 rows of control queries; the others are triple mutants.
    assert observations["order"].value_counts().to_dict() == {2: 15_034, 3: 61}


def test_the_first_row_by_hand(mirror: Path, yeast_names: GeneNames, read: Read) -> None:
    observations, _ = read("kuzmin2018_repeats", yeast_names, {"table": mirror / "kuzmin2018" / "unique_triples.tsv"})
    first = observations.iloc[0]
    assert first["genes"].tolist() == ["YDR108W", "YKL051W"]
    assert (first["value"], first["std"], first["p_value"]) == (0.835, 0.0464, 0.5)
    assert (first["query"], first["array"]) == ("YKL051W+YDL227C_tm3059", "YDR108W_dma909")
    triple = observations[observations["order"] == 3].iloc[0]
    assert triple["query"] == "YIL005W+YKL207W_tm2420"
    assert {"YIL005W", "YKL207W"} < set(triple["genes"])
