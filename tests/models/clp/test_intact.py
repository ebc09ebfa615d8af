"""The intact latent: what is computed from S and its neighbours is the pool of the cell without S."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from pipeline_lib.models.clp.latents import IntactPool, WholePool, strongest_receivers

N, REACTIONS = 15, 4


def pool_of(seed, neighbours=5):
    rng = np.random.default_rng(seed)
    adjacency = sparse.csr_array(rng.uniform(size=(N, N)) * (rng.random((N, N)) < 0.4))
    module = IntactPool([adjacency], N, 8, 6, neighbours, metabolism=True).double()
    generator = torch.Generator().manual_seed(seed)
    received, sent = (torch.randn(N, 6, dtype=torch.float64, generator=generator) for _ in range(2))
    reaction = torch.randn(REACTIONS, 6, dtype=torch.float64, generator=generator)
    received = received + module.network.dense().double() @ sent
    whole = torch.tanh(received).sum(0) + reaction.sum(0)
    return module, WholePool(whole, received, sent, reaction)


@given(st.integers(0, 1000), st.sets(st.integers(0, N - 1), max_size=3), st.sets(st.integers(0, REACTIONS - 1)))
@settings(max_examples=60, deadline=None)
def test_it_equals_pooling_the_rest_of_the_cell_from_the_start(seed, deleted, blocked):
    module, pool = pool_of(seed)
    genes = torch.tensor([sorted(deleted) + [-1] * (3 - len(deleted))])
    reactions = torch.tensor(sorted(blocked), dtype=torch.long)
    change = module.change(pool, genes, (torch.zeros_like(reactions), reactions))
    kept = torch.ones(N, 1, dtype=torch.float64)
    kept[sorted(deleted)] = 0
    alive = torch.ones(REACTIONS, 1, dtype=torch.float64)
    alive[reactions] = 0
    network = module.network.dense().double()
    heard = pool.received - network @ pool.sent + network @ (pool.sent * kept)
    rest = (torch.tanh(heard) * kept).sum(0) + (pool.reaction * alive).sum(0)
    assert torch.allclose(change[0], rest - pool.whole, atol=1e-10)


def test_the_whole_cell_changes_by_exactly_nothing_without_deletion():
    module, pool = pool_of(0)
    none = torch.full((2, 3), -1)
    empty = torch.zeros(0, dtype=torch.long)
    assert not module.change(pool, none, (empty, empty)).any()


def test_each_gene_keeps_its_strongest_receivers():
    weights = np.array([[0, 0, 0], [3.0, 0, 0], [1.0, 0, 0], [2.0, 0, 0]])
    adjacency = sparse.csr_array(np.pad(weights, ((0, 0), (0, 1))))
    kept = strongest_receivers([adjacency], 4, 2).toarray()
    assert np.flatnonzero(kept[:, 0]).tolist() == [1, 3]


def test_a_gene_is_no_neighbour_of_itself():
    assert strongest_receivers([sparse.eye_array(3, format="csr")], 3, 2).nnz == 0
