"""Genotypes of many rows: sorted by name, kinds beside them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.alleles import KINDS, GenotypeColumns

# The index is not in alphabetical order: genes sort by name all the same.
NAMES = GeneNames(["YC", "YA", "YD", "YB"], ["YC", "YA", "YD", "YB"], [[]] * 4, in_gem=np.zeros(4, dtype=bool))
ROWS = st.lists(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, len(KINDS) - 1)), max_size=3, unique_by=lambda pair: pair[0]),
    max_size=20,
)


@given(ROWS)
def test_genes_are_sorted_by_name_and_keep_their_kinds(rows: list[list[tuple[int, int]]]) -> None:
    padded = np.full((len(rows), 3, 2), -1)
    for row, alleles in enumerate(rows):
        padded[row, : len(alleles)] = np.reshape(alleles, (-1, 2))
    columns = GenotypeColumns.sort(NAMES, padded[..., 0].astype(np.int32), padded[..., 1].astype(np.int8))
    expected = [sorted((NAMES.genes[gene].as_py(), KINDS[kind]) for gene, kind in alleles) for alleles in rows]
    assert columns.gene_lists().to_pylist() == [[gene for gene, _ in row] for row in expected]
    assert columns.kind_lists().to_pylist() == [[kind for _, kind in row] for row in expected]
    assert columns.order.tolist() == [len(row) for row in rows]
    assert not columns.one_gene_twice().any()
    sets = [frozenset(gene for gene, _ in alleles) for alleles in rows]
    keys = columns.keys().tolist()
    assert [keys.index(key) for key in keys] == [sets.index(genes) for genes in sets]


def test_one_gene_in_both_strains_is_seen() -> None:
    genes = np.array([[0, 1, 0], [0, 1, 2], [3, 3, -1], [-1, -1, -1]], dtype=np.int32)
    columns = GenotypeColumns.sort(NAMES, genes, np.zeros_like(genes, dtype=np.int8))
    assert columns.one_gene_twice().tolist() == [True, False, True, False]
