"""The scorer of DANGO's released code: values worked by hand, and how it differs from that of the paper."""

import pytest
import torch
from torch.nn import functional

from pipeline_lib.models.dango.network import ReleasedScorer


@pytest.fixture
def trained():
    torch.manual_seed(1)
    scorer = ReleasedScorer(width=8, heads=3, assays=2).eval()
    with torch.no_grad():
        scorer.scale.fill_(0.7)
    return scorer


def score(scorer, vectors, sets, assay=0):
    with torch.no_grad():
        return scorer(vectors, torch.tensor(sets), torch.full((len(sets),), assay))


def one_set(scorer, genes, assay):
    """The score of one set, head by head and gene by gene, genes float [k, d]."""
    attention, width = scorer.attention, genes.shape[1]
    parts = zip(attention.projections, attention.norms, strict=True)
    query, key, value = (projection(norm(genes)) for projection, norm in parts)
    heads = []
    for head in range(attention.heads):
        own = slice(head * width, (head + 1) * width)
        weight = torch.softmax(query[:, own] @ key[:, own].T / width**0.5, dim=1)
        heads.append(weight @ value[:, own])
    dynamic = torch.cat(heads, dim=1) @ attention.merge.weight.T
    norm, inner, _, _, outer = scorer.position_wise
    dynamic = dynamic + scorer.scale * outer(functional.silu(inner(norm(dynamic))))
    return sum(scorer.readout(scorer.norm(row))[assay] for row in dynamic)


@pytest.mark.parametrize("genes", [[2], [0, 3], [0, 1, 4]])
def test_the_score_is_the_sum_over_genes_that_look_at_their_set_and_themselves(trained, genes):
    vectors = torch.randn(5, 8)
    with torch.no_grad():
        expected = one_set(trained, vectors[genes], assay=1)
    assert score(trained, vectors, [genes], assay=1).item() == pytest.approx(expected.item(), rel=1e-5)


def test_each_head_is_as_wide_as_a_gene_vector():
    attention = ReleasedScorer(width=128, heads=8, assays=1).attention
    assert [tuple(projection.weight.shape) for projection in attention.projections] == [(1024, 128)] * 3
    assert tuple(attention.merge.weight.shape) == (128, 1024)


def test_a_set_of_one_gene_thrice_scores_thrice_the_gene_as_a_sum_does(trained):
    vectors = torch.randn(2, 8)
    alone, thrice = score(trained, vectors, [[1]]), score(trained, vectors, [[1, 1, 1]])
    assert thrice.item() == pytest.approx(3 * alone.item(), rel=1e-5)


def test_the_order_of_the_genes_does_not_matter(trained):
    scores = score(trained, torch.randn(5, 8), [[0, 1, 2], [2, 0, 1], [1, 0, 2], [2, 1, 0]])
    assert torch.allclose(scores, scores[0].expand(4), atol=1e-6)


def test_an_empty_slot_is_as_if_it_were_not_there(trained):
    vectors = torch.randn(5, 8)
    assert torch.allclose(score(trained, vectors, [[3, 1]]), score(trained, vectors, [[3, 1, -1]]), atol=1e-6)
    assert torch.allclose(score(trained, vectors, [[3]]), score(trained, vectors, [[-1, 3]]), atol=1e-6)


def test_a_batch_of_one_equals_a_batch_of_many(trained):
    vectors = torch.randn(6, 8)
    sets = [[0, 1, 2], [3, 4, -1], [5, -1, -1], [1, 3, 5]]
    alone = torch.cat([score(trained, vectors, [genes]) for genes in sets])
    assert torch.allclose(score(trained, vectors, sets), alone, atol=1e-6)


def test_every_parameter_gets_a_gradient(trained):
    trained(torch.randn(4, 8), torch.tensor([[0, 1, 2], [1, 2, 3]]), torch.tensor([0, 1])).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in trained.parameters())
