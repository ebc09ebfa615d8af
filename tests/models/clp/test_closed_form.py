"""The closed form on planted truths: singles, epsilon and tau are recovered, and fitness follows by definition."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import NO_GENE, Genotypes
from pipeline_lib.models.clp import decomposition
from pipeline_lib.models.clp.assays import CALL, FITNESS, INTERACTION
from pipeline_lib.models.clp.closed_form import ClosedForm, _of_both
from pipeline_lib.models.clp.levels import (
    CASE_NAMES,
    GROUP_NAMES,
    FluxBalance,
    Lower,
    NoFlux,
    NoProfiles,
    PredictedProfiles,
    column_names,
    design_of,
)
from pipeline_lib.models.interface import Cell, FitContext
from pipeline_lib.models.profile_predictor.cases import CrossEstimates
from tests.small_cell import knockout_table, small_cell, small_settings

GENES = 100
RAW = PHENOTYPES.index("raw_interaction")


def cell():
    genes = pd.DataFrame({"gene_index": np.arange(GENES), "gene": [f"G{index:03}" for index in range(GENES)]})
    edges = pd.DataFrame({"network": [], "source": [], "target": [], "weight": [], "directed": []})
    nothing = {"gene_to_complex": np.zeros((2, 0), int), "complex_to_reaction": np.zeros((2, 0), int)}
    return Cell(genes, edges, {**nothing, "num_genes": GENES, "num_complexes": 0, "num_reactions": 0})


def genotypes(genes, value, phenotype=FITNESS, screen=0, screens=("screen",)):
    n = len(genes)
    padded = np.full((n, 3), NO_GENE)
    padded[:, : genes.shape[1]] = np.sort(genes, axis=1)
    none, unknown = np.full(n, -1), np.full(n, np.nan)
    return Genotypes(
        np.arange(n),
        padded,
        np.full(n, screen),
        np.full(n, phenotype),
        none,
        none,
        np.asarray(value, float),
        unknown,
        unknown,
        screens,
        (),
    )


def joined(*parts):
    whole = parts[0]
    columns = ("observation_id", "genes", "screen", "phenotype", "query", "array", "value", "std", "temperature")
    for part in parts[1:]:
        both = {name: np.concatenate([getattr(whole, name), getattr(part, name)]) for name in columns}
        whole = replace(whole, **both)
    return whole


class Truth:
    """Fitness of 100 genes: single mutants, epsilon of rank 2 in hidden vectors, and a tau of the same kind."""

    def __init__(self):
        generator = np.random.default_rng(1)
        self.single = 1 - 0.4 * generator.random(GENES)
        self.vectors = 0.2 * generator.standard_normal((GENES, 2))
        self.pairs = np.stack(np.triu_indices(GENES, 1), axis=1)
        self.noise = lambda n: 0.005 * generator.standard_normal(n)
        self.measured = generator.random(len(self.pairs)) < 0.7
        self.triples = np.unique(
            np.sort(generator.permuted(np.tile(np.arange(GENES), (1500, 1)), axis=1)[:, :3]), axis=0
        )

    def epsilon(self, pairs):
        return (self.vectors[pairs[:, 0]] * self.vectors[pairs[:, 1]]).sum(axis=1)

    def tau(self, triples):
        return 3 * self.vectors[triples].prod(axis=1).sum(axis=1)

    def double(self, pairs):
        return self.single[pairs].prod(axis=1) + self.epsilon(pairs)

    def triple(self, triples):
        pair = np.stack([self.epsilon(triples[:, list(slots)]) for slots in decomposition.PAIRS], axis=1)
        return decomposition.fitness(self.single[triples], pair, self.tau(triples))

    def screen(self, triples=True):
        singles = np.tile(np.arange(GENES), 4)[:, None]
        chosen = self.pairs[self.measured]
        parts = [
            genotypes(singles, self.single[singles[:, 0]] + self.noise(len(singles))),
            genotypes(chosen, self.double(chosen) + self.noise(len(chosen))),
        ]
        if triples:
            parts.append(genotypes(self.triples, self.triple(self.triples) + self.noise(len(self.triples))))
        return joined(*parts)


TRUTH = Truth()


def fit(train, where=None, flux=None, *, profiles=True):
    def new():
        return PredictedProfiles(small_settings()) if profiles else NoProfiles()

    controls = decomposition.ControlCrosses.of(train, GENES)
    return ClosedForm.fit(train, where or cell(), FitContext(), new, flux or NoFlux(), controls)


@pytest.fixture(scope="module")
def fitted():
    return fit(TRUTH.screen())


@pytest.fixture(scope="module")
def closed_form(fitted):
    return fitted[0]


def correlation(a, b):
    return np.corrcoef(a, b)[0, 1]


def test_planted_single_mutants_and_epsilon_are_recovered(closed_form):
    terms = closed_form.terms(genotypes(TRUTH.pairs, np.full(len(TRUTH.pairs), np.nan)))
    np.testing.assert_allclose(terms.single[:, :2], TRUTH.single[TRUTH.pairs], atol=0.03)
    np.testing.assert_array_equal(terms.single[:, 2], 1.0)
    new = ~TRUTH.measured
    assert correlation(terms.term[new], TRUTH.epsilon(TRUTH.pairs[new])) > 0.9
    np.testing.assert_array_equal(terms.pair[:, 0], terms.term)


@pytest.mark.parametrize("sides", [("query",), ("query", "array")])
def test_single_mutants_that_were_measured_once_keep_their_fitness_in_products(sides):
    """Estimates of unseen genes are shrunken and their gain exceeds 1, which a measured sick mutant must not share.

    Trigenic screens measure some single mutants as query strains and others as array strains.
    """
    generator = np.random.default_rng(4)
    single = np.where(generator.random(GENES) < 0.2, 0.2, 1.0) + 0.02 * generator.standard_normal(GENES)
    features = single[:, None] + 0.3 * generator.standard_normal((GENES, 6))
    where = replace(cell(), features={"features": features.astype(np.float32)})
    genes, pairs = np.arange(GENES)[:, None], TRUTH.pairs[TRUTH.measured]
    side = np.arange(GENES) % len(sides)
    strains = {name: np.where(side == position, np.arange(GENES), -1) for position, name in enumerate(sides)}
    singles = replace(genotypes(genes, single), strains=tuple(f"strain{gene}" for gene in range(GENES)), **strains)
    train = joined(singles, genotypes(pairs, single[pairs].prod(axis=1) + TRUTH.noise(len(pairs))))
    closed_form, _, _ = fit(train, where)
    new = TRUTH.pairs[~TRUTH.measured]
    terms = closed_form.terms(genotypes(new, np.full(len(new), np.nan)))
    np.testing.assert_allclose(terms.single[:, :2], single[new], atol=0.05)
    np.testing.assert_allclose(terms.term, 0.0, atol=0.05)


def test_the_fitness_of_a_triple_is_put_together_by_definition(closed_form):
    terms = closed_form.terms(genotypes(TRUTH.triples, np.full(len(TRUTH.triples), np.nan)))
    doubles = genotypes(TRUTH.triples[:, :2], np.full(len(TRUTH.triples), np.nan))
    np.testing.assert_allclose(terms.pair[:, 0], closed_form.terms(doubles).term)
    predicted = decomposition.fitness(terms.single, terms.pair, terms.term)
    assert correlation(predicted, TRUTH.triple(TRUTH.triples)) > 0.99
    product = TRUTH.single[TRUTH.triples].prod(axis=1)
    errors = [np.mean((guess - TRUTH.triple(TRUTH.triples)) ** 2) for guess in (predicted, product)]
    assert errors[0] < 0.5 * errors[1]


def test_triples_that_no_screen_measured_have_the_fitness_of_their_subsets():
    """Trained on double mutants alone, a triple is no wild type: singles and epsilon hold, tau is 0."""
    closed_form, _, _ = fit(TRUTH.screen(triples=False))
    terms = closed_form.terms(genotypes(TRUTH.triples, np.full(len(TRUTH.triples), np.nan)))
    assert not terms.term.any()
    predicted = decomposition.fitness(terms.single, terms.pair, terms.term)
    assert correlation(predicted, TRUTH.triple(TRUTH.triples)) > 0.95
    np.testing.assert_array_equal(terms.unit[:, 2], terms.unit[:, 1])


def test_an_unseen_screen_takes_the_largest_level_of_its_phenotype_and_order(closed_form):
    pairs = TRUTH.pairs[:50]
    known = closed_form.terms(genotypes(pairs, np.full(50, np.nan)))
    elsewhere = closed_form.terms(genotypes(pairs, np.full(50, np.nan), screens=("another",)))
    bare = closed_form.terms(genotypes(pairs, np.full(50, np.nan), screen=-1))
    for name, values in vars(known).items():
        np.testing.assert_array_equal(getattr(elsewhere, name), values, err_msg=name)
        np.testing.assert_array_equal(getattr(bare, name), values, err_msg=name)


def test_other_phenotypes_have_no_fitness_in_their_terms():
    pairs = TRUTH.pairs[TRUTH.measured]
    closed_form, _, terms = fit(genotypes(pairs, TRUTH.epsilon(pairs), INTERACTION))
    assert list(closed_form.levels) == [("screen", INTERACTION, 2)]
    assert (terms.single == 1).all()
    assert not terms.pair.any()
    assert correlation(terms.term, terms.evidence[:, 0]) > 0.9


def test_a_call_is_log_odds_of_a_negative_interaction():
    pairs = TRUTH.pairs
    called = (TRUTH.epsilon(pairs) < -0.01).astype(float)
    train = genotypes(pairs[TRUTH.measured], called[TRUTH.measured], CALL)
    closed_form, _, terms = fit(train)
    new = ~TRUTH.measured
    odds = closed_form.terms(genotypes(pairs[new], np.full(new.sum(), np.nan), CALL)).term
    assert odds.min() < 0 < odds.max()
    assert odds[called[new] == 1].mean() > odds[called[new] == 0].mean() + 1
    assert (terms.unit == 1).all()


def test_no_term_of_a_training_row_depends_on_its_own_value(fitted):
    """The value of one held-out double mutant moves by 5 SD, and its terms by less than 2 % of that."""
    train = TRUTH.screen()
    _, positions, terms = fitted
    held = np.flatnonzero((train.order[positions] == 2) & ~terms.unseen.any(axis=1))
    row = positions[held[0]]
    step = 5 * train.value[train.order == 2].std()
    changed = replace(train, value=train.value.copy())
    changed.value[row] += step
    _, again, moved = fit(changed)
    np.testing.assert_array_equal(again, positions)
    own = np.flatnonzero(positions == row)
    before, after = terms.evidence[own, 1] * terms.unit[own, 1], moved.evidence[own, 1] * moved.unit[own, 1]
    # No part of the estimate saw the value; its few gains were fitted on 350 held-out rows, this one among them.
    assert np.abs(after - before).max() < 0.02 * step
    assert np.abs(moved.term[own] - terms.term[own]).max() < 0.02 * step


def test_flux_terms_enter_where_a_genotype_has_metabolic_genes():
    """What flux balance computes of pairs is the truth here: it gets the gain that the values show."""
    where = small_cell(knockouts=knockout_table())
    flux = FluxBalance.read(where)
    pairs = np.stack(np.triu_indices(20, 1), axis=1)
    train = genotypes(np.repeat(pairs, 2, axis=0), np.zeros(2 * len(pairs)), INTERACTION)
    truth = flux.terms(train.genes).interaction
    assert (np.abs(truth) > 0.05).sum() >= 6
    train = replace(train, value=20 * truth + 0.05 * np.random.default_rng(0).standard_normal(len(train)))
    closed_form, _, _ = fit(train, where, flux, profiles=False)
    gain = closed_form.levels["screen", INTERACTION, 2].gains.gain[0]
    assert column_names(INTERACTION, 2)[1] == "flux"
    assert gain[1] == pytest.approx(20, rel=0.2)
    terms = closed_form.terms(train.without_values())
    assert correlation(terms.term, truth) > 0.99
    without, _, _ = fit(train, where, profiles=False)
    assert np.ptp(without.terms(train.without_values()).term) < 1e-9
    outside = (train.genes >= 8).any(axis=1)
    assert not terms.evidence[outside, 7].any()
    assert np.ptp(terms.term[((train.genes >= 8) | (train.genes < 0)).all(axis=1)]) < 1e-9


def test_raw_interactions_of_triples_weigh_their_pairs():
    assert column_names(RAW, 3) == ["estimate", "flux", "lower_terms", "constant"]
    assert column_names(RAW, 2) == column_names(FITNESS, 1) == ["estimate", "flux", "constant"]
    assert column_names(FITNESS, 2) == column_names(FITNESS, 3)
    assert column_names(FITNESS, 2)[2:4] == ["lower_terms", "whole_estimate"]


@pytest.mark.parametrize("order", [2, 3])
def test_at_full_weight_of_the_whole_estimate_a_fitness_is_what_it_states_whatever_the_single_mutants(order):
    generator = np.random.default_rng(3)
    n, residual = 20, CrossEstimates.empty(20)
    residual.value[:] = generator.standard_normal(n)
    whole, product, nothing = generator.random(n) - 1, generator.random(n), np.zeros((n, 3))
    lower = Lower(product, 1 + nothing, nothing, nothing, np.full(n, np.nan))
    flux = NoFlux().terms(np.full((n, 3), NO_GENE))
    design, expected = design_of(FITNESS, order, residual, whole, lower, flux)
    np.testing.assert_allclose(product + design @ expected, product + residual.value)
    expected[column_names(FITNESS, order).index("whole_estimate")] = 1.0
    np.testing.assert_allclose(product + design @ expected, 1 + whole)


def test_estimates_of_terms_and_of_whole_values_go_without_the_same_values():
    train = TRUTH.screen(triples=False)
    pairs = train.take(np.flatnonzero(train.order == 2))
    made = [PredictedProfiles(small_settings()).fit(pairs, cell(), FitContext()) for pairs in (pairs, pairs)]
    kept = np.random.default_rng(0).permutation(len(made[0][0]))[:500]
    observation, estimates, whole = _of_both(*made[0], made[1][0][kept], made[1][1].take(kept))
    assert len(observation) == 500
    np.testing.assert_array_equal(estimates.value, whole)


class TrigenicScreen:
    """Double-mutant queries and their control queries, crossed with 60 array strains.

    What a control cross errs by enters the published tau of its triples; besides, a tau that follows from the true
    digenic interactions, and little noise.

    Parameters
    ----------
    digenic
        SD of the true digenic interactions; a tau is minus half their sum.
    """

    QUERIES, ARRAYS = 14, 60

    def __init__(self, digenic=0.0):
        generator = np.random.default_rng(7)
        self.single = np.where(generator.random(GENES) < 0.5, 0.5, 1.0)
        self.strains = tuple(f"strain{number}" for number in range(200))
        first, second = np.arange(self.QUERIES), np.arange(self.QUERIES) + self.QUERIES
        arrays = np.arange(2 * self.QUERIES, 2 * self.QUERIES + self.ARRAYS)
        shape = (2 * self.QUERIES, GENES)
        self.epsilon, self.error = digenic * generator.standard_normal(shape), 0.1 * generator.standard_normal(shape)
        query, array = (axis.ravel() for axis in np.meshgrid(np.arange(2 * self.QUERIES), arrays, indexing="ij"))
        measured = (self.epsilon + self.error)[query, array]
        pairs = self._crosses(np.stack([query, array], axis=1), measured, query, array)
        row, array = (axis.ravel() for axis in np.meshgrid(first, arrays, indexing="ij"))
        i, j = first[row], second[row]
        carried = self.error[i, array] * self.single[j] + self.error[j, array] * self.single[i]
        self.tau = -0.5 * (self.epsilon[i, array] + self.epsilon[j, array])
        noise = 0.01 * generator.standard_normal(len(row))
        self.triples = self._crosses(np.stack([i, j, array], axis=1), self.tau - carried + noise, 100 + row, array)
        singles = genotypes(np.tile(np.arange(GENES), 3)[:, None], np.tile(self.single, 3))
        self.controls = joined(replace(singles, strains=self.strains), pairs)

    def _crosses(self, genes, value, query, array):
        return replace(genotypes(genes, value, INTERACTION), query=query, array=array, strains=self.strains)

    def held_out(self):
        """Return whether the query of each triple is held out."""
        return np.isin(self.triples.query, (100, 101, 102, 103))

    def closed_form(self, *, controls=True):
        train = joined(self.controls, self.triples.take(~self.held_out()))
        collected = decomposition.ControlCrosses.of(train, GENES) if controls else decomposition.ControlCrosses.none()
        return ClosedForm.fit(
            train, cell(), FitContext(), lambda: PredictedProfiles(small_settings()), NoFlux(), collected
        )[0]


SCREEN = TrigenicScreen()


def test_a_published_tau_carries_the_mistakes_of_its_control_crosses():
    """With queries unseen, mistakes of control crosses are predicted with the weights of tau's definition."""
    closed_form, held = SCREEN.closed_form(), SCREEN.triples.take(SCREEN.held_out())
    assert correlation(closed_form.terms(held.without_values()).term, held.value) > 0.9
    gains = closed_form.levels["screen", INTERACTION, 3].gains.gain
    column = column_names(INTERACTION, 3).index("control_residuals")
    unseen_query = GROUP_NAMES.index("query_unseen, controls measured")
    assert gains[unseen_query, column] == pytest.approx(-1, abs=0.15)
    assert not gains[: len(CASE_NAMES), column].any()


