"""Message passing over several networks: the fast path is torch-geometric's own convolution."""

import numpy as np
import pytest
import torch
from scipy import sparse
from torch_geometric.nn import GCNConv

from pipeline_lib.models.layers import RelationalGcn, relational_convolution


def symmetric(seed, n=12):
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.uniform(size=(n, n)) * (rng.random((n, n)) < 0.3), 1)
    return sparse.csr_array(upper + upper.T)


def test_the_sparse_path_equals_a_sum_of_gcnconv():
    adjacencies, x = [symmetric(0), symmetric(1)], torch.randn(12, 5)
    ours = RelationalGcn(adjacencies, 5, 4)
    expected = torch.zeros(12, 4)
    for adjacency, weight in zip(adjacencies, ours.weight, strict=True):
        peer = GCNConv(5, 4, add_self_loops=False, bias=False)
        peer.lin.weight.data = weight.detach().T.contiguous()
        edges = sparse.coo_array(adjacency)
        pairs = torch.tensor(np.stack([edges.col, edges.row]), dtype=torch.long)
        expected = expected + peer(x, pairs, torch.tensor(edges.data, dtype=torch.float32))
    assert torch.allclose(ours(x, x), expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["gcn", "gin", "gatv2"])
def test_messages_go_from_column_to_row(kind):
    """A lone edge 0 -> 1: only gene 1 hears of a change of gene 0."""
    torch.manual_seed(0)
    edge = sparse.csr_array((np.array([1.0]), ([1], [0])), shape=(3, 3))
    convolution = relational_convolution(kind, [edge], 4, 6)
    x = torch.randn(3, 4)
    changed = x.clone()
    changed[0] += 1.0
    moved = (convolution(changed, x) - convolution(x, x)).abs().sum(1) > 1e-6
    assert moved.tolist() == [False, True, False]


@pytest.mark.parametrize("kind", ["gcn", "gin", "gatv2"])
def test_every_network_has_weights_of_its_own(kind):
    convolution = relational_convolution(kind, [symmetric(0), symmetric(1), symmetric(2)], 4, 6)
    assert convolution(torch.randn(12, 4), torch.randn(12, 4)).shape == (12, 6)
    one = relational_convolution(kind, [symmetric(0)], 4, 6)
    assert sum(p.numel() for p in convolution.parameters()) == 3 * sum(p.numel() for p in one.parameters())
