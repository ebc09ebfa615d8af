"""Diffusion over networks: shares of a walk that starts at a gene and ends at another."""

import numpy as np
import pytest
from scipy import sparse

from pipeline_lib.models.layers.diffusion import diffused
from pipeline_lib.models.layers.graph_convolution import symmetric_normalised

# A path 0 - 1 - 2 - 3 and a gene apart.
PATH = sparse.csr_array((np.ones(3), ([0, 1, 2], [1, 2, 3])), shape=(5, 5))


def test_it_is_the_resolvent_of_the_normalised_network():
    step = symmetric_normalised(symmetric_normalised(PATH + PATH.T)).toarray()
    exact = step @ np.linalg.inv(np.eye(5) - 0.5 * step)
    near = diffused([PATH], np.arange(5), 5).toarray() ** 2
    apart = ~np.eye(5, dtype=bool)
    assert near[apart] == pytest.approx(exact[apart], abs=0.005)


def test_no_gene_is_near_itself_and_a_gene_apart_is_near_nobody():
    near = diffused([PATH], np.arange(5), 5).toarray()
    assert not near.diagonal().any()
    assert not near[4].any()
    assert not near[:, 4].any()


def test_nearer_genes_weigh_more_and_only_the_nearest_are_kept():
    near = diffused([PATH], np.arange(5), 5).toarray()
    assert near[0, 1] > near[0, 2] > near[0, 3] > 0
    assert np.count_nonzero(diffused([PATH], np.arange(5), 1).toarray()[0]) == 1
