"""GraphSAGE over a channel equals its matrix form; the rows of a channel are rebuilt with the weights of the paper."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from pipeline_lib.errors import PipelineError
from pipeline_lib.models.dango.encoder import ChannelEncoder, MetaEmbedding, RowDecoder, WholeMean, read_channels


def edges_of(rows):
    return pd.DataFrame(rows, columns=["network", "source", "target", "weight", "directed"])


def channel_of(rows, num_genes, zero_weight=1.0):
    edges = edges_of([("toy", a, b, w, False) for a, b, w in rows])
    return read_channels(edges, num_genes, None, {"toy": zero_weight})[0]


def dense(channel):
    matrix = torch.zeros(channel.size, channel.size)
    owner = torch.repeat_interleave(torch.arange(channel.size), channel.degree)
    matrix[owner, channel.neighbour] = channel.weight
    return matrix


PATH = [(0, 1, 0.2), (1, 3, 0.8), (3, 4, 0.4)]


def test_a_channel_holds_the_genes_with_an_edge_and_weights_up_to_one():
    channel = channel_of(PATH, 6)
    assert channel.genes.tolist() == [0, 1, 3, 4]
    assert channel.position.tolist() == [0, 1, -1, 2, 3, -1]
    assert channel.degree.tolist() == [1, 2, 2, 1]
    matrix = dense(channel)
    assert torch.equal(matrix, matrix.T)
    assert matrix[0, 1].item() == pytest.approx(0.25)
    assert matrix.max().item() == 1.0


def test_direction_is_dropped_and_an_edge_listed_both_ways_is_one_edge():
    edges = edges_of([("toy", 0, 1, 0.5, True), ("toy", 1, 0, 1.0, True), ("toy", 2, 2, 1.0, False)])
    channel = read_channels(edges, 3, None, {})[0]
    assert channel.genes.tolist() == [0, 1]
    assert dense(channel).tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_an_unknown_channel_is_refused_with_the_networks_there_are():
    edges = edges_of([("toy", 0, 1, 1.0, False)])
    with pytest.raises(PipelineError, match=r"no network 'string' \(it has toy\)"):
        read_channels(edges, 2, ["string"], {})
    with pytest.raises(PipelineError, match="no network 'typo'"):
        read_channels(edges, 2, None, {"typo": 0.1})


def test_a_cell_without_networks_has_no_channels():
    assert read_channels(edges_of([]), 5, None, {}) == []


def test_the_encoder_equals_graphsage_written_with_dense_matrices():
    torch.manual_seed(0)
    channel = channel_of(PATH, 6)
    encoder = ChannelEncoder(channel, 4, WholeMean(channel))
    features = torch.randn(6, 4)
    mean = torch.zeros(6, 6)
    mean[channel.genes[:, None], channel.genes[None, :]] = (dense(channel) > 0).float()
    mean = mean / mean.sum(dim=1, keepdim=True).clamp(min=1)
    hidden = features
    for layer in encoder.layers:
        hidden = functional.silu(torch.cat([hidden, mean @ hidden], dim=1) @ layer.weight.T + layer.bias)
    genes = torch.tensor([5, 1, 0, 2, 3])
    assert torch.allclose(encoder(features, encoder.first(features), genes), hidden[genes], atol=1e-6)


def test_the_meta_embedding_weighs_channels_by_a_softmax_of_their_scores():
    meta = MetaEmbedding(2)
    with torch.no_grad():
        meta.score.weight.copy_(torch.tensor([[1.0, 0.0]]))
    encoded = torch.tensor([[[0.0, 1.0]], [[float(np.log(3)), 5.0]]])
    # Scores 0 and log 3: weights 1/4 and 3/4.
    assert meta(encoded)[0].tolist() == pytest.approx([0.75 * np.log(3), 0.25 + 3.75], rel=1e-6)


def written_out(decoder, vectors, rows):
    """The loss of the paper with every rebuilt entry written out."""
    target = dense(decoder.channel)[rows]
    squared = (decoder.output(functional.silu(decoder.hidden(vectors))) - target) ** 2
    edge = target != 0
    on_edges = torch.stack([row[own].mean() for row, own in zip(squared, edge, strict=True)])
    on_zeros = torch.stack([row[~own].mean() for row, own in zip(squared, edge, strict=True)])
    return (on_edges + decoder.channel.zero_weight * on_zeros).mean()


@pytest.mark.parametrize("zero_weight", [0.1, 1.0])
def test_zeros_have_the_weight_of_their_channel(zero_weight):
    # Every rebuilt entry is 1. Row of gene 0: one edge of 0.25, three zeros; row of gene 1: edges 0.25 and 1, two.
    decoder = RowDecoder(channel_of(PATH, 5, zero_weight), 2)
    with torch.no_grad():
        decoder.output.weight.zero_()
        decoder.output.bias.fill_(1.0)
    loss = decoder(torch.randn(2, 2), torch.tensor([0, 1]))
    assert loss.item() == pytest.approx((0.75**2 + zero_weight + 0.75**2 / 2 + zero_weight) / 2, rel=1e-5)


@given(
    st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] < pair[1]), min_size=1),
    st.sampled_from([0.1, 1.0]),
    st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None)
def test_the_loss_by_quadratic_forms_equals_that_of_the_written_out_rows(pairs, zero_weight, seed):
    torch.manual_seed(seed)
    channel = channel_of([(a, b, (1 + a + b) / 20) for a, b in sorted(pairs)], 8, zero_weight)
    decoder, vectors = RowDecoder(channel, 5), torch.randn(3, 5)
    rows = torch.randint(channel.size, (3,))
    assert decoder(vectors, rows).item() == pytest.approx(written_out(decoder, vectors, rows).item(), rel=1e-4)


def test_the_gradient_by_quadratic_forms_equals_that_of_the_written_out_rows():
    torch.manual_seed(0)
    decoder, rows = RowDecoder(channel_of(PATH, 5), 6), torch.tensor([0, 1, 2, 3])
    vectors = torch.randn(4, 6)
    (decoder(vectors, rows) - written_out(decoder, vectors, rows)).backward()
    assert all(parameter.grad.abs().max() < 1e-5 for parameter in decoder.parameters())
