"""Cosine over what both genes have; nearest neighbours."""

import numpy as np
import pytest

from pipeline_lib.features.matrices import similarity_graph


def test_the_cosine_counts_only_columns_that_both_genes_have() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 60)).astype(np.float32)
    # Columns are standardised over genes, so the expected cosine is taken from the standardised table.
    values[1] = values[0]
    values[1, :30] = np.nan
    values[2, 15:] = np.nan
    graph = similarity_graph(values, neighbours=39).toarray()
    mean, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    scaled = (values - mean) / spread
    both = ~np.isnan(scaled[3]) & ~np.isnan(scaled[4])
    expected = scaled[3, both] @ scaled[4, both] / np.sqrt((scaled[3, both] ** 2).sum() * (scaled[4, both] ** 2).sum())
    assert graph[3, 4] == pytest.approx(max(expected, 0), abs=1e-5)
    assert graph[0, 1] == pytest.approx(1, abs=1e-5)
    # Gene 2 shares 15 columns with any other gene, fewer than the 20 that a similarity needs.
    assert graph[2].sum() == 0


def test_a_shared_small_complex_weighs_more_than_a_shared_compartment() -> None:
    values = np.zeros((30, 3), dtype=np.float32)
    values[:15, 0] = 1
    values[:2, 1] = 1
    values[2:, 2] = 1
    graph = similarity_graph(values, neighbours=29).toarray()
    assert graph[0, 1] == pytest.approx(1)
    assert 0 < graph[0, 2] < 0.5


def test_the_graph_is_symmetric_and_genes_without_features_stand_alone() -> None:
    values = np.random.default_rng(1).normal(size=(50, 12)).astype(np.float32)
    values[7] = np.nan
    graph = similarity_graph(values, neighbours=3).toarray()
    np.testing.assert_array_equal(graph, graph.T)
    assert graph[7].sum() == 0
    assert np.diag(graph).sum() == 0
    assert ((graph > 0).sum(axis=1)[np.arange(50) != 7] >= 1).all()


def test_blocks_of_rows_give_what_one_block_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(2).normal(size=(50, 30)).astype(np.float32)
    whole = similarity_graph(values, neighbours=5).toarray()
    monkeypatch.setattr("pipeline_lib.features.matrices._ROWS_AT_ONCE", 7)
    np.testing.assert_allclose(similarity_graph(values, neighbours=5).toarray(), whole, rtol=1e-5)


def test_no_features_give_no_edges() -> None:
    assert similarity_graph(np.full((4, 3), np.nan, dtype=np.float32)).nnz == 0


@pytest.mark.mirror
def test_the_most_similar_phenotypes_are_of_one_complex(mirror, yeast_genes) -> None:
    from pipeline_lib.features.matrices import feature_matrix
    from tests.features.conftest import build

    table = build("phenotype_tables", {"studies": mirror / "yeastphenome"}, yeast_genes)
    graph = similarity_graph(feature_matrix(table, len(yeast_genes)), neighbours=10)
    index = {name: at for at, name in enumerate(yeast_genes["name"])}
    names = yeast_genes["name"].to_numpy()
    ranked = graph[[index["VMA2"]]].toarray().ravel().argsort()[::-1][:10]
    # Subunits of the vacuolar ATPase resemble one another more than anything else.
    assert sum(name.startswith("VMA") for name in names[ranked]) >= 5
