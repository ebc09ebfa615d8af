"""Media: uptake bounds by exchange reaction; secretion is left alone."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.medium import exchange_reactions, with_medium
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.programs.wild_type import FluxBalance


def bounds(gem: Gem, name: str) -> tuple[float, float]:
    row = gem.reactions.set_index("id").loc[name]
    return row["lower_bound"], row["upper_bound"]


def test_the_models_own_medium_is_the_default(textbook: Gem) -> None:
    assert with_medium(textbook, "model").reactions.equals(textbook.reactions)


def test_a_mapping_bounds_uptake_and_closes_the_rest(textbook: Gem) -> None:
    grown = with_medium(textbook, {"EX_glc__D_e": 5, "EX_o2_e": 2.5})
    assert bounds(grown, "EX_glc__D_e") == (-5, 1000)
    assert bounds(grown, "EX_o2_e") == (-2.5, 1000)
    assert bounds(grown, "EX_nh4_e") == (0, 1000)
    assert not grown.reactions.set_index("id").loc["EX_nh4_e", "reversible"]
    inside = ~exchange_reactions(textbook.reactions, textbook.metabolites, textbook.stoichiometry)
    assert grown.reactions[inside].equals(textbook.reactions[inside])


def test_an_exchange_may_be_given_by_its_name(textbook: Gem) -> None:
    by_name = with_medium(textbook, {"D-Glucose exchange": 5})
    assert by_name.reactions.equals(with_medium(textbook, {"EX_glc__D_e": 5}).reactions)


def test_cobra_sets_the_same_bounds(textbook: Gem, cobra_textbook) -> None:
    medium = {"EX_glc__D_e": 7.0, "EX_fru_e": 3.0, "EX_o2_e": 20.0, "EX_pi_e": 1000.0, "EX_nh4_e": 1000.0}
    cobra_textbook.medium = medium
    ours = with_medium(textbook, medium).reactions
    assert list(ours["lower_bound"]) == [r.lower_bound for r in cobra_textbook.reactions]
    assert list(ours["upper_bound"]) == [r.upper_bound for r in cobra_textbook.reactions]


def test_minimal_is_the_core_models_own_and_rich_feeds_more(textbook: Gem) -> None:
    assert with_medium(textbook, "minimal").reactions.equals(textbook.reactions)
    rich = with_medium(textbook, "rich").reactions["lower_bound"].to_numpy()
    own = textbook.reactions["lower_bound"].to_numpy()
    assert (rich <= own).all()
    assert (rich < own).sum() == 2


def test_an_exchange_written_backwards_takes_up_forwards(textbook: Gem) -> None:
    glucose = textbook.reactions.index[textbook.reactions["id"] == "EX_glc__D_e"][0]
    flipped = textbook.stoichiometry.copy()
    flipped.data[flipped.indptr[glucose]] *= -1
    lower = textbook.reactions["lower_bound"].to_numpy(np.float64, copy=True)
    upper = textbook.reactions["upper_bound"].to_numpy(np.float64, copy=True)
    lower[glucose], upper[glucose] = -upper[glucose], -lower[glucose]
    backwards = Gem(textbook.id, textbook.metabolites, textbook.reactions, flipped, textbook.genes)
    assert bounds(with_medium(backwards.with_bounds(lower, upper), {"EX_glc__D_e": 5}), "EX_glc__D_e") == (-1000, 5)


def test_growth_and_drains_are_no_exchanges(textbook: Gem) -> None:
    exchange = exchange_reactions(textbook.reactions, textbook.metabolites, textbook.stoichiometry)
    assert exchange.sum() == 20
    assert textbook.reactions["id"][exchange].str.startswith("EX_").all()


@pytest.mark.mirror
def test_yeast_media(yeast: Gem) -> None:
    """yeast-GEM is published on its minimal medium; growth and the two lipid drains are inside the cell."""
    exchange = exchange_reactions(yeast.reactions, yeast.metabolites, yeast.stoichiometry)
    assert exchange.sum() == 271
    assert with_medium(yeast, "minimal").reactions.equals(yeast.reactions)
    assert bounds(with_medium(yeast, "rich"), "r_1714") == (-20, 1000)
    assert (with_medium(yeast, "rich").reactions["lower_bound"] == -0.5).sum() == 33


@pytest.mark.parametrize("outside", ["e", "e0", "C_e", "extracellular", "Extra_organism", "s", "x7"])
def test_the_outside_has_many_ids_and_more_drains_inside_do_not_hide_it(textbook: Gem, outside: str) -> None:
    """Two exchanges and five drains of the cytosol."""
    boundary = np.flatnonzero(np.diff(textbook.stoichiometry.indptr) == 1)[:2]
    inside = np.flatnonzero(textbook.metabolites["compartment"] == "c")[:5]
    S = sparse.hstack(
        [textbook.stoichiometry[:, boundary], sparse.eye_array(72, format="csc")[:, inside]], format="csc"
    )
    drains = pd.DataFrame({"id": [f"DM_{number}" for number in range(5)]})
    reactions = pd.concat([textbook.reactions.iloc[boundary][["id"]], drains], ignore_index=True)
    metabolites = textbook.metabolites.replace({"compartment": {"e": outside}})
    assert exchange_reactions(reactions, metabolites, S).tolist() == [True] * 2 + [False] * 5


def test_an_unknown_exchange_is_an_error_with_the_nearest_name(textbook: Gem) -> None:
    with pytest.raises(PipelineError, match="no exchange reaction 'EX_glc_e'; the nearest known one is 'EX_glc__D_e'"):
        with_medium(textbook, {"EX_glc_e": 10})


def test_a_reaction_inside_the_cell_is_no_exchange(textbook: Gem) -> None:
    with pytest.raises(PipelineError, match="no exchange reaction 'PFK'"):
        with_medium(textbook, {"PFK": 10})


@pytest.mark.parametrize("uptake", [-1.0, float("nan"), float("inf")])
def test_an_impossible_uptake_is_refused(textbook: Gem, uptake: float) -> None:
    with pytest.raises(PipelineError, match="the uptake of 'EX_o2_e' must be"):
        with_medium(textbook, {"EX_o2_e": uptake})


def test_an_unknown_medium_is_refused(textbook: Gem) -> None:
    with pytest.raises(PipelineError, match="there is no medium 'beer'; the named media are model, minimal, rich"):
        with_medium(textbook, "beer")


def test_a_named_medium_needs_known_ids(textbook: Gem) -> None:
    renamed = Gem(
        textbook.id,
        textbook.metabolites,
        textbook.reactions.assign(id="x" + textbook.reactions["id"]),
        textbook.stoichiometry,
        textbook.genes,
    )
    with pytest.raises(PipelineError, match="give a mapping of exchange id to uptake"):
        with_medium(renamed, "rich")


def test_minimal_is_m9_for_a_genome_scale_model_of_bigg(textbook: Gem) -> None:
    """What iJO1366 takes up beyond the core model's salts is fed where a model has the exchange."""
    from pipeline_lib.metabolism.named_media import uptakes_of

    core = uptakes_of("minimal", list(textbook.reactions["id"]))
    assert core == {
        **dict.fromkeys(("EX_co2_e", "EX_h_e", "EX_h2o_e", "EX_nh4_e", "EX_o2_e", "EX_pi_e"), 1000.0),
        "EX_glc__D_e": 10.0,
    }
    larger = uptakes_of("minimal", [*core, "EX_so4_e", "EX_cbl1_e", "EX_ala__L_e"])
    assert larger == {**core, "EX_so4_e": 1000.0, "EX_cbl1_e": 0.01}
    assert uptakes_of("rich", [*core, "EX_so4_e", "EX_ala__L_e"]) == {**core, "EX_so4_e": 1000.0, "EX_ala__L_e": 5.0}


