"""Means over neighbours: all of them, a few drawn while training, a few drawn always with the gene among them."""

import numpy as np
import pandas as pd
import pytest
import torch

from pipeline_lib.models.dango.encoder import (
    DrawnMean,
    DrawnMeanWithItself,
    TrainingDrawnMean,
    WholeMean,
    read_channels,
)

PATH = [(0, 1), (1, 3), (3, 4)]


def channel_of(pairs, num_genes):
    rows = [("toy", a, b, 0.5, False) for a, b in pairs]
    edges = pd.DataFrame(rows, columns=["network", "source", "target", "weight", "directed"])
    return read_channels(edges, num_genes, None, {})[0]


def star(leaves):
    return channel_of([(0, leaf) for leaf in range(1, leaves + 1)], leaves + 1)


def test_the_whole_mean_is_that_of_the_adjacent_genes():
    mean = WholeMean(channel_of(PATH, 6))
    # Rows are the genes 0, 1, 3, 4, a path.
    features = torch.tensor([[1.0], [2.0], [4.0], [8.0]])
    assert mean(features)[:, 0].tolist() == [2.0, 2.5, 5.0, 4.0]
    assert mean.unlinked(features).abs().max() == 0


def test_the_gradient_of_the_sparse_mean_is_right():
    mean = WholeMean(channel_of(PATH, 5))
    mean.adjacency, mean.degree = mean.adjacency.double(), mean.degree.double()
    features = torch.randn(4, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(mean, features)


def test_sampled_neighbours_are_neighbours_no_more_than_asked_and_never_twice():
    torch.manual_seed(0)
    gene, neighbour = DrawnMean(star(9), 5).draw()
    assert torch.bincount(gene).tolist() == [5] + [1] * 9
    hub = neighbour[gene == 0]
    assert len(hub.unique()) == 5
    assert hub.min() >= 1
    assert (neighbour[gene > 0] == 0).all()


def test_every_neighbour_is_drawn_as_often_as_any_other():
    torch.manual_seed(0)
    hub = DrawnMean(star(10), 5)
    drawn = torch.cat([hub.draw()[1][:5] for _ in range(600)])
    assert torch.bincount(drawn, minlength=11)[1:].numpy() == pytest.approx(np.full(10, 300), rel=0.2)


def test_drawing_all_neighbours_equals_the_whole_mean():
    torch.manual_seed(0)
    channel = channel_of(PATH, 5)
    features = torch.randn(4, 3)
    assert torch.allclose(WholeMean(channel)(features), DrawnMean(channel, 5)(features), atol=1e-6)


def test_neighbours_are_drawn_while_training_and_all_averaged_afterwards():
    torch.manual_seed(0)
    channel, features = star(9), torch.randn(10, 3)
    mean = TrainingDrawnMean(channel, 2)
    assert not torch.allclose(mean.train()(features)[0], mean(features)[0])
    assert torch.equal(mean.eval()(features), WholeMean(channel)(features))


def test_a_drawn_mean_is_that_of_some_of_the_neighbours_in_evaluation_too():
    torch.manual_seed(0)
    # Powers of two: the sum of two of them names them.
    features = 2.0 ** torch.arange(10)[:, None]
    mean = DrawnMean(star(9), 2).eval()
    sums = {int(2 * mean(features)[0]) for _ in range(40)}
    assert len(sums) > 5
    assert all(total.bit_count() == 2 and total % 2 == 0 for total in sums)


def test_the_gene_itself_is_drawn_as_often_as_any_of_its_neighbours():
    torch.manual_seed(0)
    features = torch.zeros(11, 1)
    features[0] = 1.0
    mean = DrawnMeanWithItself(star(10), 5).eval()
    # The hub is one of 11 of which 5 are drawn: it adds 1/5 in 5 of 11 draws.
    found = torch.stack([mean(features)[0, 0] for _ in range(900)])
    assert found.mean().item() == pytest.approx(1 / 11, rel=0.15)
    # A leaf has itself and the hub, both drawn.
    assert mean(features)[1:, 0].tolist() == pytest.approx([0.5] * 10)


def test_the_mean_of_a_gene_without_an_edge_is_the_gene_where_it_counts_as_its_own_neighbour():
    own = torch.randn(3, 2)
    assert torch.equal(DrawnMeanWithItself(star(3), 5).unlinked(own), own)
    assert DrawnMean(star(3), 5).unlinked(own).abs().max() == 0
