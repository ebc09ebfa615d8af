"""Why a deletion costs growth: what it blocks, what runs short, what would help."""

import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism import explain_deletion, knockout_growth
from pipeline_lib.metabolism.model.gem import Gem


def of(table: pd.DataFrame, finding: str) -> pd.Series:
    return table[table["finding"] == finding].set_index("id")["value"]


def test_an_isozyme_blocks_nothing_and_both_block_the_step(textbook: Gem) -> None:
    single = explain_deletion(textbook, ["b1723"])
    assert single.attrs["fitness"] == pytest.approx(1)
    assert not len(single)
    both = explain_deletion(textbook, ["b1723", "b3916"])
    assert list(of(both, "blocked reaction").index) == ["PFK"]
    assert of(both, "rescuing reaction").to_dict() == pytest.approx({"PFK": 1.0})
    fitness = knockout_growth(textbook, [["b1723", "b3916"]], threads=1, progress=False).loc[0, "fitness"]
    assert both.attrs["fitness"] == pytest.approx(fitness)


def test_a_cell_without_citrate_synthase_lacks_oxoglutarate_and_glutamate_feeds_it(textbook: Gem) -> None:
    """gltA is the only way into the Krebs cycle: without 2-oxoglutarate there is no glutamate and no growth."""
    table = explain_deletion(textbook, ["b0720"])
    assert table.attrs["fitness"] == pytest.approx(0, abs=1e-9)
    assert list(of(table, "blocked reaction").index) == ["CS"]
    assert of(table, "short metabolite")["glu__L_c"] == pytest.approx(0, abs=1e-9)
    rescue = of(table, "rescuing supplement")
    assert {"EX_glu__L_e", "EX_akg_e"} <= set(rescue.index)
    assert "EX_ac_e" not in rescue.index
    assert (rescue.diff().dropna() <= 0).all()


@pytest.mark.mirror
@pytest.mark.slow
def test_an_auxotroph_is_fed_by_what_it_cannot_make(yeast: Gem) -> None:
    """ARG4 makes arginine, which protein takes from its tRNA; URA3 makes the pyrimidines of RNA and DNA."""
    short_of = {"YHR018C": {"Arg-tRNA(Arg)"}, "YEL021W": {"UMP", "CMP", "dCMP", "dTMP"}}
    for gene, supplement in (("YHR018C", "r_1879"), ("YEL021W", "r_2090")):
        table = explain_deletion(yeast, [gene])
        short = table[table["finding"] == "short metabolite"]
        assert short_of[gene] <= set(short["name"])
        assert gene != "YHR018C" or len(short) == 1
        assert (short.loc[short["name"].isin(short_of[gene]), "value"] < 1e-9).all()
        assert table.attrs["fitness"] == pytest.approx(0, abs=1e-9)
        assert of(table, "rescuing supplement")[supplement] > 0.5
        assert "D-glucose" not in set(table["name"])


def test_a_faulty_genotype_is_refused(textbook: Gem) -> None:
    with pytest.raises(PipelineError, match="the model has no gene 'b07200'"):
        explain_deletion(textbook, ["b07200"])
