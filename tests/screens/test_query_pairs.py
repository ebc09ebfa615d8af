"""Query and array of triple mutants, recognised by how often pairs of genes recur."""

import numpy as np
import pytest

from pipeline_lib.screens.readers.torchcell_tau import LEAST_ARRAYS, array_columns

QUERY, OTHER_QUERY = (0, 1), (0, 2)


def screened(query: tuple[int, int], arrays: range) -> np.ndarray:
    return np.array([[*query, array] for array in arrays], dtype=np.int32)


def test_a_planted_query_is_found_wherever_its_genes_stand() -> None:
    generator = np.random.default_rng(0)
    planted = np.concatenate([screened((2 * q, 2 * q + 1), range(100, 160)) for q in range(8)])
    order = generator.permuted(np.tile(np.arange(3), (len(planted), 1)), axis=1)
    shuffled = np.take_along_axis(planted, order, axis=1)[generator.permutation(len(planted))]
    array = array_columns(shuffled)
    assert (shuffled[np.arange(len(shuffled)), array] >= 100).all()


def test_queries_that_share_a_gene_are_distinguished_by_the_array() -> None:
    triples = np.concatenate([screened(QUERY, range(10, 60)), screened(OTHER_QUERY, range(10, 60))])
    assert (array_columns(triples) == 2).all()


def test_a_triple_that_two_queries_make_is_ambiguous() -> None:
    """Query 0+1 crossed to gene 2 and query 0+2 crossed to gene 1 give one genotype."""
    triples = np.concatenate([screened(QUERY, range(2, 60)), screened(OTHER_QUERY, range(10, 60))])
    array = array_columns(triples)
    assert array[0] == -1
    assert (array[1:] == 2).all()


def test_scattered_triples_have_no_query() -> None:
    triples = np.random.default_rng(1).permutation(300).reshape(-1, 3).astype(np.int32)
    assert (array_columns(triples) == -1).all()


@pytest.mark.parametrize(("arrays", "found"), [(LEAST_ARRAYS - 1, False), (LEAST_ARRAYS, True)])
def test_a_handful_of_array_genes_shows_no_query(arrays: int, found: bool) -> None:
    assert ((array_columns(screened(QUERY, range(10, 10 + arrays))) == 2) == found).all()


def test_a_triple_listed_again_and_again_makes_no_query() -> None:
    triples = np.tile(np.array([[3, 4, 5]], dtype=np.int32), (50, 1))
    assert (array_columns(triples) == -1).all()
    assert len(array_columns(triples[:0])) == 0
