"""Hyper-SAGNN: a value worked by hand, and the symmetries of a score of a set."""

import pytest
import torch

from pipeline_lib.models.dango.network import HyperSagnn


@pytest.fixture
def by_hand():
    """Width 2, one head, one layer with scale 1: values are the genes, the position-wise part adds nothing."""
    scorer = HyperSagnn(width=2, heads=1, layers=1, dropout=0.0, assays=2).eval()
    layer = scorer.attention[0]
    identity = torch.eye(2)
    with torch.no_grad():
        scorer.static.weight.copy_(2 * identity)
        scorer.static.bias.zero_()
        layer.value.weight.copy_(identity)
        layer.merge.weight.copy_(identity)
        layer.query_key.weight.copy_(torch.cat([identity, identity]))
        layer.position_wise[2].weight.zero_()
        layer.position_wise[2].bias.zero_()
        layer.scale.fill_(1.0)
        scorer.readout.weight.copy_(torch.tensor([[1.0, 10.0], [0.0, 1.0]]))
        scorer.readout.bias.copy_(torch.tensor([0.5, -1.0]))
    return scorer


VECTORS = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]])


def score(scorer, vectors, sets, assay=0):
    with torch.no_grad():
        return scorer(vectors, torch.tensor(sets), torch.full((len(sets),), assay))


def test_a_pair_worked_by_hand(by_hand):
    # Each gene sees the other alone: dynamic = (1,0)+(0,2) = (1,2) for both; static = (2,0) and (0,4).
    # Squares: (1,4) and (1,4); their mean (1,4); 1*1 + 10*4 + 0.5 = 41.5.
    assert score(by_hand, VECTORS, [[0, 1]]).item() == pytest.approx(41.5)


def test_each_assay_reads_the_same_squares_with_weights_of_its_own(by_hand):
    assert score(by_hand, VECTORS, [[0, 1]], assay=1).item() == pytest.approx(4 - 1)


def test_a_triple_worked_by_hand(by_hand):
    # Gene 0 = (1,0) looks at (0,2) and (3,1) with logits 0 and 3 over sqrt 2, and so on.
    vectors = VECTORS.double()
    expected = torch.zeros(2, dtype=torch.float64)
    for gene, others in ((0, [1, 2]), (1, [0, 2]), (2, [0, 1])):
        weight = torch.softmax(vectors[others] @ vectors[gene] / 2**0.5, dim=0)
        expected += (vectors[gene] + weight @ vectors[others] - 2 * vectors[gene]) ** 2 / 3
    value = expected[0] + 10 * expected[1] + 0.5
    assert score(by_hand, VECTORS, [[0, 1, 2]]).item() == pytest.approx(value.item(), rel=1e-5)


def test_a_gene_alone_is_scored_by_its_own_vectors(by_hand):
    # dynamic = (3,1), static = (6,2): squares (9,1).
    assert score(by_hand, VECTORS, [[2]]).item() == pytest.approx(9 + 10 + 0.5)


@pytest.fixture
def trained():
    torch.manual_seed(1)
    scorer = HyperSagnn(width=16, heads=4, layers=2, dropout=0.3, assays=1).eval()
    with torch.no_grad():
        for layer in scorer.attention:
            layer.scale.fill_(0.7)
    return scorer


def test_the_order_of_the_genes_does_not_matter(trained):
    vectors = torch.randn(5, 16)
    scores = score(trained, vectors, [[0, 1, 2], [2, 0, 1], [1, 0, 2], [2, 1, 0]])
    assert torch.allclose(scores, scores[0].expand(4), atol=1e-6)


def test_an_empty_slot_is_as_if_it_were_not_there(trained):
    vectors = torch.randn(5, 16)
    assert torch.allclose(score(trained, vectors, [[3, 1]]), score(trained, vectors, [[3, 1, -1]]), atol=1e-6)
    assert torch.allclose(score(trained, vectors, [[3]]), score(trained, vectors, [[3, -1, -1]]), atol=1e-6)
    assert torch.allclose(score(trained, vectors, [[3]]), score(trained, vectors, [[-1, 3]]), atol=1e-6)


def test_a_batch_of_one_equals_a_batch_of_many(trained):
    vectors = torch.randn(6, 16)
    sets = [[0, 1, 2], [3, 4, -1], [5, -1, -1], [1, 3, 5]]
    together = score(trained, vectors, sets)
    alone = torch.cat([score(trained, vectors, [genes]) for genes in sets])
    assert torch.allclose(together, alone, atol=1e-6)


def test_before_training_the_context_moves_nothing_as_rezero_starts_at_zero():
    torch.manual_seed(0)
    scorer = HyperSagnn(width=8, heads=2, layers=2, dropout=0.0, assays=1).eval()
    vectors = torch.randn(3, 8)
    pair = score(scorer, vectors, [[0, 1]])
    singles = score(scorer, vectors, [[0], [1]])
    assert pair.item() == pytest.approx(singles.mean().item(), rel=1e-5)


def test_every_parameter_gets_a_gradient_from_triples():
    torch.manual_seed(0)
    scorer = HyperSagnn(width=8, heads=2, layers=2, dropout=0.0, assays=2)
    with torch.no_grad():
        for layer in scorer.attention:
            layer.scale.fill_(0.5)
    scorer(torch.randn(4, 8), torch.tensor([[0, 1, 2], [1, 2, 3]]), torch.tensor([0, 1])).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in scorer.parameters())
