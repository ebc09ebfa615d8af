"""What to measure next: untested, viable, ranked by expected value and by information."""

from itertools import combinations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import gene_positions
from pipeline_lib.config.evaluation import ReportingSettings
from pipeline_lib.reporting.next_experiments import (
    Target,
    choose_genes,
    choose_target,
    expected_shortfall,
    measured_genotypes,
    rank_untested,
    suggest,
    untested,
    viable_genes,
    with_names,
)
from tests.reporting.synthetic_run import HOSTILE_SCREEN, UNTESTED, gene_table, observation_table

PAIRS = Target(2, "collins2007", "interaction")


@pytest.fixture(scope="module")
def genes():
    return gene_table()


@pytest.fixture(scope="module")
def observations():
    return observation_table()


class Seeds:
    """Two seeds of a fake model: they disagree on the last gene alone."""

    seeds = (type("Fitted", (), {"screens": ("collins2007", HOSTILE_SCREEN, "kuzmin2018_calls")}),)

    def predict(self, genes, screen, phenotype):
        assert screen in self.seeds[0].screens
        assert phenotype in PHENOTYPES
        mean = 0.2 + 0.001 * genes.sum(axis=1)
        last = (genes == 11).any(axis=1)
        return [(mean - last * 0.1, np.full(len(genes), 0.3)), (mean + last * 0.1, np.full(len(genes), 0.3))]


def test_essential_and_sick_genes_are_no_strains_to_build_on(genes, observations):
    viable = viable_genes(genes, observations)
    left_out = set(genes.loc[~viable, "gene"])
    assert left_out == {"YFL039C", "YBR072W"}, "ACT1 is essential, and the single mutant of YBR072W grows at 0.2"


@pytest.mark.parametrize("name", ["simulated", "in-silico"])
def test_measured_interactions_come_before_calls_and_simulated_ones(observations, name):
    simulated = observations[observations["screen"] == "collins2007"].assign(screen=name)
    doubled = np.concatenate([observations.to_numpy(object), simulated.to_numpy(object), simulated.to_numpy(object)])
    table = observations.__class__(doubled, columns=observations.columns)
    assert choose_target(table, 2, {name}).screen != name
    assert choose_target(observations, 3, ()) == Target(3, "kuzmin2018_calls", "call")
    assert choose_target(observations[observations["order"] == 1], 2, ()) is None


def test_nothing_that_any_screen_measured_is_suggested(genes, observations):
    every = np.array([[a, b, -1] for a, b in combinations(range(12), 2)])
    left = untested(every, measured_genotypes(observations, genes, 2), len(genes))
    names = genes["gene"].to_numpy()
    assert [tuple(names[row[:2]]) for row in left] == [UNTESTED]


def test_the_strongest_viable_genes_are_chosen(genes, observations):
    viable = viable_genes(genes, observations)
    chosen = choose_genes(genes, observations, PAIRS, viable, 4)
    rows = observations[observations["screen"] == "collins2007"]
    mean = {
        position: rows.loc[[gene in members for members in rows["genes"]], "value"].abs().mean()
        for position, gene in enumerate(genes["gene"])
        if viable[position]
    }
    assert set(chosen) == set(sorted(mean, key=mean.get)[-4:])
    assert (np.diff(chosen) > 0).all()


@pytest.mark.parametrize(("mean", "sd"), [(-0.2, 0.1), (0.0, 0.05), (0.1, 0.3)])
def test_the_expected_shortfall_is_the_integral(mean, sd):
    integral, _ = quad(lambda y: (-0.08 - y) * norm.pdf(y, mean, sd), -3, -0.08)
    assert expected_shortfall(np.array([mean]), np.array([sd]), -0.08)[0] == pytest.approx(integral, abs=1e-9)


def test_disagreeing_seeds_and_rare_genes_are_informative(genes, observations):
    rows = observations[~observations["genes"].map(lambda members: "YGR192C" in members)]
    candidates = gene_positions(genes, [["YAL001C", "YKL190W"], ["YAL001C", "YLR113W"], ["YAL001C", "YGR192C"]], "here")
    table = suggest(PAIRS, candidates, rows, genes, np.ones(12, bool), Seeds().predict, -2.5, 3)
    table = table.set_index(table["genes"].str[1])
    assert table.loc["YLR113W", "information"] > table.loc["YKL190W", "information"], "its seeds disagree"
    assert table.loc["YGR192C", "novelty"] == 1, "it was never measured"
    assert table.loc["YGR192C", "rank_by_information"] == 1


def test_pairs_and_triples_are_ranked_once_each_and_named_for_the_lab(genes, observations):
    settings = ReportingSettings(pair_genes=12, triple_genes=12, suggestions=5)
    table = rank_untested(observations, genes, Seeds(), settings, {})
    assert table["genes"].map(tuple).is_unique
    assert set(table["order"]) == {2, 3}
    for _, part in table.groupby("order"):
        assert (np.minimum(part["rank_by_value"], part["rank_by_information"]) <= 5).all()
        assert part["rank_by_value"].iloc[0] == 1
    assert with_names(table, genes)["genes"].tolist() == ["YKL190W+YLR113W", "YAL001C+YCL040W+YDL227C"]


def test_without_a_model_there_are_no_suggestions(genes, observations):
    none = type("None", (), {"seeds": ()})()
    assert rank_untested(observations, genes, none, ReportingSettings(), {}).empty
