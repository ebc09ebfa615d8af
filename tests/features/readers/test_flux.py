"""What the metabolic model says of single genes."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from tests.features.conftest import build
from tests.networks.conftest import gene_table


@pytest.fixture(scope="module")
def bacteria() -> pd.DataFrame:
    """Return genes of the E. coli core model: citrate synthase, enolase, phosphofructokinases, and one it lacks."""
    genes, names = ["b0720", "b2779", "b3916", "b1723", "b9999"], ["gltA", "eno", "pfkA", "pfkB", "none"]
    return gene_table(genes, names, [[] for _ in genes])


def test_enolase_and_citrate_synthase_are_needed_and_an_isozyme_is_not(bacteria: pd.DataFrame) -> None:
    table = build("flux", {"gem": Path("cobra:textbook")}, bacteria)
    assert table["fitness_minimal"].round(6).to_dict() == {"gltA": 0.0, "eno": 0.0, "pfkA": 1.0, "pfkB": 1.0}
    assert table.loc["eno", "sole_reactions"] == 1
    assert table.loc["pfkA", "sole_reactions"] == 0
    assert table.loc["eno", "flux_minimal"] > 0


def test_an_unknown_medium_is_refused(bacteria: pd.DataFrame) -> None:
    with pytest.raises(PipelineError, match="there is no medium 'YPD'"):
        build("flux", {"gem": Path("cobra:textbook")}, bacteria, media=["YPD"])


@pytest.mark.mirror
def test_arginine_synthesis_is_needed_on_minimal_medium_alone(mirror: Path, yeast_genes: pd.DataFrame) -> None:
    table = build("flux", {"gem": mirror / "yeast-gem" / "yeast-GEM.yml"}, yeast_genes)
    assert table.loc["ARG4", "fitness_minimal"] == 0
    assert table.loc["ARG4", "fitness_rich"] > 0.9
    assert table.loc["PFK1", "complexes"] >= 1
    assert len(table) == 1161
