"""Genes without measurements, predicted from their network neighbours."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from pipeline_lib.features.matrices import random_features
from pipeline_lib.models.baselines.linear import TwoWayModel
from pipeline_lib.models.baselines.network_profiles import NetworkProfilesModel, gene_networks, smooth
from pipeline_lib.models.crosses.effects import ScoreMatrix


@pytest.fixture
def modules(bench, generator):
    """Fifteen complexes of four genes with one profile each, a network of the complexes and a random one."""
    matrix = bench.low_rank(5, 15, generator)[np.arange(60) // 4][:, np.arange(60) // 4]
    matrix = matrix + 0.2 * generator.standard_normal((60, 60))
    inside = [("complexes", i, j, 1.0) for i in range(60) for j in range(i + 1, 60) if i // 4 == j // 4]
    random = [("random", *sorted(generator.choice(60, 2, replace=False).tolist()), 1.0) for _ in range(90)]
    return bench.emap(matrix), bench.cell([*inside, *random])


def hide(genotypes, genes):
    """Training pairs without the hidden genes, and the pairs of one hidden gene."""
    hidden = np.isin(genotypes.genes[:, :2], genes).sum(axis=1)
    return genotypes.take(hidden == 0), genotypes.take(hidden == 1), genotypes.take(hidden == 2)


def test_networks_are_symmetric_scaled_and_without_loops(bench):
    cell = bench.cell(
        [("a", 0, 1, 4.0), ("a", 1, 2, 2.0), ("b", 3, 3, 1.0)], complexes=[(4, 0, 0), (5, 0, 0), (6, 1, 0)]
    )
    networks = gene_networks(cell)
    # Network b holds nothing but a loop. Genes 4 and 5 form a complex; gene 6 is their isozyme.
    assert set(networks) == {"a", "same_complex", "same_reaction"}
    edges = networks["a"]
    assert [edges[0, 1], edges[1, 0], edges[1, 2], edges[0, 2]] == [1.0, 1.0, 0.5, 0.0]
    assert networks["same_complex"].nnz == 2
    assert networks["same_reaction"].nnz == 6


def test_a_neighbourhood_mean_is_shrunken_by_the_prior():
    """Row 2 is new; its neighbours are row 0 (weight 1) and row 1 (weight 3), of which row 1 lacks column 1."""
    matrix = ScoreMatrix(np.array([[2.0, 4.0], [6.0, 0.0]]), np.array([[1.0, 1.0], [1.0, 0.0]]))
    across = sparse.csr_array(np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 3.0]]))
    down = sparse.csr_array(np.zeros((2, 2)))
    estimates = smooth(matrix, np.array([0.5, -0.5]), np.zeros(2), across, down, prior=1.0)
    np.testing.assert_allclose(estimates["both_known"][0][2], [(2 + 3 * 6) / 5, 4 / 2])
    np.testing.assert_allclose(estimates["row_new"][0][2], [(2.5 + 3 * 5.5) / 5, 4.5 / 2])


def test_a_new_gene_takes_the_profile_of_its_complex(bench, modules):
    genotypes, cell = modules
    train, one, _ = hide(genotypes, [0, 5, 10, 15, 20])
    validation, test = one.take(np.arange(len(one)) % 2 == 0), one.take(np.arange(len(one)) % 2 == 1)
    model = bench.fit(NetworkProfilesModel, train, validation, cell)
    assert bench.correlation(model, test) > 0.9
    assert bench.correlation(bench.fit(TwoWayModel, train, validation, cell), test) < 0.6


def test_two_new_genes_are_predicted_from_both_neighbourhoods(bench, modules):
    genotypes, cell = modules
    train, _, both = hide(genotypes, list(range(0, 60, 4)))
    model = bench.fit(NetworkProfilesModel, train, both.take(np.arange(50)), cell)
    assert bench.correlation(model, both.take(np.arange(50, len(both)))) > 0.8


def test_a_network_without_information_gets_little_weight(bench, modules):
    genotypes, cell = modules
    train, one, _ = hide(genotypes, [0, 5, 10])
    weights = bench.fit(NetworkProfilesModel, train, one, cell).assays["screen", "interaction"].model.weights["row_new"]
    # In the order of gene_networks: complexes, random; then the strains of one gene.
    assert weights[0] > 0.5
    assert weights[1] < 0.2 * weights[0]


def test_a_new_query_learns_from_queries_that_share_a_gene(bench, generator):
    """Query pairs (a, b) whose profile is that of a: without any network, a shared gene tells."""
    profile = generator.standard_normal((6, 40))
    genes, query, array, value = [], [], [], []
    for first in range(6):
        for second in range(4):
            for column in range(30):
                genes.append([first, 10 + second, 20 + column])
                query.append(f"{first}+{second}")
                array.append(f"a{column:02}")
                value.append(profile[first, column] + 0.1 * generator.standard_normal())
    screen = bench.genotypes(genes, value, query=query, array=array)
    new = np.isin(np.array(query), ["0+0", "1+1", "2+2", "3+3", "4+0", "5+1"])
    held = screen.take(new)
    model = bench.fit(NetworkProfilesModel, screen.take(~new), held.take(np.arange(90)))
    test = held.take(np.arange(90, len(held)))
    assert bench.correlation(model, test) > 0.8
    assert bench.correlation(bench.fit(TwoWayModel, screen.take(~new)), test) < 0.6


def test_without_networks_or_shared_genes_the_effects_remain(bench, generator):
    train = bench.emap(generator.standard_normal((30, 30)))
    new = bench.genotypes([[3, 55]], [0], query=["G003_d"], array=["G055_d"])
    np.testing.assert_allclose(
        bench.fit(NetworkProfilesModel, train).predict(new).value, bench.fit(TwoWayModel, train).predict(new).value
    )


def module_features(generator):
    """Features that genes of one complex share, of sixty genes in fifteen complexes, with gaps."""
    shared = generator.standard_normal((15, 40))[np.arange(60) // 4] + 0.3 * generator.standard_normal((60, 40))
    shared[generator.random(shared.shape) < 0.2] = np.nan
    return shared.astype(np.float32)


def test_a_new_gene_takes_the_profile_of_genes_with_similar_features(bench, modules, generator):
    genotypes, cell = modules
    bare = replace(cell, edges=cell.edges.iloc[:0])
    values = np.full((len(cell.genes), 40), np.nan, dtype=np.float32)
    values[:60] = module_features(generator)
    described = replace(bare, features={"phenotypes": values})
    shuffled = replace(bare, features={"phenotypes": random_features(values, seed=1)})
    train, one, _ = hide(genotypes, [0, 5, 10, 15, 20])
    validation, test = one.take(np.arange(len(one)) % 2 == 0), one.take(np.arange(len(one)) % 2 == 1)
    scores = [
        bench.correlation(bench.fit(NetworkProfilesModel, train, validation, chosen), test)
        for chosen in (described, bare, shuffled)
    ]
    assert scores[0] > 0.9
    # Without features, and with the same numbers on other genes, nothing is known of the new gene's complex.
    assert max(scores[1:]) < 0.6


def test_a_fitted_model_finds_the_feature_tables_of_its_cell_again(bench, modules, generator):
    genotypes, cell = modules
    values = np.full((len(cell.genes), 40), np.nan, dtype=np.float32)
    values[:60] = module_features(generator)
    described = replace(cell, features={"phenotypes": values})
    train, one, _ = hide(genotypes, [0, 5, 10])
    model = bench.fit(NetworkProfilesModel, train, one, described)
    again = NetworkProfilesModel.from_state(model.state(), described)
    np.testing.assert_allclose(again.predict(one).value, model.predict(one).value)
