"""The media of screens: what stands in them, what is left out, and what the cell needs on them."""

from typing import get_args

import numpy as np
import pytest

from pipeline_lib.config.organism import MediumName
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.medium import medium_components, with_medium
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.stoichiometry import network_of
from pipeline_lib.metabolism.named_media import NAMED_MEDIA, uptakes_of

HISTIDINE, ARGININE, LYSINE, URACIL, AMMONIUM, GLUTAMATE = "r_1893", "r_1879", "r_1900", "r_2090", "r_1654", "r_1889"


def exchanges(name: str, family: int = 0) -> dict[str, float]:
    medium = NAMED_MEDIA[name][family]
    return {**medium.needed, **medium.where_there}


def test_the_configuration_knows_every_named_medium() -> None:
    assert set(get_args(MediumName)) == {"model", *NAMED_MEDIA}


@pytest.mark.parametrize("name", ["sga_dm", "sga_tm", "sga_dm@szappanos2011", "sga_tm@szappanos2011"])
def test_the_plates_of_sga_lack_what_is_selected_for_and_feed_glutamate_as_nitrogen(name: str) -> None:
    plate, complete = exchanges(name), exchanges("synthetic_complete")
    assert not {HISTIDINE, ARGININE, LYSINE, AMMONIUM} & plate.keys()
    assert plate[GLUTAMATE] > plate["r_1873"] > 0
    assert complete.keys() - plate.keys() == {HISTIDINE, ARGININE, LYSINE, AMMONIUM} | (
        {URACIL} if name.startswith("sga_tm") else set()
    )


def test_queries_of_trigenic_screens_carry_ura3_and_grow_without_uracil() -> None:
    assert exchanges("sga_dm").keys() - exchanges("sga_tm").keys() == {URACIL}


@pytest.mark.parametrize(
    ("rates", "glucose", "oxygen", "supplement"), [("", 3.3, 1000, 0.165), ("@szappanos2011", 22.6, 6.3, 1.13)]
)
def test_uptake_rates_are_the_published_ones(rates: str, glucose: float, oxygen: float, supplement: float) -> None:
    for name in ("synthetic_complete", "sga_dm", "sga_tm", "ypd_like"):
        medium = exchanges(name + rates)
        assert (medium["r_1714"], medium["r_1992"]) == (glucose, oxygen)
        assert {medium[one] for one in ("r_1899", "r_1639", "r_2038")} == {supplement}


def test_rich_medium_feeds_nucleosides_that_synthetic_complete_lacks() -> None:
    assert {"r_1643", "r_1820", "r_2092"} <= exchanges("ypd_like").keys() - exchanges("synthetic_complete").keys()


@pytest.mark.parametrize("name", NAMED_MEDIA)
def test_every_component_states_where_it_is_from(name: str) -> None:
    for medium in NAMED_MEDIA[name]:
        fed = {*medium.needed, *medium.where_there}
        assert fed == set(medium.content)
        assert all(component and source for component, source in medium.content.values())
        assert not medium.left_out.keys() & {component for component, _ in medium.content.values()}


def test_the_drugs_of_the_selection_have_no_target_and_are_listed_as_left_out() -> None:
    for family in (0, 1):
        assert {"canavanine", "thialysine", "G418", "nourseothricin"} <= NAMED_MEDIA["sga_tm"][family].left_out.keys()


def test_both_families_of_models_are_fed_the_same() -> None:
    names = [{component for component, _ in medium.content.values()} for medium in NAMED_MEDIA["sga_dm"]]
    assert names[0] - names[1] == set()
    ions = {"molybdate", "cobalt(2+)", "iron(3+)", "nickel(2+)", "selenate", "selenite", "tungstate", "cobalamin"}
    assert names[1] - names[0] == ions


def test_what_the_core_model_lacks_of_a_medium_is_listed(textbook: Gem) -> None:
    table = medium_components(textbook, "synthetic_complete").set_index("component")
    lacking = table.index[table["reaction_index"] == -1]
    assert {"L-histidine", "biotin", "iodide"} <= set(lacking)
    assert "L-glutamate" not in lacking
    assert table.loc["D-glucose", ["reaction", "uptake"]].tolist() == ["EX_glc__D_e", 3.3]
    assert (table["source"] != "").loc[table["uptake"] > 0].all()
    fed = table[table["uptake"] > 0].set_index("reaction")["uptake"]
    assert fed.to_dict() == uptakes_of("synthetic_complete", list(textbook.reactions["id"]))


def test_the_listing_holds_the_bounds_that_the_model_gets(textbook: Gem) -> None:
    table = medium_components(textbook, {"EX_glc__D_e": 5, "EX_o2_e": 2})
    grown = with_medium(textbook, {"EX_glc__D_e": 5, "EX_o2_e": 2}).reactions
    assert len(table) == 20
    at = table["reaction_index"].to_numpy()
    np.testing.assert_array_equal(table["lower_bound"], grown["lower_bound"].to_numpy()[at])
    np.testing.assert_array_equal(table["upper_bound"], grown["upper_bound"].to_numpy()[at])
    assert table.loc[table["uptake"] > 0, "reaction"].tolist() == ["EX_glc__D_e", "EX_o2_e"]


@pytest.mark.slow
def test_a_bacterial_model_grows_on_the_media_of_yeast() -> None:
    from pipeline_lib.metabolism.model.gem import read_gem
    from pipeline_lib.metabolism.programs.wild_type import reduce_growing_network

    model = read_gem("cobra:iJO1366")
    for name in ("synthetic_complete", "sga_tm"):
        assert reduce_growing_network(network_of(with_medium(model, name))).size > 500


@pytest.mark.mirror
def test_what_yeast_must_make_depends_on_the_plate(yeast: Gem) -> None:
    """Auxotrophs live where the plate feeds what they cannot make: argininosuccinate lyase (ARG4), orotidine-phosphate
    decarboxylase (URA3), isopropylmalate dehydrogenase (LEU2)."""
    genes = ["YHR018C", "YEL021W", "YCL018W"]
    singles = np.array([[yeast.genes.index(gene)] for gene in genes])
    lives = {}
    for name in ("minimal", "synthetic_complete", "sga_dm", "sga_tm"):
        growths = solve_knockouts(network_of(with_medium(yeast, name)), singles)
        lives[name] = (growths.fitness(singles) > 0.01).tolist()
    assert lives == {
        "minimal": [False, False, False],
        "synthetic_complete": [True, True, True],
        "sga_dm": [False, True, True],
        "sga_tm": [False, False, True],
    }


@pytest.mark.mirror
def test_only_what_no_model_of_yeast_has_is_missing(yeast: Gem) -> None:
    table = medium_components(yeast, "ypd_like")
    assert table.loc[table["reaction_index"] == -1, "component"].tolist() == ["molybdate", "borate", "iodide"]
