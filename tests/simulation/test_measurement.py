"""Colonies, shared errors, scores and P-values of a simulated screen."""

import numpy as np
import pytest
from scipy import stats

from pipeline_lib.config.organism import SimulationSettings
from pipeline_lib.metabolism.knockouts.genotypes import interaction_scores
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork
from pipeline_lib.simulation.screen import SimulatedScreen, measure, signal, simulate_screen, truth_table

SILENT = {"colony_noise": 0.0, "query_noise": 0.0, "strain_noise": 0.0}


def test_without_noise_the_scores_are_epsilon_and_tau(screen: SimulatedScreen, settings: SimulationSettings) -> None:
    silent = settings.model_copy(update=SILENT)
    exact = measure(screen.design, screen.growths.fitness, silent, np.random.default_rng(0))
    epsilon, tau = (
        interaction_scores(np.sort(genotypes, axis=1), screen.growths.fitness, 8)
        for genotypes in (screen.design.pairs, screen.design.triples)
    )
    np.testing.assert_allclose(exact.digenic.adjusted, epsilon, atol=1e-7)
    np.testing.assert_allclose(exact.trigenic.adjusted, tau, atol=1e-7)
    np.testing.assert_allclose(exact.trigenic.fitness, screen.growths.fitness(screen.design.triples), atol=1e-12)


def test_p_values_are_one_sided_of_the_raw_score(screen: SimulatedScreen, settings: SimulationSettings) -> None:
    for crosses in (screen.measured.digenic, screen.measured.trigenic):
        assert 0 <= crosses.p_value.min() < 0.05
        assert crosses.p_value.max() <= 0.5
        strains = 0.01**2 * (crosses.query_fitness**2 + crosses.array_fitness**2 - 0.01**2)
        sd = np.sqrt(0.06**2 / 4 + 0.02**2 + strains)
        np.testing.assert_allclose(crosses.p_value, stats.norm.sf(np.abs(crosses.raw) / sd))
    naive = settings.model_copy(update={"p_values": "naive"})
    crosses = measure(screen.design, screen.growths.fitness, naive, np.random.default_rng(0)).digenic
    np.testing.assert_allclose(crosses.p_value, stats.t.sf(np.abs(crosses.raw) / crosses.std, df=3))
    np.testing.assert_array_equal(screen.measured.digenic.raw, screen.measured.digenic.adjusted)
    assert (screen.measured.trigenic.raw != screen.measured.trigenic.adjusted).all()


def null_rates(screen: SimulatedScreen, settings: SimulationSettings, order: str) -> np.ndarray:
    """Return the shares of two-sided P below 0.05 and 0.5 among the true nulls of 40 repeated screens, [40, 2]."""
    design, fitness = screen.design, screen.growths.fitness
    crosses, genotypes = (design.digenic, design.pairs) if order == "digenic" else (design.trigenic, design.triples)
    query = fitness((design.controls[:, None] if order == "digenic" else design.queries)[crosses[:, 0]])
    null = np.abs(fitness(genotypes) - query * fitness(design.arrays[crosses[:, 1], None])) < 1e-9
    assert null.sum() > 500
    repeated = (measure(design, fitness, settings, np.random.default_rng(100 + seed)) for seed in range(40))
    two_sided = (2 * getattr(measured, order).p_value[null] for measured in repeated)
    return np.array([[(p < 0.05).mean(), (p < 0.5).mean()] for p in two_sided])


@pytest.mark.parametrize("order", ["digenic", "trigenic"])
def test_a_twentieth_of_the_true_nulls_is_significant(
    screen: SimulatedScreen, settings: SimulationSettings, order: str
) -> None:
    """Scores of a query share its error, and those of an array strain its fitness, so rows are no independent draws.

    Repeated screens are: the 95 percent interval is Student's, of the mean of their rates.
    """
    rates = null_rates(screen, settings, order)
    low, high = stats.ttest_1samp(rates, 0).confidence_interval(0.95)
    assert (low < [0.05, 0.5]).all()
    assert (high > [0.05, 0.5]).all()
    assert (high - low < [0.01, 0.02]).all()
    naive = null_rates(screen, settings.model_copy(update={"p_values": "naive"}), order)[:, 0]
    assert stats.ttest_1samp(naive, 0.07, alternative="greater").pvalue < 0.001


