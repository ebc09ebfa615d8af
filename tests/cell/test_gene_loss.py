"""Gene rules on the deleted set: AND loses a complex with any subunit, OR saves a reaction with any isozyme."""

from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_lib.cell.genotypes import GeneLoss, GeneRuleArrays
from pipeline_lib.models.clp.encoders import cell_arrays, without_logic
from tests.small_cell import NUM_GENES, RULES, SMALL, small_cell

ARRAYS = cell_arrays(small_cell(), SMALL)


def rules_of(arrays=ARRAYS.rules):
    return GeneLoss(arrays, NUM_GENES, 6)


def blocked_by(rules, *genotypes):
    padded = torch.tensor([[*genes, *[-1] * (3 - len(genes))] for genes in genotypes])
    row, reaction = rules.blocked_reactions(padded)
    return [set(reaction[row == position].tolist()) for position in range(len(genotypes))]


@pytest.mark.parametrize(
    ("deleted", "blocked"),
    [
        ([0], {0}),  # the only enzyme of its reaction
        ([1], set()),  # its isozyme g2 stays
        ([1, 2], {1}),
        ([3], {2}),  # one subunit takes the complex
        ([3, 4], {2}),
        ([5], set()),  # g7 stands in for the complex of g5 and g6
        ([5, 6], set()),
        ([5, 7], {3}),
        ([0, 1, 2], {0, 1}),
        ([19], set()),  # no metabolic gene
    ],
)
def test_a_reaction_is_blocked_when_all_its_complexes_are_lost(deleted, blocked):
    assert blocked_by(rules_of(), deleted) == [blocked]


def test_every_genotype_of_up_to_three_genes_equals_the_rules_read_as_sets():
    genotypes = [genes for order in (1, 2, 3) for genes in combinations(range(10), order)]
    expected = [
        {r for r, complexes in RULES.items() if all(complex_ & set(genes) for complex_ in complexes)}
        for genes in genotypes
    ]
    assert blocked_by(rules_of(), *genotypes) == expected


@given(st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_random_rules_equal_a_loop(seed):
    rng = np.random.default_rng(seed)
    owner = np.sort(rng.integers(0, 6, rng.integers(1, 12)))
    complexes = [set(rng.choice(NUM_GENES, rng.integers(1, 4), replace=False).tolist()) for _ in owner]
    members = np.array([(gene, c) for c, genes in enumerate(complexes) for gene in genes]).T
    genotypes = [tuple(sorted(rng.choice(NUM_GENES, 3, replace=False).tolist())) for _ in range(20)]
    by_reaction = {int(r): [complexes[c] for c in np.flatnonzero(owner == r)] for r in np.unique(owner)}
    expected = [{r for r, cs in by_reaction.items() if all(c & set(genes) for c in cs)} for genes in genotypes]
    assert blocked_by(rules_of(GeneRuleArrays(members, owner)), *genotypes) == expected


def test_a_complex_lost_through_two_genes_is_counted_once():
    _, complexes = rules_of().lost_complexes(torch.tensor([[3, 4, -1]]))
    assert len(complexes) == 1


def test_without_logic_any_gene_of_the_rule_blocks_its_reaction():
    flat = rules_of(without_logic(ARRAYS.rules))
    assert blocked_by(flat, [1], [5], [7], [0]) == [{1}, {3}, {3}, {0}]


def test_no_deletion_blocks_nothing():
    assert blocked_by(rules_of(), []) == [set()]
