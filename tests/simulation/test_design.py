"""Which strains and crosses a simulated screen has."""

import numpy as np
import pytest

from pipeline_lib.config.organism import SimulationSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.genotypes import interaction_scores
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork
from pipeline_lib.simulation.screen import SimulatedScreen, simulate_screen


def test_no_strain_lacks_a_gene_that_it_cannot_live_without(screen: SimulatedScreen, network: MetabolicNetwork) -> None:
    singles = screen.growths.fitness(network.gem_genes[:, None])
    assert (singles < 0.1).sum() == 7
    for genes in (screen.design.arrays, screen.design.controls):
        assert (screen.growths.fitness(genes[:, None]) >= 0.1).all()
    assert (screen.growths.fitness(screen.design.queries) >= 0.1).all()


def test_every_pair_of_viable_genes_is_crossed(screen: SimulatedScreen) -> None:
    pairs = np.unique(np.sort(screen.design.pairs, axis=1), axis=0)
    viable = len(screen.design.arrays)
    assert viable == 130
    assert len(pairs) == viable * (viable - 1) // 2
    assert (pairs[:, 0] < pairs[:, 1]).all()


def test_every_tau_has_both_control_scores(screen: SimulatedScreen) -> None:
    made = {tuple(pair) for pair in screen.design.pairs.tolist()}
    for first, second, array in screen.design.triples.tolist():
        assert (first, array) in made
        assert (second, array) in made
        assert array not in (first, second)


def test_the_number_of_triples_and_of_queries_is_as_asked(screen: SimulatedScreen, network: MetabolicNetwork) -> None:
    assert len(screen.design.trigenic) == 1500
    assert len(screen.design.queries) == 60
    assert len(np.unique(screen.design.trigenic, axis=0)) == 1500
    fewer = simulate_screen(network, SimulationSettings(triples=10**6, queries=5, pairs="controls"))
    assert len(fewer.design.queries) == 5
    assert len(fewer.design.trigenic) == 5 * (130 - 2)
    assert set(fewer.design.controls) == set(fewer.design.queries.ravel())
    assert len(fewer.design.digenic) == len(fewer.design.controls) * (130 - 1)


def test_a_small_array_prefers_genes_that_interact(network: MetabolicNetwork) -> None:
    small = simulate_screen(network, SimulationSettings(arrays=30, triples=100))
    assert len(small.design.arrays) == 30
    assert len(np.unique(small.design.arrays)) == 30


def test_enriched_queries_hold_more_signal_than_random_ones(network: MetabolicNetwork) -> None:
    def interacting(enriched: float) -> float:
        shares = []
        for seed in range(3):
            simulated = simulate_screen(network, SimulationSettings(triples=2000, enriched=enriched, seed=seed))
            triples = np.sort(simulated.design.triples, axis=1)
            shares.append((np.abs(interaction_scores(triples, simulated.growths.fitness, 8)) > 1e-6).mean())
        return float(np.mean(shares))

    assert interacting(1.0) > 2 * interacting(0.0)


def test_a_model_in_which_every_deletion_kills_is_refused(network: MetabolicNetwork) -> None:
    with pytest.raises(PipelineError, match="lower least_fitness"):
        simulate_screen(
            MetabolicNetwork(
                stoichiometry=network.stoichiometry,
                lower=network.lower,
                upper=network.upper,
                objective=network.objective,
                reactions=network.reactions,
                rules=network.rules,
                in_gem=np.isin(np.arange(len(network.genes)), [network.genes.index("b0720")]),
            ),
            SimulationSettings(),
        )
