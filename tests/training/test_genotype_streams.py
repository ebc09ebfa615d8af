"""All pairs and triples, however they are cut."""

from itertools import combinations

import numpy as np
import pytest

from pipeline_lib.training.genotypes import all_pairs, all_triples


@pytest.mark.parametrize("size", [1, 7, 50, 10_000])
@pytest.mark.parametrize("count", [3, 4, 12])
def test_chunks_hold_every_set_once_and_in_order_whatever_their_size(size, count):
    genes = np.arange(5, 5 + 2 * count, 2)
    for stream, order in ((all_pairs, 2), (all_triples, 3)):
        chunks = list(stream(genes, size))
        assert max(map(len, chunks)) <= size
        padded = [[*chosen, *[-1] * (3 - order)] for chosen in combinations(genes.tolist(), order)]
        assert np.concatenate(chunks).tolist() == padded


def test_triples_of_a_genome_are_never_all_in_memory():
    first = next(all_triples(np.arange(6_000), 1_000))
    assert first[-1].tolist() == [0, 1, 1001]


@pytest.mark.parametrize("genes", [[], [4], [4, 9]])
def test_too_few_genes_have_no_triple(genes):
    assert list(all_triples(np.array(genes, dtype=np.int64), 10)) == []


@pytest.mark.parametrize(("stream", "order"), [(all_pairs, 2), (all_triples, 3)])
def test_a_part_of_the_order_holds_the_sets_between_its_ends(stream, order):
    whole = np.concatenate(list(stream(np.arange(9), 5)))
    part = np.concatenate(list(stream(np.arange(9), 5, 4, 17)))
    assert part.tolist() == whole[4:17].tolist()
    assert order == (part[0] >= 0).sum()
