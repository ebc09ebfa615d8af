"""What is resampled."""

from collections.abc import Callable

import numpy as np
import pytest

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.evaluation.intervals.design import ClusterDesign, choose_kind, cluster_design
from pipeline_lib.evaluation.intervals.estimates import draw_resamples

SETTINGS = EvaluationSettings()


def test_queries_and_arrays_are_resampled_wherever_rows_have_both(measure: Callable, crosses: Callable) -> None:
    data = measure(crosses(4, 5))
    assert choose_kind(data, "screen", SETTINGS) == "query_array"
    design = cluster_design(data, "query_array")
    assert design.sizes == (4, 5)
    assert design.groups == 4


def test_queries_alone_are_resampled_where_most_rows_name_no_array(measure: Callable, crosses: Callable) -> None:
    data = measure(crosses(4, 5, array=None))
    assert choose_kind(data, "screen", SETTINGS) == "query"
    design = cluster_design(data, "query")
    assert design.sizes == (4,)
    assert np.bincount(design.codes[:, 0]).tolist() == [5] * 4


def test_genes_are_resampled_in_an_e_map_and_among_single_mutants(
    measure: Callable, emap: Callable, observe: Callable
) -> None:
    assert choose_kind(measure(emap(6)), "collins2007", SETTINGS) == "gene"
    singles = measure(observe([("A",), ("B",), ("B",)], [1.0, 0.9, 0.8], phenotype="fitness"))
    assert choose_kind(singles, "costanzo2016", SETTINGS) == "gene"
    named = measure(observe([("A",), ("B",)], [1.0, 0.9], phenotype="fitness", query=["A_sn1", "B_sn1"]))
    assert choose_kind(named, "costanzo2016", SETTINGS) == "gene"
    assert cluster_design(singles, "gene").codes.tolist() == [[0], [1], [1]]


def test_the_settings_may_say_what_is_resampled(measure: Callable, crosses: Callable) -> None:
    settings = EvaluationSettings(clusters={"screen": "gene"})
    assert choose_kind(measure(crosses(4, 5)), "screen", settings) == "gene"


def test_a_row_without_a_query_is_a_cluster_of_its_genotype(measure: Callable, observe: Callable) -> None:
    genes = [("A", "B"), ("A", "C"), ("D", "E"), ("D", "E")]
    data = measure(observe(genes, np.zeros(4), query=["a", "a", None, None]))
    codes = cluster_design(data, "query").codes[:, 0]
    assert codes[0] == codes[1]
    assert codes[2] == codes[3] != codes[0]


def test_every_resample_draws_as_many_clusters_as_there_are_and_the_first_is_the_data() -> None:
    design = ClusterDesign("query", np.arange(7)[:, None], (7,))
    counts = draw_resamples(design, 50, [1]).counts[0]
    assert counts.shape == (51, 8)
    assert (counts[0] == 1).all()
    assert (counts[1:, :-1].sum(axis=1) == 7).all()


def test_the_same_seed_gives_the_same_resamples_and_another_does_not() -> None:
    design = ClusterDesign("query", np.arange(30)[:, None], (30,))
    first, again, other = (draw_resamples(design, 20, seed).counts[0] for seed in ([0, 1], [0, 1], [0, 2]))
    assert (first == again).all()
    assert (first != other).any()


def test_a_pair_weighs_the_product_of_its_genes_counts_and_an_absent_gene_weighs_nothing() -> None:
    design = ClusterDesign("gene", np.array([[0, 1], [1, 2], [2, -1]]), (3, 3))
    resamples = draw_resamples(design, 10, [0])
    counts = resamples.counts[0]
    assert resamples.counts[1] is counts
    weights = resamples.row_weights(design.codes, slice(0, 11))
    assert (weights[0] == counts[:, 0] * counts[:, 1]).all()
    assert (weights[2] == counts[:, 2]).all()


