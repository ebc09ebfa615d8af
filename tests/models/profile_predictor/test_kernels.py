"""Kernels over genes and gene sets: positive semidefinite, 1 on the diagonal, 0 where nothing is known."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.config.models import ProfilePredictorSettings
from pipeline_lib.models.interface import Cell
from pipeline_lib.models.profile_predictor.kernels import CosineKernel, gene_inputs, set_kernel, weighted_kernel

SETTINGS = ProfilePredictorSettings()
GENES = 12
LONE = 11
"""A gene without an edge and without features."""


def make_cell(features=None, edges=True):
    generator = np.random.default_rng(0)
    source, target = np.triu_indices(GENES - 1, 1)
    kept = generator.random(len(source)) < (0.4 if edges else 0.0)
    table = pd.DataFrame({"network": "physical", "source": source[kept], "target": target[kept], "weight": 1.0})
    genes = pd.DataFrame({"gene_index": np.arange(GENES), "gene": [f"G{index:02}" for index in range(GENES)]})
    nothing = {"gene_to_complex": np.zeros((2, 0), int), "complex_to_reaction": np.zeros((2, 0), int)}
    sizes = {"num_genes": GENES, "num_complexes": 0, "num_reactions": 0}
    return Cell(genes, table, {**nothing, **sizes}, features=features or {})


@pytest.fixture
def cell():
    generator = np.random.default_rng(1)
    phenotypes = generator.standard_normal((GENES, 5)).astype(np.float32)
    phenotypes[generator.random(phenotypes.shape) < 0.3] = np.nan
    phenotypes[LONE] = np.nan
    complexes = (generator.random((GENES, 4)) < 0.3).astype(np.float32)
    complexes[LONE] = 0
    return make_cell({"phenotypes": phenotypes, "complexes": complexes})


def test_networks_memberships_and_measurements_give_their_kernels(cell):
    assert [kernel.name for kernel in gene_inputs(cell, SETTINGS).kernels] == [
        "physical neighbourhood",
        "physical edge",
        "similar_phenotypes neighbourhood",
        "similar_phenotypes edge",
        "similar_complexes neighbourhood",
        "similar_complexes edge",
        "diffusion",
        "phenotypes linear",
        "phenotypes square",
        "phenotypes sharp",
        "complexes linear",
    ]


def test_every_kernel_is_positive_semidefinite_with_diagonal_1(cell):
    everyone = np.arange(GENES)
    for kernel in gene_inputs(cell, SETTINGS).kernels:
        matrix = kernel.between(everyone, everyone)
        np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
        np.testing.assert_allclose(np.diag(matrix), 1.0)
        assert np.linalg.eigvalsh(matrix).min() > -1e-9, kernel.name


def test_a_block_is_that_of_the_whole_kernel(cell):
    rows, columns = np.array([3, 0, 7]), np.array([7, 2])
    for kernel in gene_inputs(cell, SETTINGS).kernels:
        whole = kernel.between(np.arange(GENES), np.arange(GENES))
        np.testing.assert_allclose(kernel.between(rows, columns), whole[np.ix_(rows, columns)], atol=1e-12)


def test_a_gene_of_which_nothing_is_known_is_similar_to_none(cell):
    others = np.arange(GENES - 1)
    for kernel in gene_inputs(cell, SETTINGS).kernels:
        if "sharp" not in kernel.name:
            np.testing.assert_array_equal(kernel.between(np.array([LONE]), others), 0.0)


def test_a_missing_phenotype_counts_as_the_mean_of_its_column():
    table = np.array([[1.0, 2.0], [3.0, np.nan], [5.0, -2.0]], dtype=np.float32)
    inputs = gene_inputs(
        make_cell({"phenotypes": np.pad(table, ((0, 9), (0, 0)), constant_values=np.nan)}, edges=False), SETTINGS
    )
    linear = next(kernel for kernel in inputs.kernels if kernel.name == "phenotypes linear")
    assert isinstance(linear, CosineKernel)
    found = linear.between(np.array([0]), np.array([1, 2]))[0]
    assert found[0] == pytest.approx(0.0)
    assert found[1] == pytest.approx(-1.0)


def test_two_genes_of_one_small_complex_are_more_similar_than_of_one_large():
    members = np.zeros((GENES, 3), dtype=np.float32)
    members[[0, 1], 0] = 1
    members[[0, 2, 3, 4, 5, 6], 1] = 1
    members[7, 2] = 1
    kernel = gene_inputs(make_cell({"complexes": members}, edges=False), SETTINGS).kernels[-1]
    assert kernel.name == "complexes linear"
    small, large = kernel.between(np.array([0]), np.array([1, 2]))[0]
    assert small > large > 0


def test_the_kernel_of_single_genes_is_that_of_their_sets_and_an_empty_set_is_similar_to_none(cell):
    kernel = gene_inputs(cell, SETTINGS).kernels[0]
    singles = np.array([[-1, -1, 2], [-1, -1, 5]])
    np.testing.assert_allclose(set_kernel(kernel, singles, singles), kernel.between(np.array([2, 5]), np.array([2, 5])))
    nobody = np.full((1, 3), -1)
    np.testing.assert_array_equal(set_kernel(kernel, nobody, singles), 0.0)
    np.testing.assert_array_equal(weighted_kernel([], np.zeros(0), singles, singles), 0.0)


def test_the_kernel_of_double_mutants_is_the_sum_over_pairs_of_genes(cell):
    kernel = gene_inputs(cell, SETTINGS).kernels[0]
    found = set_kernel(kernel, np.array([[-1, 2, 5]]), np.array([[-1, 5, 7], [-1, -1, 2]]))
    pairs = kernel.between(np.array([2, 5]), np.array([5, 7]))
    assert found[0, 0] == pytest.approx(pairs.sum() / 2)
    assert found[0, 1] == pytest.approx(kernel.between(np.array([2, 5]), np.array([2])).sum() / np.sqrt(2))


def test_without_networks_and_features_there_is_no_kernel():
    assert gene_inputs(make_cell(edges=False), SETTINGS).kernels == []


def test_the_sharp_kernel_falls_as_fast_as_the_settings_state(cell):
    rows, columns = np.array([0, 1, 2]), np.array([3, 4])
    for sharpness in (8.0, 2.0):
        kernels = {
            kernel.name: kernel
            for kernel in gene_inputs(cell, SETTINGS.model_copy(update={"sharpness": sharpness})).kernels
        }
        cosine, sharp = (kernels[f"phenotypes {shape}"].between(rows, columns) for shape in ("linear", "sharp"))
        np.testing.assert_allclose(sharp, np.exp(sharpness * (cosine - 1)))