@pytest.mark.parametrize("p_values", ["error_model", "naive"])
def test_p_values_of_null_crosses_are_uniform_without_shared_errors(
    screen: SimulatedScreen, settings: SimulationSettings, p_values: str
) -> None:
    alone = settings.model_copy(update={"query_noise": 0.0, "strain_noise": 0.0, "p_values": p_values})
    measured = measure(screen.design, screen.growths.fitness, alone, np.random.default_rng(2)).digenic
    epsilon = interaction_scores(np.sort(screen.design.pairs, axis=1), screen.growths.fitness, 8)
    null = np.abs(epsilon) < 1e-9
    assert null.sum() > 3000
    assert stats.kstest(2 * measured.p_value[null], "uniform").pvalue > 0.01


def test_a_reported_sd_is_the_standard_error_of_the_mean(network: MetabolicNetwork) -> None:
    settings = SimulationSettings(triples=2000, query_noise=0.0, colony_noise=0.08, replicates=6)
    simulated = simulate_screen(network, settings)
    measured, truth = simulated.measured.trigenic, simulated.growths.fitness(simulated.design.triples)
    assert np.sqrt((measured.std**2).mean()) == pytest.approx(0.08 / np.sqrt(6), rel=0.05)
    assert (measured.fitness - truth).std() == pytest.approx(0.08 / np.sqrt(6), rel=0.05)


def test_the_error_of_a_query_is_shared_by_its_scores_and_by_tau_three_times(
    screen: SimulatedScreen, settings: SimulationSettings
) -> None:
    shared_only = settings.model_copy(update={"colony_noise": 0.0, "strain_noise": 0.0, "query_noise": 0.05})
    measured = measure(screen.design, screen.growths.fitness, shared_only, np.random.default_rng(2)).trigenic
    triples = screen.design.triples
    fitness = screen.growths.fitness
    error = measured.adjusted - interaction_scores(np.sort(triples, axis=1), fitness, 8)
    query = screen.design.trigenic[:, 0]
    first, second = (fitness(triples[:, [gene]]) for gene in (0, 1))
    for number in np.unique(query):
        rows = query == number
        assert np.ptp(error[rows]) < 1e-7
    expected = 0.05 * np.sqrt((1 + first**2 + second**2).mean())
    assert error.std() == pytest.approx(expected, rel=0.35)


def test_the_same_seed_gives_the_same_screen_and_another_seed_another(
    network: MetabolicNetwork, screen: SimulatedScreen, settings: SimulationSettings
) -> None:
    again = simulate_screen(network, settings, processes=2)
    np.testing.assert_array_equal(again.design.triples, screen.design.triples)
    np.testing.assert_array_equal(again.measured.trigenic.adjusted, screen.measured.trigenic.adjusted)
    other = simulate_screen(network, settings.model_copy(update={"seed": 1}))
    assert not np.array_equal(other.design.triples, screen.design.triples)


def test_truth_lists_every_genotype_once_and_free_of_noise(network: MetabolicNetwork, screen: SimulatedScreen) -> None:
    truth = truth_table(screen, network.genes)
    keys = truth["genes"].map(tuple)
    assert keys.is_unique
    assert keys.map(lambda genes: list(genes) == sorted(genes)).all()
    assert (keys.map(len) == truth["order"]).all()
    assert truth["order"].value_counts().to_dict()[1] == 130
    assert truth["interaction"].isna().sum() == 130
    measured = {frozenset(network.genes[g] for g in genes) for genes in screen.design.triples.tolist()}
    assert measured == {frozenset(genes) for genes in keys[truth["order"] == 3]}
    assert truth["fitness"].between(0, 1).all()


def test_there_is_something_to_predict(screen: SimulatedScreen) -> None:
    found = signal(screen)
    assert found["tau_count"] == 1500
    assert found["tau_nonzero"] > 0.1
    assert found["epsilon_nonzero"] > 0.1
    assert 0.3 < found["tau_ceiling"] < 0.9
    assert 0.6 < found["epsilon_ceiling"] < 1
