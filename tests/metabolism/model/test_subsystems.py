"""What each subsystem holds, counted another way."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.metabolism.model.energies import CURRENCY_REACTIONS, energy_table, subsystem_links, subsystem_table
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork


def touched(gem: Gem, name: str) -> set[int]:
    columns = np.flatnonzero(gem.reactions["subsystem"] == name)
    return set(gem.stoichiometry[:, columns].tocoo().row.tolist())


@pytest.fixture(scope="module")
def two_subsystems(textbook: Gem) -> Gem:
    names = np.where(textbook.reactions["id"].str.startswith("EX_"), "Exchange", "Core")
    return Gem(
        textbook.id,
        textbook.metabolites,
        textbook.reactions.assign(subsystem=names),
        textbook.stoichiometry,
        textbook.genes,
    )


def test_every_count_of_a_small_model(two_subsystems: Gem, textbook_network: MetabolicNetwork) -> None:
    table = subsystem_table(two_subsystems, textbook_network.rules, energy_table(two_subsystems))
    core, exchange = table.to_dict("records")
    assert (core["subsystem"], core["reactions"], exchange["reactions"]) == ("Core", 75, 20)
    assert (core["metabolites"], core["own_metabolites"], core["shared_metabolites"]) == (72, 52, 20)
    assert (exchange["metabolites"], exchange["own_metabolites"], exchange["incidences"]) == (20, 0, 20)
    assert (core["genes"], core["reactions_with_rule"], exchange["genes"]) == (135, 69, 0)
    assert core["reversible"] + exchange["reversible"] == 46
    assert (core["delta_g_known"], core["delta_g_coverage"], core["delta_g_comparable"]) == (0, 0.0, 0)
    assert np.isnan(core["median_absolute_residual"])


def test_links_count_what_two_subsystems_share(two_subsystems: Gem) -> None:
    links = subsystem_links(two_subsystems)
    assert links[["subsystem_a", "subsystem_b", "shared_metabolites"]].to_numpy().tolist() == [["Core", "Exchange", 20]]


@pytest.mark.mirror
def test_yeast_subsystems_add_up(yeast: Gem, yeast_network: MetabolicNetwork) -> None:
    table = subsystem_table(yeast, yeast_network.rules, energy_table(yeast))
    assert table["reactions"].sum() == 4131
    assert table["incidences"].sum() == 15_567
    assert table["delta_g_known"].sum() == 3210
    assert (table["own_metabolites"] + table["shared_metabolites"] == table["metabolites"]).all()
    assert table["reactions"].is_monotonic_decreasing
    assert table["reactions_with_rule"].sum() == 4131 - 1422


@pytest.mark.mirror
def test_yeast_links_against_sets(yeast: Gem) -> None:
    links = subsystem_links(yeast)
    reactions_of = np.diff(yeast.stoichiometry.tocsr().indptr)
    for row in links.sample(20, random_state=0).itertuples():
        shared = touched(yeast, row.subsystem_a) & touched(yeast, row.subsystem_b)
        specific = [metabolite for metabolite in shared if reactions_of[metabolite] <= CURRENCY_REACTIONS]
        assert (row.shared_metabolites, row.shared_without_currency) == (len(shared), len(specific))
    pairs = pd.MultiIndex.from_frame(links[["subsystem_a", "subsystem_b"]])
    assert pairs.is_unique
    assert (links["subsystem_a"] < links["subsystem_b"]).all()
