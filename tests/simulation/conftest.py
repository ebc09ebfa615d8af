"""One small screen of the E. coli core model, shared by the tests."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.config.organism import SimulationSettings
from pipeline_lib.metabolism.model.gem import read_gem
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork, network_of
from pipeline_lib.simulation.screen import SimulatedScreen, simulate_screen


@pytest.fixture(scope="session")
def network() -> MetabolicNetwork:
    """Return the E. coli core model (137 genes)."""
    return network_of(read_gem("cobra:textbook"))


@pytest.fixture(scope="session")
def genes(network: MetabolicNetwork) -> pd.DataFrame:
    """Return the gene table of the model; every tenth gene counts as essential."""
    names = list(network.genes)
    return pd.DataFrame(
        {
            "gene_index": np.arange(len(names)),
            "gene": names,
            "name": [f"gen{number}" for number in range(len(names))],
            "in_gem": True,
            "essential": pd.array(np.arange(len(names)) % 10 == 0, dtype="boolean"),
            "aliases": [[] for _ in names],
        }
    )


@pytest.fixture(scope="session")
def settings() -> SimulationSettings:
    return SimulationSettings(triples=1500, pairs="all")


@pytest.fixture(scope="session")
def screen(network: MetabolicNetwork, settings: SimulationSettings) -> SimulatedScreen:
    return simulate_screen(network, settings)
