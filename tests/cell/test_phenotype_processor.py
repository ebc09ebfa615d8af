"""One genotype divides the cell in two; its labels go to the part that they speak of, and no part is a copy."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.graph import PhenotypeProcessor
from tests.small_cell import NUM_GENES, RULES, stoichiometry

PROCESSOR = PhenotypeProcessor.of(stoichiometry())
COMPLEXES = [frozenset(genes) for complexes in RULES.values() for genes in complexes]
CODE = {name: position for position, name in enumerate(PHENOTYPES)}


def genotypes(*sets):
    return torch.tensor([[*genes, *[-1] * (3 - len(genes))] for genes in sets])


def members(part, row):
    return set(part.index[part.row == row].tolist())


def test_a_subunit_takes_its_complex_and_the_last_isozyme_its_reaction():
    """Genes 3 and 4 are one enzyme; gene 1 has the isozyme gene 2; gene 19 is no enzyme."""
    lost = PROCESSOR.perturbed(genotypes([3], [1], [1, 2], [19]))
    assert [members(lost.gene, row) for row in range(4)] == [{3}, {1}, {1, 2}, {19}]
    named = [{COMPLEXES[number] for number in members(lost.complex, row)} for row in range(4)]
    assert named == [{frozenset({3, 4})}, {frozenset({1})}, {frozenset({1}), frozenset({2})}, set()]
    assert [members(lost.reaction, row) for row in range(4)] == [{2}, set(), {1}, set()]


@given(st.lists(st.sets(st.integers(0, NUM_GENES - 1), max_size=3), min_size=1, max_size=8))
@settings(max_examples=50, deadline=None)
def test_what_stays_and_what_is_gone_are_the_whole_cell(sets):
    lost = PROCESSOR.perturbed(genotypes(*map(sorted, sets)))
    kept = PROCESSOR.intact(lost, len(sets))
    for row, deleted in enumerate(sets):
        assert set(np.flatnonzero(~kept.gene[row].numpy())) == deleted
        assert set(np.flatnonzero(~kept.complex[row].numpy())) == {
            number for number, subunits in enumerate(COMPLEXES) if subunits & deleted
        }
        assert set(np.flatnonzero(~kept.reaction[row].numpy())) == {
            reaction for reaction, rule in RULES.items() if all(subunits & deleted for subunits in rule)
        }


def test_the_wild_type_loses_nothing():
    kept = PROCESSOR.intact(PROCESSOR.perturbed(genotypes([])), 1)
    assert all(bool(mask.all()) for mask in kept)


def test_fitness_labels_the_intact_cell_and_interactions_and_calls_the_perturbed_set():
    phenotype = torch.tensor([CODE["fitness"], CODE["interaction"], CODE["call"]])
    batch = PROCESSOR.process(genotypes([0], [0, 1], [0, 1, 2]), phenotype, torch.tensor([0.9, -0.2, 1.0]))
    assert batch.intact_label.known.tolist() == [True, False, False]
    assert batch.perturbed_label.known.tolist() == [False, True, True]
    assert batch.intact_label.value.tolist() == pytest.approx([0.9, 0, 0])
    assert batch.perturbed_label.value.tolist() == pytest.approx([0, -0.2, 1.0])


def test_a_missing_label_is_masked_and_not_made_up():
    phenotype = torch.tensor([CODE["fitness"], CODE["interaction"]])
    batch = PROCESSOR.process(genotypes([0], [0, 1]), phenotype, torch.full((2,), torch.nan))
    for labels in (batch.intact_label, batch.perturbed_label):
        assert not labels.known.any()
        assert not labels.value.any()


def test_a_batch_is_smaller_than_one_copy_of_the_cell_a_genotype():
    n = 1000
    genes = torch.randint(0, NUM_GENES, (n, 3), generator=torch.Generator().manual_seed(0))
    lost = PROCESSOR.perturbed(genes)
    entries = sum(part.row.numel() + part.index.numel() for part in lost)
    nodes = NUM_GENES + len(COMPLEXES) + int(stoichiometry()["num_reactions"])
    assert entries < n * nodes
