"""Why a deletion costs growth: what it blocks, what runs short, what would help."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism import explain_deletion, knockout_growth
from pipeline_lib.metabolism.knockouts.conditions import genotypes_of_names
from pipeline_lib.metabolism.knockouts.explanation import DeletionExplainer, SupplementedCell
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.stoichiometry import network_of
from pipeline_lib.metabolism.programs.wild_type import ZERO_GROWTH


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


@pytest.mark.parametrize("gene", ["b0720", "b1136", "b2926", "b3236"])
def test_what_a_mutant_still_makes_is_what_solving_every_program_gives(textbook: Gem, gene: str) -> None:
    """An optimum of the wild type that carries no blocked reaction is the mutant's too, so it is not solved again."""
    network = network_of(textbook)
    explainer = DeletionExplainer(network, textbook.reactions, textbook.metabolites)
    genotype = genotypes_of_names([[gene]], network.genes)[0]
    blocked = network.rules.blocked_reactions(network.genotype_matrix(genotype[None, :])).indices.astype(np.int32)
    cell = SupplementedCell.of(network, textbook.reactions, textbook.metabolites)
    everything = np.arange(len(cell.constituents.metabolites))
    whole = cell.production(np.empty(0, dtype=np.int32), everything, cell.wild_type.basis).value
    made = everything[whole > ZERO_GROWTH]
    left = cell.production(blocked, made, cell.optimum(blocked).basis).value / whole[made]
    every = pd.Series(left, index=textbook.metabolites["id"].iloc[cell.constituents.metabolites[made]])
    # Carriers such as ATP, which no cell makes anew, are asked for otherwise.
    short = of(explainer.explain(genotype), "short metabolite")
    short = short[short.index.isin(every.index)]
    expected = every[every < 1 - 1e-6]
    assert set(short.index) == set(expected.index)
    np.testing.assert_allclose(short[expected.index], expected, atol=1e-7)


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
