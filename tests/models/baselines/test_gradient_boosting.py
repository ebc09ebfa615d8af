"""Boosted trees: the same trees as scikit-learn's, on features that can be counted by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from pipeline_lib.models.baselines.gradient_boosting import GenotypeFeatures, GradientBoostingModel, Trees


@pytest.mark.parametrize(("leaves", "depth"), [(2, None), (15, 3), (31, 6)])
def test_trees_predict_what_scikit_learn_predicts(generator, leaves, depth):
    features = generator.standard_normal((3000, 5)).round(1)
    target = features[:, 0] * features[:, 1] + np.sin(features[:, 2]) + 0.1 * generator.standard_normal(3000)
    boosting = HistGradientBoostingRegressor(
        max_iter=20, max_leaf_nodes=leaves, max_depth=depth, early_stopping=False
    ).fit(features, target)
    staged = list(boosting.staged_predict(features))
    for rounds in (1, 7, 20):
        np.testing.assert_allclose(
            Trees.of_boosting(boosting, rounds).predict(features), staged[rounds - 1], rtol=1e-12, atol=1e-12
        )


def test_a_tree_without_a_split_predicts_the_mean():
    boosting = HistGradientBoostingRegressor(max_iter=3, early_stopping=False).fit(np.zeros((50, 1)), np.arange(50.0))
    np.testing.assert_allclose(Trees.of_boosting(boosting, 3).predict(np.zeros((4, 1))), 24.5)


def test_features_of_a_pair_are_those_of_its_network(bench):
    # A square 0-1-2-3 with one diagonal 0-2; gene 4 stands apart.
    edges = [("n", 0, 1, 1.0), ("n", 1, 2, 0.5), ("n", 2, 3, 1.0), ("n", 0, 3, 1.0), ("n", 0, 2, 1.0)]
    cell = bench.cell(edges, in_gem=[0, 1], complexes=[(0, 0, 0), (1, 1, 1), (1, 2, 2)])
    features = GenotypeFeatures.of_cell(cell, with_means=False)
    pair, apart = features.describe(bench.genotypes([[1, 3], [1, 4]], [0, 0]))
    # in the model, essential, complexes, growth of the single knockout, degree: the least, then the greatest
    np.testing.assert_allclose(pair[:5], [0, 0, 0, 1, 2])
    np.testing.assert_allclose(pair[5:10], [1, 0, 2, 1, 2])
    # No edge between 1 and 3, but both of their two neighbours are shared.
    np.testing.assert_allclose(pair[10:], [0, 1])
    np.testing.assert_allclose(apart[10:], [0, 0])
    edge = features.describe(bench.genotypes([[1, 2]], [0]))[0]
    np.testing.assert_allclose(edge[10:], [0.5, 1 / np.sqrt(2 * 3)])


def test_an_unknown_essentiality_lies_between(bench):
    features = GenotypeFeatures.of_cell(bench.cell(), with_means=False)
    np.testing.assert_allclose(features.of_gene[[0, 1, 5], 1], [0.5, 0, 1])


def test_an_unknown_growth_is_the_mean_of_the_known_ones_not_that_of_the_wild_type(bench):
    knockouts = pd.DataFrame(
        [(["G000"], "fba", 0.2, 0.0), (["G001"], "fba", np.nan, np.nan)],
        columns=["genes", "method", "fitness", "interaction"],
    )
    cell = bench.cell(in_gem=[0, 1], knockouts=knockouts)
    growth = GenotypeFeatures.of_cell(cell, with_means=False).of_gene[:, 3]
    others = np.delete(growth, 1)
    np.testing.assert_allclose(growth[:3], [0.2, others.mean(), 1.0])


def test_a_triple_adds_means_over_its_genes_and_pairs(bench):
    cell = bench.cell([("n", 0, 1, 1.0), ("n", 0, 2, 0.25)])
    features = GenotypeFeatures.of_cell(cell, with_means=True).describe(bench.genotypes([[0, 1, 2]], [0]))[0]
    # ... least [5], greatest [5], greatest of pairs [2], means [5], sums over pairs [2], order.
    np.testing.assert_allclose(features[10:12], [1.0, 1.0])
    np.testing.assert_allclose(features[12 + 4], (2 + 1 + 1) / 3)
    np.testing.assert_allclose(features[17:], [1.25, 1.0, 3])


def test_an_interaction_within_a_network_is_learned(bench, generator):
    edges = [("n", i, j, 1.0) for i in range(60) for j in range(i + 1, 60) if generator.random() < 0.2]
    joined = np.zeros((60, 60))
    for _, i, j, _ in edges:
        joined[i, j] = joined[j, i] = -3.0
    train, validation, test = bench.thirds(bench.emap(joined + 0.5 * generator.standard_normal((60, 60))))
    model = bench.fit(GradientBoostingModel, train, validation, bench.cell(edges), boosting_rounds=12)
    assert bench.correlation(model, test) > 0.9


def test_nothing_is_learned_from_permuted_values(bench, generator):
    edges = [("n", i, j, 1.0) for i in range(60) for j in range(i + 1, 60) if generator.random() < 0.2]
    train, validation, test = bench.thirds(bench.emap(generator.standard_normal((60, 60))))
    model = bench.fit(GradientBoostingModel, train, validation, bench.cell(edges), boosting_rounds=12)
    assert abs(bench.correlation(model, test)) < 0.2


def test_features_of_genes_enter_as_their_least_and_greatest_and_by_their_similarity(bench):
    cell = bench.cell()
    values = np.full((len(cell.genes), 3), np.nan, dtype=np.float32)
    values[:4] = [[1, 0, 0], [1, 0, 0], [-1, 1, 0], [-1, 0, 2]]
    features = GenotypeFeatures.of_cell(replace(cell, features={"own": values}), with_means=False)
    pair, apart = features.describe(bench.genotypes([[0, 1], [0, 2]], [0, 0]))
    # in the model, essential, complexes, growth, degree in the similarity graph, then the three columns; twice.
    assert len(pair) == 2 * 8 + 2
    np.testing.assert_allclose([pair[5], pair[13]], [1, 1])
    np.testing.assert_allclose([apart[5], apart[13]], [-1, 1])
    np.testing.assert_allclose([pair[16], apart[16]], [1, 0], atol=1e-6)


def test_what_two_genes_have_in_common_is_learned_from_their_features(bench, generator):
    """Pairs interact where their hidden class is one; only a feature table shows the class, through twenty columns."""
    hidden = np.arange(60) % 6
    same = hidden[:, None] == hidden
    matrix = np.where(same, -1.0, 0.0) + 0.3 * generator.standard_normal((60, 60))
    genotypes = bench.emap((matrix + matrix.T) / 2)
    cell = bench.cell()
    values = np.full((len(cell.genes), 20), np.nan, dtype=np.float32)
    values[:60] = generator.standard_normal((6, 20))[hidden] + 0.3 * generator.standard_normal((60, 20))
    kept = ~np.isin(genotypes.genes[:, :2], np.arange(12)).any(axis=1)
    train, held = genotypes.take(kept), genotypes.take(~kept)
    validation, test = held.take(np.arange(len(held)) % 2 == 0), held.take(np.arange(len(held)) % 2 == 1)
    described = replace(cell, features={"classes": values})
    assert bench.correlation(bench.fit(GradientBoostingModel, train, validation, described), test) > 0.6
    assert bench.correlation(bench.fit(GradientBoostingModel, train, validation, cell), test) < 0.3
