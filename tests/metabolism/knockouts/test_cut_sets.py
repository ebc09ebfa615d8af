"""Which deletions shut a flux, and which genes they cannot tell apart."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.metabolism.knockouts.genotypes import cut_sets, deletions_of, interchangeable_genes, minimal
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork
from pipeline_lib.metabolism.programs.network_reduction import reduce_network
from pipeline_lib.metabolism.programs.wild_type import unpack


def sets(*members: tuple[int, ...]) -> frozenset[frozenset[int]]:
    return frozenset(map(frozenset, members))


def test_isozymes_must_all_go_and_a_complex_falls_with_any_part() -> None:
    assert cut_sets(sets((0,), (1,)), 3) == sets((0, 1))
    assert cut_sets(sets((0, 1)), 3) == sets((0,), (1,))
    # Two isozymes that share a subunit: the shared one alone, or one part of each.
    assert cut_sets(sets((0, 1), (0, 2)), 3) == sets((0,), (1, 2))
    assert cut_sets(sets((0,), (1,), (2,), (3,)), 3) == frozenset()


@given(
    complexes=st.lists(st.frozensets(st.integers(0, 6), min_size=1, max_size=3), min_size=1, max_size=5),
    order=st.integers(1, 3),
)
def test_cut_sets_are_the_minimal_sets_that_break_every_complex(complexes: list[frozenset[int]], order: int) -> None:
    breaking = [
        frozenset(genes)
        for size in range(1, order + 1)
        for genes in combinations(range(7), size)
        if all(members.intersection(genes) for members in complexes)
    ]
    assert cut_sets(complexes, order) == minimal(breaking)


def test_genes_of_one_complex_are_interchangeable_and_isozymes_are_not() -> None:
    complex_of_two = sets((0,), (1,))
    isozymes = sets((2, 3))
    stands_for = interchangeable_genes([complex_of_two, isozymes], 6)
    assert stands_for.tolist() == [0, 0, 2, 3, -1, -1]


def test_a_gene_with_a_second_role_is_no_substitute() -> None:
    assert interchangeable_genes([sets((0,), (1,)), sets((1,))], 2).tolist() == [0, 1]


@pytest.mark.parametrize("order", [1, 2, 3])
def test_canonical_genotypes_shut_what_the_genotypes_do(textbook_network: MetabolicNetwork, order: int) -> None:
    reduced = reduce_network(textbook_network)
    deletions = deletions_of(textbook_network, reduced, order)
    random = np.random.default_rng(order)
    genotypes = np.array([random.choice(137, order, replace=False) for _ in range(3000)])
    canonical = deletions.canonical(genotypes)
    assert len(np.unique(canonical, axis=0)) < len(np.unique(np.sort(genotypes, axis=1), axis=0))
    np.testing.assert_array_equal(deletions.shut(canonical), deletions.shut(genotypes))
    # By the rules themselves: a unit is shut when one of its reactions is blocked.
    blocked = textbook_network.rules.blocked_reactions(textbook_network.genotype_matrix(genotypes)).toarray()
    column_shut = np.zeros((len(genotypes), reduced.size), dtype=bool)
    for reaction in np.flatnonzero(reduced.column >= 0):
        column_shut[:, reduced.column[reaction]] |= blocked[:, reaction]
    shut = unpack(deletions.shut(genotypes), deletions.units)
    for column, unit in enumerate(deletions.unit_of_column):
        expected = shut[:, unit] if unit >= 0 else np.zeros(len(genotypes), dtype=bool)
        np.testing.assert_array_equal(column_shut[:, column], expected)


@pytest.mark.mirror
def test_yeast_gem_genes_fall_into_few_classes(yeast_network: MetabolicNetwork) -> None:
    deletions = deletions_of(yeast_network, reduce_network(yeast_network), 3)
    classes = np.unique(deletions.stands_for[deletions.stands_for >= 0])
    assert len(yeast_network.gem_genes) == 1161
    assert len(classes) == 611
