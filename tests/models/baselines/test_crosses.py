"""Which gene stands on which side of a cross."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.models.crosses.crosses import StrainBook


def sides(book, genotypes):
    crosses = book.crosses(genotypes)
    return [tuple(sorted({int(gene) for gene in row} - {-1})) for row in book.genes_of_sets(crosses.query.gene_set)], [
        tuple(sorted({int(gene) for gene in row} - {-1})) for row in book.genes_of_sets(crosses.array.gene_set)
    ]


def test_a_strain_carries_the_genes_that_all_its_crosses_share(bench):
    train = bench.genotypes(
        [[1, 2, 8], [1, 2, 9], [5, 8], [5, 9]], [0] * 4, query=["ab", "ab", "c", "c"], array=["x", "y", "x", "y"]
    )
    book = StrainBook.learn(train, bench.num_genes)
    carried = {name: set(genes) - {-1} for name, genes in zip(book.names, book.genes.tolist(), strict=True)}
    assert carried == {"ab": {1, 2}, "c": {5}, "x": {8}, "y": {9}}


def test_the_order_of_gene_indices_does_not_decide_the_sides(bench):
    train = bench.genotypes(
        [[8, 30], [2, 30], [8, 40], [2, 40]], [0] * 4, query=["q", "q", "p", "p"], array=["x", "y", "x", "y"]
    )
    query, array = sides(StrainBook.learn(train, bench.num_genes), train)
    assert query == [(30,), (30,), (40,), (40,)]
    assert array == [(8,), (2,), (8,), (2,)]


def test_a_new_query_takes_the_genes_that_a_known_array_leaves(bench):
    train = bench.genotypes(
        [[1, 2, 8], [1, 2, 9], [5, 8], [5, 9]], [0] * 4, query=["ab", "ab", "c", "c"], array=["x", "y", "x", "y"]
    )
    book = StrainBook.learn(train, bench.num_genes)
    new = bench.genotypes([[8, 20, 21]], [0], query=["new"], array=["x"])
    assert sides(book, new) == ([(20, 21)], [(8,)])


def test_the_neutral_query_of_a_control_screen_carries_no_gene(bench, trigenic):
    book = StrainBook.learn(trigenic, bench.num_genes)
    single = trigenic.take(trigenic.order == 1)
    query, array = sides(book, single)
    assert set(query) == {()}
    assert all(len(members) == 1 for members in array)


def test_a_bare_triple_is_read_with_a_query_that_training_knows(bench):
    train = bench.genotypes([[1, 30, 8], [1, 30, 9], [1, 30, 10]], [0] * 3, query=["ab"] * 3, array=["x", "y", "z"])
    book = StrainBook.learn(train, bench.num_genes)
    assert sides(book, bench.genotypes([[1, 8, 30], [1, 30, 50]], [0, 0])) == ([(1, 30), (1, 30)], [(8,), (50,)])


def test_strains_are_known_by_name_whatever_their_code(bench, trigenic):
    book = StrainBook.learn(trigenic, bench.num_genes)
    row = np.flatnonzero(trigenic.order == 3)[:1]
    alone = bench.genotypes(
        [trigenic.genes[row[0]].tolist()],
        [0],
        query=[trigenic.strains[trigenic.query[row[0]]]],
        array=[trigenic.strains[trigenic.array[row[0]]]],
    )
    assert book.crosses(alone).query.strain[0] == trigenic.query[row[0]]
    assert book.crosses(alone).array.strain[0] == trigenic.array[row[0]]


@pytest.mark.parametrize("seed", range(3))
def test_the_sides_of_a_row_do_not_depend_on_the_rows_beside_it(bench, trigenic, seed):
    book = StrainBook.learn(trigenic, bench.num_genes)
    rows = np.random.default_rng(seed).choice(len(trigenic), 17, replace=False)
    whole, part = book.crosses(trigenic), book.crosses(trigenic.take(rows))
    np.testing.assert_array_equal(part.query.gene_set, whole.query.gene_set[rows])
    np.testing.assert_array_equal(part.array.gene_set, whole.array.gene_set[rows])


@given(st.lists(st.sets(st.integers(0, 59), max_size=3), min_size=1, max_size=30))
def test_a_gene_set_code_is_undone_by_genes_of_sets(sets):
    genes = np.array([[*sorted(members), -1, -1, -1][:3] for members in sets])
    book = StrainBook((), np.zeros((0, 3), dtype=np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64), 60)
    codes = book.gene_set_codes(genes, genes >= 0)
    decoded = [set(row) - {-1} for row in book.genes_of_sets(codes).tolist()]
    assert decoded == [set(members) for members in sets]
    assert len(np.unique(codes)) == len({frozenset(members) for members in sets})
