"""A genotype has one to three different genes; an interaction needs two."""

import numpy as np

from pipeline_lib.genes.names import FAULTS, genotype_faults, smallest_order


def test_one_two_and_three_different_genes_are_genotypes() -> None:
    genes = np.array([[0, -1, -1], [4, 2, -1], [5, 1, 3], [-1, 7, 0]])
    assert not genotype_faults(genes).any()


def test_each_fault_has_its_sentence() -> None:
    genes = np.array([[-1, -1, -1, -1], [0, 1, 2, 3], [1, -1, 1, -1], [2, 2, 2, 2]])
    sentences = [str(FAULTS[code]) for code in genotype_faults(genes)]
    assert "no gene" in sentences[0]
    assert "more than three" in sentences[1]
    assert "twice" in sentences[2]
    assert "more than three" in sentences[3]


def test_an_interaction_needs_two_genes() -> None:
    genes = np.array([[3, -1, -1], [3, 4, -1], [3, 3, -1]])
    faults = [str(FAULTS[code]) for code in genotype_faults(genes, smallest_order("interaction"))]
    assert "at least two" in faults[0]
    assert faults[1] == ""
    assert "twice" in faults[2]
    assert smallest_order("fitness") == 1


def test_no_rows_have_no_faults() -> None:
    assert genotype_faults(np.empty((0, 3), dtype=np.int64)).shape == (0,)