def test_a_question_without_strains_is_answered_as_if_no_triple_had_controls():
    """Its controls are still to be made: what the column explains of named triples is not taken from other columns."""
    screen = TrigenicScreen(digenic=0.1)
    held = screen.held_out()
    none = np.full(held.sum(), -1)
    bare = replace(screen.triples.take(held), query=none, array=none).without_values()
    answers = [screen.closed_form(controls=controls).terms(bare) for controls in (True, False)]
    np.testing.assert_allclose(answers[0].term, answers[1].term, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(answers[0].std, answers[1].std, rtol=1e-6)


def test_the_stated_sd_is_smaller_where_the_controls_are_known():
    closed_form, held = SCREEN.closed_form(), SCREEN.triples.take(SCREEN.held_out()).without_values()
    unknown = replace(held, array=np.full(len(held), -1))
    assert closed_form.terms(held).std.max() < 0.6 * closed_form.terms(unknown).std.min()


def control_crosses(left_out=((), (), ())):
    pairs = SCREEN.controls.take(SCREEN.controls.order == 2)
    collected = decomposition.ControlCrosses.of(joined(SCREEN.controls, SCREEN.triples), GENES)
    rows, value, std = left_out
    left_out = np.array(rows, dtype=int), np.array(value, dtype=float), np.array(std, dtype=float)
    return collected.with_pairs("screen", pairs, np.full(len(pairs), 0.5), left_out)


def test_a_control_cross_is_of_one_query_gene_and_the_array_strain():
    residuals, genes = control_crosses().residuals(SCREEN.triples), SCREEN.triples.genes
    np.testing.assert_allclose(residuals[:, 1], SCREEN.error[genes[:, 0], genes[:, 2]] - 0.5)
    np.testing.assert_allclose(residuals[:, 2], SCREEN.error[genes[:, 1], genes[:, 2]] - 0.5)
    assert np.isnan(residuals[:, 0]).all(), "the pair of the query was on no array strain"
    for other in (np.full(len(genes), -1), np.roll(SCREEN.triples.array, 1)):
        assert np.isnan(control_crosses().residuals(replace(SCREEN.triples, array=other))).all()


def test_what_is_expected_of_a_control_cross_comes_from_other_crosses_by_their_precision():
    pair = SCREEN.controls.take(np.flatnonzero(SCREEN.controls.order == 2)[:1])
    found = control_crosses(([0, 0], [1.0, 4.0], [1.0, 0.5]))
    assert found.residual[0] == pytest.approx(pair.value[0] - (1 * 1.0 + 4 * 4.0) / 5)
    np.testing.assert_allclose(found.residual[1:], control_crosses().residual[1:])


def test_control_crosses_are_known_by_the_names_of_strains_and_screens():
    restored = decomposition.ControlCrosses.from_state(control_crosses().state())
    strains, array = SCREEN.strains[::-1], len(SCREEN.strains) - 1 - SCREEN.triples.array
    turned = replace(SCREEN.triples, strains=strains, array=array)
    np.testing.assert_array_equal(restored.residuals(turned), control_crosses().residuals(SCREEN.triples))
    assert np.isfinite(restored.residuals(turned)).any()
    assert np.isnan(restored.residuals(replace(SCREEN.triples, screens=("another",)))).all()


@pytest.mark.parametrize("part", ["pairs", "triples", "pairs on no strain"])
def test_a_screen_of_pairs_or_triples_alone_or_without_array_strains_has_no_control_crosses(part):
    nowhere = replace(SCREEN.controls, array=np.full(len(SCREEN.controls), -1))
    screens = {
        "pairs": SCREEN.controls,
        "triples": SCREEN.triples,
        "pairs on no strain": joined(nowhere, SCREEN.triples),
    }
    assert not decomposition.ControlCrosses.of(screens[part], GENES).screens
