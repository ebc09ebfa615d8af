"""Ridge on indicators: equal to scikit-learn's closed form."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import Ridge

from pipeline_lib.models.baselines.linear import (
    GeneQueryRidgeModel,
    GeneRidgeModel,
    gene_indicators,
    ridge_path,
)


def dense(genotypes, num_genes):
    indicator = np.zeros((len(genotypes), num_genes + 1))
    for row, members in enumerate(genotypes.genes):
        indicator[row, members] = 1
    return indicator[:, :-1]


def test_indicators_mark_the_deleted_genes(bench, trigenic):
    np.testing.assert_array_equal(
        gene_indicators(trigenic, bench.num_genes).toarray(), dense(trigenic, bench.num_genes)
    )


def test_a_path_over_genes_features_and_queries_is_that_of_the_dense_design(generator):
    genes = sparse.csr_array((generator.random((300, 40)) < 0.06).astype(float))
    queries = sparse.csr_array(np.eye(12)[generator.integers(0, 12, 300)])
    components = generator.standard_normal((40, 5)).astype(np.float32)
    target = generator.standard_normal(300) + genes @ generator.standard_normal(40)
    columns = np.concatenate([genes.toarray(), genes @ components.astype(float), queries.toarray()], axis=1)
    penalties = np.geomspace(1e3, 1e-2, 6)
    path = list(ridge_path(genes, components, queries, target, penalties))
    for penalty, (coefficients, intercept) in zip(penalties, path, strict=True):
        expected = Ridge(alpha=penalty, solver="cholesky").fit(columns, target)
        np.testing.assert_allclose(coefficients, expected.coef_, atol=1e-5)
        assert intercept == pytest.approx(expected.intercept_, abs=1e-5)


@pytest.mark.parametrize("order", [2, 3])
def test_coefficients_are_those_of_the_closed_form(bench, trigenic, order):
    train = trigenic.take(trigenic.order == order)
    model = bench.fit(GeneRidgeModel, train, trials=1).assays["trigenic", "interaction"].model
    expected = Ridge(alpha=1e4, solver="cholesky").fit(dense(train, bench.num_genes), train.value)
    np.testing.assert_allclose(model.coefficients, expected.coef_, atol=1e-8)


def test_the_penalty_that_predicts_validation_best_is_kept(bench, generator):
    effect = generator.standard_normal(40)
    matrix = effect[:, None] + effect + 3 * generator.standard_normal((40, 40))
    train, validation, test = bench.thirds(bench.emap(matrix))
    model = bench.fit(GeneRidgeModel, train, validation)
    design, truth = dense(train, bench.num_genes), dense(validation, bench.num_genes)
    offset = train.value.mean()
    errors = [
        np.mean((validation.value - Ridge(alpha=penalty).fit(design, train.value).predict(truth)) ** 2)
        for penalty in np.geomspace(1e4, 1e-2, 12)
    ]
    best = Ridge(alpha=np.geomspace(1e4, 1e-2, 12)[int(np.argmin(errors))]).fit(design, train.value)
    np.testing.assert_allclose(
        model.predict(test).value, best.predict(dense(test, bench.num_genes)), atol=1e-5 * abs(offset) + 1e-5
    )


def test_query_indicators_carry_what_the_genes_of_a_query_cannot(bench, trigenic, generator):
    triple = trigenic.take(trigenic.order == 3)
    effect = generator.standard_normal(len(trigenic.strains))
    # Alleles: the same genes, another strain.
    triple = type(triple)(**{**vars(triple), "value": effect[triple.query] + effect[triple.array]})
    train, validation, test = bench.thirds(triple)
    assert bench.correlation(bench.fit(GeneQueryRidgeModel, train, validation), test) > 0.99


def test_nothing_is_learned_from_permuted_values(bench, generator):
    train, validation, test = bench.thirds(bench.emap(generator.standard_normal((60, 60))))
    for model_class in (GeneRidgeModel, GeneQueryRidgeModel):
        model = bench.fit(model_class, train, validation)
        assert np.abs(model.predict(test).value).max() < 0.5
        assert abs(np.corrcoef(model.predict(test).value, test.value)[0, 1]) < 0.2


def test_an_unseen_genes_effect_is_predicted_from_its_features(bench, generator):
    """Every gene's effect is a line through a feature; a gene that training lacks has nothing else to be known by."""
    cell = bench.cell()
    feature = generator.standard_normal(len(cell.genes)).astype(np.float32)
    effect = 0.8 * feature[:40]
    screen = bench.emap(effect[:, None] + effect + 0.1 * generator.standard_normal((40, 40)))
    unseen = np.isin(screen.genes[:, :2], np.arange(8)).any(axis=1)
    train, held = screen.take(~unseen), screen.take(unseen)
    validation, test = held.take(np.arange(len(held)) % 2 == 0), held.take(np.arange(len(held)) % 2 == 1)
    described = replace(cell, features={"own": feature[:, None]})
    model = bench.fit(GeneRidgeModel, train, validation, described)
    assert bench.correlation(model, test) > 0.95
    assert bench.correlation(bench.fit(GeneRidgeModel, train, validation, cell), test) < 0.8
    again = GeneRidgeModel.from_state(model.state(), described)
    np.testing.assert_allclose(again.predict(test).value, model.predict(test).value)
