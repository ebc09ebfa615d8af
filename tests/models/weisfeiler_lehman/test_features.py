"""The features of a genotype equal those of a full recomputation of the perturbed cell, on any cell."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_lib.config.models import WeisfeilerLehmanSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.interface import Cell
from pipeline_lib.models.weisfeiler_lehman.model import PerturbationFeatures
from pipeline_lib.models.weisfeiler_lehman.refinement import hashed_slots, metabolic_graph, refine
from tests.models.weisfeiler_lehman.test_refinement import without

SETTINGS = WeisfeilerLehmanSettings(width=16, network_levels=2, metabolism_levels=2)


def cell_of(num_genes, links, reactions, rules):
    """Build a cell from network links, reactions (substrates, products, reversible) and rules (lists of complexes)."""
    metabolite, reaction, substrate = [], [], []
    for index, (consumed, produced, _) in enumerate(reactions):
        metabolite += [*consumed, *produced]
        reaction += [index] * (len(consumed) + len(produced))
        substrate += [True] * len(consumed) + [False] * len(produced)
    pairs, owners = [], []
    for index, complexes in enumerate(rules):
        for members in complexes:
            pairs += [(gene, len(owners)) for gene in members]
            owners.append((len(owners), index))
    stoichiometry = {
        "incidence": torch.tensor([metabolite, reaction], dtype=torch.int64),
        "is_substrate": torch.tensor(substrate, dtype=torch.bool),
        "reversible": torch.tensor([both for _, _, both in reactions], dtype=torch.bool),
        "gene_to_complex": torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).T,
        "complex_to_reaction": torch.tensor(owners, dtype=torch.int64).reshape(-1, 2).T,
        "num_metabolites": max(metabolite, default=-1) + 1,
        "num_reactions": len(reactions),
        "num_genes": num_genes,
    }
    edges = pd.DataFrame(
        [("toy", a, b, 1.0, directed) for a, b, directed in links],
        columns=["network", "source", "target", "weight", "directed"],
    )
    names = [f"G{index}" for index in range(num_genes)]
    genes = pd.DataFrame({"gene_index": np.arange(num_genes), "gene": names})
    return Cell(genes, edges, stoichiometry)


@st.composite
def cells(draw):
    num_genes = draw(st.integers(3, 6))
    every = [(a, b, d) for a, b in combinations(range(num_genes), 2) for d in (False, True)]
    links = draw(st.sets(st.sampled_from(every), max_size=9))
    links = {(a, b): (a, b, d) for a, b, d in sorted(links)}.values()
    some = st.lists(st.integers(0, 4), min_size=1, max_size=2, unique=True)
    reactions, rules = [], []
    for _ in range(draw(st.integers(1, 5))):
        consumed, produced = draw(some), draw(some)
        reactions.append((consumed, [m for m in produced if m not in consumed], draw(st.booleans())))
        complexes = draw(st.sets(st.frozensets(st.integers(0, num_genes - 1), min_size=1, max_size=2), max_size=3))
        rules.append([sorted(members) for members in sorted(complexes, key=sorted)])
    return cell_of(num_genes, links, reactions, rules)


def recomputed(features, deleted):
    """Histogram of the colours of every cut graph less that of the whole graph, by refinement from scratch."""
    row = np.zeros(features.columns)
    genes = np.array([sorted(deleted)])
    for deltas in features.graphs:
        nodes = deltas.removal.nodes(genes).indices if len(deleted) else np.zeros(0, np.int64)
        levels = len(deltas.wild.colour) - 1
        cut = refine(without(deltas.graph, nodes), levels).colour
        stays = np.setdiff1d(np.arange(len(deltas.graph)), nodes)
        for level in range(levels + 1):
            for colours, sign in ((cut[level], 1), (deltas.wild.colour[level], -1)):
                slot, value = hashed_slots(colours, deltas.salt + level, deltas.width)
                np.add.at(row, slot, sign * value)
            changed = len(nodes) + int((cut[level] != deltas.wild.colour[level][stays]).sum())
            row[deltas.first_count + level] += changed
    return row


def inclusion_exclusion(features, genotype):
    """The difference of the highest order: the signed sum over all subsets of the genotype."""
    total = np.zeros(features.columns)
    for size in range(len(genotype) + 1):
        for subset in combinations(genotype, size):
            total += (-1) ** (len(genotype) - size) * recomputed(features, subset)
    return total


def padded(genotypes):
    return np.array([[*sorted(genotype), *[-1] * (3 - len(genotype))] for genotype in genotypes])


@given(cells(), st.sampled_from([["identity"], ["kind"]]), st.sampled_from([None, 2]))
@settings(max_examples=60, deadline=None)
def test_features_equal_a_full_recomputation_for_every_genotype_of_a_cell(cell, labels, max_degree):
    asked = SETTINGS.model_copy(update={"labels": labels, "max_metabolite_degree": max_degree})
    features = PerturbationFeatures(cell, asked)
    genotypes = [genes for size in (1, 2, 3) for genes in combinations(range(len(cell.genes)), size)]
    found = features.matrix(padded(genotypes))
    for genotype, row in zip(genotypes, found, strict=True):
        assert np.array_equal(row[: features.columns], recomputed(features, genotype))
        if len(genotype) > 1:
            assert np.array_equal(row[features.columns :], inclusion_exclusion(features, genotype))


@pytest.fixture
def isozymes():
    """Genes 0 and 1 are isozymes of reaction 0; gene 2 alone serves reaction 1; gene 3 serves none."""
    return cell_of(4, [(2, 3, False)], [([0], [1], False), ([1], [2], False)], [[[0], [1]], [[2]]])


def metabolic_columns(features):
    deltas = features.graphs[0]
    return slice(deltas.first_count, deltas.first_count + len(deltas.wild.colour))


def test_one_isozyme_of_two_changes_nothing_and_both_change_what_neither_does(isozymes):
    features = PerturbationFeatures(isozymes, SETTINGS.model_copy(update={"labels": ["kind"]}))
    columns = metabolic_columns(features)
    alone, both = features.matrix(padded([(0,), (0, 1)]))
    assert not alone[columns].any()
    # The reaction goes; one hop away its two metabolites change, two hops away the next reaction too.
    assert both[columns].tolist() == [1, 3, 4]
    highest = both[features.columns :]
    assert np.array_equal(highest[columns], both[columns])


def test_a_gene_without_a_reaction_or_a_neighbour_adds_nothing_to_another(isozymes):
    features = PerturbationFeatures(isozymes, SETTINGS)
    found = features.matrix(padded([(0,), (2,), (0, 2)]))
    assert np.array_equal(found[2, : features.columns], found[0, : features.columns] + found[1, : features.columns])
    assert not found[2, features.columns :].any()


def test_a_triple_holds_third_order_information_only_where_three_deletions_meet():
    star = cell_of(6, [(0, hub, False) for hub in (1, 2, 3)] + [(4, 5, False)], [([0], [1], False)], [[]])
    features = PerturbationFeatures(star, SETTINGS.model_copy(update={"network_levels": 1}))
    meeting, apart = features.matrix(padded([(1, 2, 3), (1, 2, 4)]))
    assert meeting[features.columns :].any()
    assert not apart[features.columns :].any()


def test_a_currency_metabolite_links_nothing_once_it_is_left_out():
    reactions = [([0, index], [index + 1], False) for index in range(1, 5)]
    cell = cell_of(1, [], reactions, [[]] * 4)
    whole = metabolic_graph(cell.stoichiometry, None, "kind")
    cut = metabolic_graph(cell.stoichiometry, 3, "kind")
    links = [int(((g.sender == 4) & (g.receiver != 4)).sum()) for g in (whole, cut)]
    assert links == [4, 0]


def test_the_order_and_the_company_of_genotypes_do_not_matter(isozymes):
    features = PerturbationFeatures(isozymes, SETTINGS)
    genotypes = padded([(0, 1, 2), (0,), (1, 3), (0, 1), (0, 1, 2)])
    together = features.matrix(genotypes)
    assert np.array_equal(together[0], together[4])
    for index in range(len(genotypes)):
        assert np.array_equal(features.matrix(genotypes[index : index + 1])[0], together[index])


def test_a_cell_without_networks_is_featurised_by_its_metabolism(isozymes):
    bare = Cell(isozymes.genes, isozymes.edges.iloc[:0], isozymes.stoichiometry)
    found = PerturbationFeatures(bare, SETTINGS).matrix(padded([(2,), (3,)]))
    assert found[0].any()
    assert not found[1].any()


def test_a_stoichiometry_of_another_gene_index_is_refused(isozymes):
    other = Cell(isozymes.genes.iloc[:3], isozymes.edges, isozymes.stoichiometry)
    with pytest.raises(PipelineError, match="made for 4 genes and the gene table holds 3"):
        PerturbationFeatures(other, SETTINGS)