@pytest.mark.slow
@pytest.mark.parametrize(("medium", "growth"), [("model", 0.9823718), ("minimal", 0.9823718), ("rich", None)])
def test_ijo1366_grows_on_the_named_media(medium: str, growth: float | None) -> None:
    # Orth et al., Mol. Syst. Biol. 7:535 (2011): 0.982 1/h on 10 mmol/gDW/h of glucose with oxygen.
    from pipeline_lib.metabolism.model.gem import read_gem
    from pipeline_lib.metabolism.model.stoichiometry import network_of
    from pipeline_lib.metabolism.programs.wild_type import reduce_growing_network

    found = FluxBalance(reduce_growing_network(network_of(with_medium(read_gem("cobra:iJO1366"), medium)))).solve(
        np.empty(0, dtype=np.int32), None
    )
    assert found.growth == pytest.approx(growth, rel=1e-6) if growth else found.growth > 1


@pytest.mark.parametrize(
    ("dropped", "message"),
    [
        (["EX_nh4_e"], "of BiGG's it lacks EX_nh4_e; give a mapping"),
        (["EX_nh4_e", "EX_glc__D_e"], "it lacks EX_nh4_e, EX_glc__D_e; give"),
        (["EX_co2_e", "EX_h_e", "EX_h2o_e", "EX_nh4_e", "EX_o2_e", "EX_pi_e"], "EX_nh4_e, EX_o2_e and others; give"),
    ],
)
def test_what_a_model_lacks_for_a_named_medium_is_named(textbook: Gem, dropped: list[str], message: str) -> None:
    renamed = textbook.reactions["id"].where(~textbook.reactions["id"].isin(dropped), "own_" + textbook.reactions["id"])
    with pytest.raises(
        PipelineError, match=f"the medium 'minimal' is defined for .* do not fit the model: .*{message}"
    ):
        with_medium(replace(textbook, reactions=textbook.reactions.assign(id=renamed)), "minimal")


def test_one_exchange_by_its_id_and_by_its_name_is_refused(textbook: Gem) -> None:
    with pytest.raises(PipelineError, match="'EX_glc__D_e' and 'D-Glucose exchange' are one exchange reaction"):
        with_medium(textbook, {"EX_glc__D_e": 5, "D-Glucose exchange": 10})


def test_a_name_of_two_exchanges_is_refused(textbook: Gem) -> None:
    reactions = textbook.reactions.assign(name="exchange")
    with pytest.raises(PipelineError, match="'exchange' is the name of 20 exchange reactions; give the id of one"):
        with_medium(replace(textbook, reactions=reactions), {"exchange": 5})


def test_a_medium_cannot_undercut_an_uptake_that_the_model_forces(textbook: Gem) -> None:
    upper = textbook.reactions["upper_bound"].mask(textbook.reactions["id"] == "EX_glc__D_e", -8.0).to_numpy()
    forced = textbook.with_bounds(textbook.reactions["lower_bound"].to_numpy(), upper)
    assert bounds(with_medium(forced, {"EX_glc__D_e": 9}), "EX_glc__D_e") == (-9, -8)
    with pytest.raises(
        PipelineError, match="forces an uptake through 'EX_glc__D_e' that is greater than the medium's 5"
    ):
        with_medium(forced, {"EX_glc__D_e": 5})