@pytest.mark.parametrize("ways", [1, 2, 3])
def test_sums_over_resamples_are_sums_over_rows_written_out(ways: int, literal: Callable) -> None:
    rng = np.random.default_rng(ways)
    design = ClusterDesign("gene", np.sort(rng.integers(12, size=(200, ways)), axis=1), (12,) * ways)
    resamples = draw_resamples(design, 6, [0])
    columns = rng.normal(size=(2, 200))
    sums = resamples.weighted_sums(design.codes, columns)
    for draw in range(7):
        assert sums[:, draw] == pytest.approx(columns[:, literal(design, resamples, draw)].sum(axis=1))


def pairs(genes: int) -> ClusterDesign:
    return ClusterDesign("gene", np.column_stack(np.triu_indices(genes, 1)), (genes, genes))


def test_independent_rows_are_counted_three_times_by_products_so_draws_shrink_by_root_three() -> None:
    design = pairs(300)
    influence = np.random.default_rng(0).normal(size=len(design.codes))
    assert design.variance.factor(influence) == pytest.approx(1 / np.sqrt(3), rel=0.05)


def test_what_genes_share_keeps_its_whole_width() -> None:
    design = pairs(120)
    gene = np.random.default_rng(0).normal(size=120)
    assert design.variance.factor(gene[design.codes].sum(axis=1)) == pytest.approx(1, abs=0.02)


def test_the_width_of_a_square_of_genes_by_hand() -> None:
    # Pairs AB, BC, CD, DA with influence 1, 2, -1, -2: genes sum to -1, 3, 1, -3. A = 20 * 12 / 4, B = 10.
    design = ClusterDesign("gene", np.array([[0, 1], [1, 2], [2, 3], [0, 3]]), (4, 4))
    assert design.variance.factor(np.array([1.0, 2.0, -1.0, -2.0])) == pytest.approx(np.sqrt((60 - 10) / (20 + 10)))


def test_the_variance_of_a_mean_over_all_pairs_is_unbiased() -> None:
    """Values that are sums of gene effects: the corrected variance is, on average, that of twice their mean."""
    rng = np.random.default_rng(0)
    design = pairs(15)
    counts = np.bincount(design.codes.ravel())
    estimates = []
    for _ in range(4000):
        value = rng.normal(size=15)[design.codes].sum(axis=1)
        influence = (value - value.mean()) / len(value)
        drawn = sum(np.bincount(design.codes.ravel(), weights=np.repeat(influence, 2)) ** 2) + influence @ influence
        estimates.append(drawn * design.variance.factor(influence) ** 2 * 15 / 14)
    assert counts.tolist() == [14] * 15
    assert np.mean(estimates) == pytest.approx(4 / 15, rel=0.06)


def test_two_ways_are_never_narrower_than_one() -> None:
    # Two queries by two arrays; influences cancel within arrays, so the arrays' sum of squares is nought.
    design = ClusterDesign("query_array", np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), (2, 2))
    width = design.variance.factor(np.array([1.0, 1.0, -1.0, -1.0]))
    assert width == pytest.approx(np.sqrt(8 / (8 + 4)))


def test_a_handful_of_large_queries_is_not_made_more_by_single_rows() -> None:
    large, single = np.repeat(np.arange(9), 500), 9 + np.arange(250)
    design = ClusterDesign("query", np.append(large, single)[:, None], (259,))
    assert design.present() == 259
    assert design.effective() == pytest.approx(9 * (4750 / 4500) ** 2, rel=0.01)
    assert pairs(40).effective() == pytest.approx(40)
    crossed = ClusterDesign("query_array", np.column_stack([np.arange(60) % 3, np.arange(60) // 3]), (3, 20))
    assert crossed.effective() == pytest.approx(3)


def test_draws_over_queries_alone_need_no_correction() -> None:
    assert ClusterDesign("query", np.arange(5)[:, None], (5,)).variance.factor(np.ones(5)) == 1
