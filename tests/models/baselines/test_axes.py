"""A screen as a matrix: what its rows and columns are."""

import numpy as np

from pipeline_lib.models.crosses.crosses import UNKNOWN, Axes, StrainBook


def axes_of(bench, train):
    book = StrainBook.learn(train, bench.num_genes)
    return book, Axes.fit(book.crosses(train), len(book.names))


def test_an_emap_is_symmetric_and_an_array_screen_is_not(bench, trigenic):
    assert axes_of(bench, bench.emap(np.ones((12, 12))))[1].symmetric
    assert not axes_of(bench, trigenic)[1].symmetric


def test_rows_are_query_strains_and_columns_array_strains(bench, trigenic):
    book, axes = axes_of(bench, trigenic)
    # 10 pairs, 10 single-mutant controls and the neutral query, against 30 arrays.
    assert axes.shape == (21, 30)
    rows, columns = axes.positions(book.crosses(trigenic))
    # The neutral query is measured once with every query pair: ten replicates of each of its cells.
    assert len(np.unique(rows * 30 + columns)) == 21 * 30
    assert len(trigenic) == 30 * 30


def test_a_new_allele_is_taken_for_the_commonest_strain_of_its_gene(bench):
    train = bench.genotypes(
        [[1, 8], [1, 9], [1, 10], [1, 8], [1, 9], [2, 8], [2, 9]],
        [0] * 7,
        query=["1-often", "1-often", "1-often", "1-rare", "1-rare", "2", "2"],
        array=["x", "y", "z", "x", "y", "x", "y"],
    )
    book, axes = axes_of(bench, train)
    new = bench.genotypes([[1, 8], [1, 8], [1, 8]], [0] * 3, query=["1-new", "1-rare", "1-often"], array=["x"] * 3)
    new_allele, rare, often = axes.positions(book.crosses(new))[0]
    assert new_allele == often
    assert rare != often


def test_a_gene_that_training_lacks_has_no_position(bench, trigenic):
    book, axes = axes_of(bench, trigenic)
    rows, columns = axes.positions(book.crosses(bench.genotypes([[55, 56, 57]], [0])))
    assert rows.tolist() == columns.tolist() == [UNKNOWN]


def test_the_partner_of_a_single_mutant_is_a_column_of_its_own(bench):
    train = bench.genotypes([[0], [1], [2], [0, 1], [0, 2], [1, 2]], [0] * 6, phenotype="fitness")
    book, axes = axes_of(bench, train)
    columns = axes.positions(book.crosses(train))[1]
    assert len(np.unique(columns[:3])) == 1
    assert columns[0] not in columns[3:]


def test_a_single_mutant_asked_for_by_its_gene_stands_where_training_measured_it(bench):
    """Kuzmin 2020 measured single mutants as array strains: the gene alone must find that strain."""
    train = bench.genotypes([[0], [1], [2]], [0.9, 0.8, 0.7], array=["0-dma", "1-dma", "2-dma"], phenotype="fitness")
    book, axes = axes_of(bench, train)
    alone = book.crosses(bench.genotypes([[1], [9]], [0, 0], phenotype="fitness"))
    measured, column = axes.positions(axes.placed(alone))
    assert UNKNOWN not in measured
    assert column.tolist() == [axes.positions(book.crosses(train))[1][1], UNKNOWN]


def test_a_double_mutant_measured_as_one_strain_is_found_by_its_genes(bench):
    train = bench.genotypes(
        [[0, 1], [0, 5], [0, 6], [1, 5], [1, 6]],
        [0.5, 0.9, 0.8, 0.7, 0.6],
        query=["0+1", "0", "0", "1", "1"],
        array=[None, "5", "6", "5", "6"],
        phenotype="fitness",
    )
    book, axes = axes_of(bench, train)
    alone = axes.placed(book.crosses(bench.genotypes([[0, 1], [0, 5]], [0, 0], phenotype="fitness")))
    rows, columns = (side[[0, 1]] for side in axes.positions(book.crosses(train)))
    found_rows, found_columns = axes.positions(alone)
    assert found_rows.tolist() == rows.tolist()
    assert found_columns.tolist() == columns.tolist()


def test_a_cross_that_names_its_strains_keeps_its_sides(bench, trigenic):
    book, axes = axes_of(bench, trigenic)
    crosses = book.crosses(trigenic)
    placed = axes.placed(crosses)
    assert placed.query.gene_set.tolist() == crosses.query.gene_set.tolist()
    assert placed.array.strain.tolist() == crosses.array.strain.tolist()
