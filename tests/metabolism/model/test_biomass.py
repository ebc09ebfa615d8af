"""What growth consumes, behind the sums that a model writes for it."""

import numpy as np
import pytest

from pipeline_lib.metabolism.model.energies import BiomassConstituents, products_of
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.stoichiometry import network_of


def test_a_biomass_reaction_of_real_metabolites_is_taken_as_it_is(textbook: Gem) -> None:
    network = network_of(textbook)
    found = BiomassConstituents.of(network)
    growth = int(np.flatnonzero(network.objective)[0])
    column = network.stoichiometry[:, [growth]].toarray().ravel()
    assert found.metabolites.tolist() == np.flatnonzero(column < 0).tolist()
    assert set(found.consumers.tolist()) == {growth}
    assert set(products_of(network, growth, 1).tolist()) == set(np.flatnonzero(column > 0).tolist())


@pytest.mark.mirror
def test_yeast_is_made_of_nucleotides_charged_trnas_and_chains_not_of_biomass(yeast: Gem) -> None:
    found = BiomassConstituents.of(network_of(yeast))
    names = set(yeast.metabolites["name"].iloc[found.metabolites])
    assert {"AMP", "dTMP", "Arg-tRNA(Arg)", "C16:0 chain", "ergosterol", "trehalose", "heme a"} <= names
    assert not names & {"biomass", "protein", "RNA", "DNA", "lipid", "carbohydrate", "cofactor", "ion"}
    assert sum("-tRNA(" in name for name in names) == 20
