"""Media: uptake bounds by exchange reaction; secretion is left alone."""

import numpy as np
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.gem import Gem
from pipeline_lib.metabolism.medium import exchange_reactions, with_medium


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
